"""Where a cycle's time went: its elapsed time per assignment group, its paused time per hold reason, and the
OLAs and UCs that were broken with it.

Rules: Composition. The stretches are those of the evaluation itself, cut where the field changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate import Key
from connector.evaluate.arrays import NONE, Ints, spans
from connector.evaluate.columns import from_records, reference_names
from connector.evaluate.cycles import paused
from connector.evaluate.engine import Batch, Measured, evaluate_batch
from connector.evaluate.figures import Counted, count
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import make_plan
from connector.evaluate.stream import in_batches
from connector.model.instant import Instant, Millis
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Reference, Value
from connector.rules.rulebook import Agreement, Rulebook

GROUP, REASON = "assignment_group", "hold_reason"
FIELDS = {GROUP: FieldType.REFERENCE, REASON: FieldType.STRING}

CycleKey = tuple[Key, str, str, int]  # the ticket, agreement, target, number
Shares = Mapping[str | None, Millis]  # by value of the field, None where it was empty


@dataclass(frozen=True, slots=True)
class Broken:
    """A cycle of a supporting agreement on the same ticket that was over its time while the other ran."""

    agreement: str
    type: str
    target: str
    number: int
    breached_at: Instant


@dataclass(frozen=True, slots=True)
class Attribution:
    """The shares of one cycle, in milliseconds of open time. The groups' add up to what the cycle itself
    elapsed, the reasons' to what it stood still."""

    groups: Shares = field(default_factory=dict)
    reasons: Shares = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()


def attribute(
    records: Sequence[Record],
    book: Rulebook,
    *,
    at: Instant,
    kinds: Mapping[str, Kind],
    agreements: Sequence[Agreement] | None = None,
) -> dict[CycleKey, Attribution]:
    """The attribution of every cycle of *records* as of *at*."""
    plan = make_plan(book, kinds, book.measuring() if agreements is None else agreements, FIELDS)
    hoursbook, names = Hoursbook(plan.calendars), reference_names(records)
    found: dict[CycleKey, Attribution] = {}
    for part in in_batches(records):
        now = np.full(len(part), at, np.int64)
        tickets = from_records(part, plan.fields, names)
        batch = evaluate_batch(plan, tickets, now, hoursbook, full=False)
        for measured in batch.measured:
            for row, shares in enumerate(attributions(batch, measured)):
                found[_key(batch, measured, row)] = shares
    return found


def attributions(batch: Batch, measured: Measured) -> list[Attribution]:
    """The attribution of each cycle of *measured*. The plan of *batch* reads FIELDS."""
    figures = measured.outcome.figures
    still = paused(measured.track, measured.cycles)
    nothing_whole = np.zeros(len(measured.cycles), np.bool_)
    stood = count(
        measured.track, measured.cycles, still, figures.rows, figures.calendar, nothing_whole, batch.reckoner
    )
    groups = _shares(batch, measured, figures.counted, GROUP)
    reasons = _shares(batch, measured, stood, REASON)
    broken = _broken(batch, measured)
    return [
        Attribution(
            groups.get(row, {}),
            {} if figures.is_due_date[row] else reasons.get(row, {}),
            tuple(sorted(broken.get(row, ()), key=lambda each: (each.breached_at, each.agreement))),
        )
        for row in range(len(measured.cycles))
    ]


def _key(batch: Batch, measured: Measured, row: int) -> CycleKey:
    tickets, ticket = batch.frame.tickets, int(measured.cycles.ticket[row])
    key = (tickets.source[ticket], tickets.kind[ticket], tickets.ids[ticket])
    return key, _agreement(batch, measured, row).name, measured.target, int(measured.cycles.number[row])


def _agreement(batch: Batch, measured: Measured, row: int) -> Agreement:
    return batch.plan.agreements[measured.indexes[int(measured.cycles.version[row])]]


def _shares(
    batch: Batch, measured: Measured, counted: Counted, name: str
) -> dict[int, dict[str | None, int]]:
    """By cycle, the open time of its stretches by the field's value then."""
    row = np.repeat(np.arange(len(measured.cycles)), np.diff(counted.offsets))
    which, begin, end, step = _cut(batch, measured.cycles.ticket[row], counted)
    values, codes = batch.masks.values(name)
    calendar = counted.calendar[which]
    lengths = batch.reckoner.upto(calendar, end) - batch.reckoner.upto(calendar, begin)
    columns = (row[which].tolist(), codes[step].tolist(), lengths.tolist())
    found: dict[int, dict[str | None, Millis]] = defaultdict(lambda: defaultdict(int))
    for cycle, code, length in zip(*columns, strict=True):
        if length:
            found[cycle][_named(values[code])] += length
    return found


def _cut(batch: Batch, ticket: Ints, counted: Counted) -> tuple[Ints, Ints, Ints, Ints]:
    """Stretches cut at every step of their tickets: of each piece its stretch, begin and end, and the
    ticket's step in force."""
    steps = batch.frame.steps
    first, live = steps.first[ticket], steps.live[ticket]
    low = np.maximum(_step_at(steps.at, first, live, counted.begin), first)  # before the opening: as opened
    high = np.maximum(_step_at(steps.at, first, live, counted.end), low)
    step = spans(low, high - low + 1)
    which = np.repeat(np.arange(len(ticket)), high - low + 1)
    begin = np.where(step == low[which], counted.begin[which], steps.at[step])
    end = np.where(step == high[which], counted.end[which], np.append(steps.at, 0)[step + 1])
    return which, begin, end, step


def _step_at(at: Ints, first: Ints, count: Ints, instants: Ints) -> Ints:
    """The last of each ticket's steps at or before an instant (first - 1 where none is), by halving."""
    low, high = first.copy(), first + count
    while (low < high).any():
        middle = (low + high) // 2
        is_past = (low < high) & (at[np.minimum(middle, len(at) - 1)] <= instants)
        high = np.where((low < high) & ~is_past, middle, high)
        low = np.where(is_past, middle + 1, low)
    return low - 1


def _named(value: Value) -> str | None:
    """A group as people call it."""
    if isinstance(value, Reference):
        return value.name or value.id
    return None if value is None else str(value)


def _broken(batch: Batch, measured: Measured) -> dict[int, list[Broken]]:
    """By cycle, what was broken with it: breached cycles of the agreements below it, on the same ticket, that
    lived while it did."""
    found: dict[int, list[Broken]] = defaultdict(list)
    below = _below(batch.plan.agreements)
    for other in batch.measured:
        name = _name(batch, other)
        if name not in below[_name(batch, measured)]:
            continue
        for row, each in _overlaps(measured, other):
            agreement = _agreement(batch, other, each)
            breached_at = int(other.outcome.breached_at[each])
            number = int(other.cycles.number[each])
            found[row].append(Broken(name, agreement.type, other.target, number, breached_at))
    return found


def _name(batch: Batch, measured: Measured) -> str:
    return batch.plan.agreements[measured.indexes[0]].name


def _below(agreements: Sequence[Agreement]) -> Mapping[str, set[str]]:
    """By agreement, all that it rests on, however far down. There are no circles (see `composition`)."""
    direct: dict[str, set[str]] = defaultdict(set)
    for each in agreements:
        direct[each.name] |= set(each.supported_by)

    def all_of(name: str) -> set[str]:
        return {name, *(deep for one in direct.get(name, ()) for deep in all_of(one))}

    return {name: all_of(name) - {name} for name in list(direct)}


def _overlaps(measured: Measured, other: Measured) -> Iterator[tuple[int, int]]:
    """Pairs of cycles of one ticket that lived together, the second breached."""
    breached = np.flatnonzero(other.outcome.breached_at != NONE).tolist()
    rows: dict[int, list[int]] = defaultdict(list)
    for row, ticket in enumerate(measured.cycles.ticket.tolist()):
        rows[ticket].append(row)
    mine, theirs = measured.cycles, other.cycles
    for each in breached:
        for row in rows.get(int(theirs.ticket[each]), ()):
            if theirs.started[each] <= mine.until[row] and mine.started[row] <= theirs.until[each]:
                yield row, each
