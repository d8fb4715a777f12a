"""Evaluate records against a rulebook: cycles, figures and timelines. Pure: columns in, columns out.

No platform and no store may come in. `evaluate` takes records; files go through
`connector.evaluate.partition`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.errors import AccordError
from connector.evaluate.arrays import NONE
from connector.evaluate.borrowed import Borrowed, Told, borrow, soonest
from connector.evaluate.columns import from_records, reference_names
from connector.evaluate.engine import Batch, covered, evaluate_batch
from connector.evaluate.frame import repairs_by_ticket
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import Plan, make_plan
from connector.evaluate.results import cycles_in
from connector.model.cycle import Cycle
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Record
from connector.rules.rulebook import Agreement, Rulebook

CHANGES_IN_A_BATCH = 64_000

Key = tuple[str, str, str]  # source, kind, id


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The evaluation of records.

    *repairs*: what was mended in a record's history, by reason. *aside*: records that could not be
    evaluated, with why. *coverage*: tickets, no_agreement (never covered by one), born_stopped.
    *next_at*: the instant from which a ticket must be looked at again even if nothing new is learnt of it
    (None: never). *borrowed*: cycles of targets that the platform measures.
    """

    batches: Sequence[Batch]
    repairs: Mapping[Key, Mapping[str, int]]
    aside: Sequence[tuple[str, str]]
    coverage: Mapping[str, int]
    next_at: Mapping[Key, Instant | None]
    borrowed: Sequence[Cycle] = ()

    def cycles(self) -> Iterator[Cycle]:
        """Every cycle, cancelled and reset ones too."""
        for batch in self.batches:
            yield from cycles_in(batch)
        yield from self.borrowed

    def covered(self) -> set[tuple[str, str]]:
        """Each agreement's name with the ids of the tickets that it ever applied to."""
        return {
            (batch.plan.agreements[index].name, batch.frame.tickets.ids[ticket])
            for batch in self.batches
            for index, found in covered(batch)
            for ticket in found.tolist()
        }


@dataclass(slots=True)
class _Found:
    batches: list[Batch] = field(default_factory=list)
    repairs: dict[Key, Mapping[str, int]] = field(default_factory=dict)
    aside: list[tuple[str, str]] = field(default_factory=list)
    coverage: dict[str, int] = field(default_factory=dict)
    next_at: dict[Key, Instant | None] = field(default_factory=dict)
    borrowed: list[Cycle] = field(default_factory=list)

    def count(self, what: str, number: int) -> None:
        self.coverage[what] = self.coverage.get(what, 0) + number


def evaluate(
    records: Sequence[Record],
    book: Rulebook,
    *,
    at: Instant | Mapping[str, Instant],
    kinds: Mapping[str, Kind],
    every: bool = False,
    agreements: Sequence[Agreement] | None = None,
    told: Told | None = None,
    batch_size: int = CHANGES_IN_A_BATCH,
) -> Evaluation:
    """Evaluate *records* as of *at* (an instant, or one per source) by the agreements of *book* that measure.

    *every*: by agreements of any status. *agreements* names some instead, for instance a suspended one
    whose open cycles are to end. *told*: the platform's own cycles, for the targets that it measures; without
    them these have none. A record without `opened` is set aside. Raises AccordError for a source
    without an instant.
    """
    chosen = book.measuring(every=every) if agreements is None else agreements
    plan = make_plan(book, kinds, chosen, {})
    hoursbook = Hoursbook(plan.calendars)
    names = reference_names(records)
    found = _Found(coverage={"tickets": 0, "no_agreement": 0, "born_stopped": 0})
    for part in in_batches(records, batch_size):
        tickets = from_records(part, plan.fields, names)
        now = np.array([_watermark(at, record.source) for record in part], np.int64)
        batch = evaluate_batch(plan, tickets, now, hoursbook, full=True)
        _note(found, plan, batch, borrow(batch, told or {}))
    return Evaluation(
        found.batches, found.repairs, found.aside, found.coverage, found.next_at, found.borrowed
    )


def in_batches(records: Sequence[Record], changes: int) -> Iterator[Sequence[Record]]:
    """*records* in runs of about so many steps; a ticket is never split."""
    start = size = 0
    for number, record in enumerate(records):
        if size and size + len(record.changes) + 1 > changes:
            yield records[start:number]
            start, size = number, 0
        size += len(record.changes) + 1
    if size:
        yield records[start:]


def _watermark(at: Instant | Mapping[str, Instant], source: str) -> Instant:
    if isinstance(at, int):
        return at
    if source not in at:
        raise AccordError(f"source {source!r} has records but no instant to evaluate them at")
    return at[source]


def _note(found: _Found, plan: Plan, batch: Batch, borrowed: Borrowed) -> None:
    """Keep an evaluated batch, and count what is told about it."""
    found.batches.append(batch)
    found.borrowed += borrowed.cycles
    tickets = batch.frame.tickets
    keys = [(tickets.source[t], tickets.kind[t], tickets.ids[t]) for t in range(len(tickets))]
    for ticket, reasons in repairs_by_ticket(batch.frame).items():
        found.repairs[keys[ticket]] = reasons
    without = np.flatnonzero(tickets.opened == NONE).tolist()
    found.aside += [(tickets.keys[t], "it has no `opened`") for t in without]
    for ticket, coming in enumerate(soonest(borrowed, batch, _next_at(batch))):
        found.next_at[keys[ticket]] = coming
    _cover(found, plan, batch)


def _cover(found: _Found, plan: Plan, batch: Batch) -> None:
    tickets = batch.frame.tickets
    of_kind = np.isin(np.array(tickets.kind.values, np.str_), list(plan.ticket_kinds))[tickets.kind.codes]
    counts = of_kind & (batch.frame.steps.live > 0)
    is_covered = np.zeros(len(tickets), np.bool_)
    for _, ticket in covered(batch):
        is_covered[ticket] = True
    found.count("tickets", int(counts.sum()))
    found.count("no_agreement", int((counts & ~is_covered).sum()))
    found.count("born_stopped", sum(len(measured.track.born_stopped) for measured in batch.measured))


def _next_at(batch: Batch) -> list[Instant | None]:
    """By ticket, the earliest line to come or change already known but later; the opening where that is
    later."""
    steps, most = batch.frame.steps, np.iinfo(np.int64).max
    later = steps.first + steps.live
    has_later = (steps.live < steps.count) & (batch.frame.tickets.opened != NONE)
    soonest = np.where(has_later, steps.at[np.minimum(later, len(steps.at) - 1)], most)
    for measured in batch.measured:
        coming = np.where(measured.next_at == NONE, most, measured.next_at)
        np.minimum.at(soonest, measured.cycles.ticket, coming)
    return [None if at == most else at for at in soonest.tolist()]
