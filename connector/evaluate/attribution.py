"""Where a cycle's time went: its elapsed time per assignment group, and its paused time per hold reason.

Rules: Composition. The stretches are those of the evaluation itself, cut where the field changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate import Key
from connector.evaluate.arrays import Ints, spans
from connector.evaluate.columns import from_records, reference_names
from connector.evaluate.cycles import Stretches, paused
from connector.evaluate.engine import Batch, Measured, evaluate_batch
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import make_plan
from connector.evaluate.stream import in_batches
from connector.model.instant import Instant, Millis
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Value
from connector.rules.rulebook import Agreement, Rulebook

GROUP, REASON = "assignment_group", "hold_reason"
_READ = {GROUP: FieldType.REFERENCE, REASON: FieldType.STRING}


@dataclass(frozen=True, slots=True)
class Attribution:
    """The shares of one cycle, in milliseconds of open time. The groups' add up to the cycle's own elapsed
    time (with a due date, which counts pauses too, to the part that ran)."""

    groups: Mapping[str | None, Millis] = field(default_factory=dict)
    reasons: Mapping[str | None, Millis] = field(default_factory=dict)


CycleKey = tuple[Key, str, str, int]  # the ticket, agreement, target, number


def attribute(
    records: Sequence[Record],
    book: Rulebook,
    *,
    at: Instant,
    kinds: Mapping[str, Kind],
    agreements: Sequence[Agreement] | None = None,
) -> dict[CycleKey, Attribution]:
    """The attribution of every cycle of *records* as of *at*."""
    plan = make_plan(book, kinds, book.measuring() if agreements is None else agreements, _READ)
    hoursbook, names = Hoursbook(plan.calendars), reference_names(records)
    found: dict[CycleKey, Attribution] = {}
    for part in in_batches(records):
        now = np.full(len(part), at, np.int64)
        tickets = from_records(part, plan.fields, names)
        batch = evaluate_batch(plan, tickets, now, hoursbook, full=False)
        for measured in batch.measured:
            groups = _shares(batch, measured, measured.ran, GROUP)
            reasons = _shares(batch, measured, paused(measured.track, measured.cycles), REASON)
            for row in range(len(measured.cycles)):
                found[_key(batch, measured, row)] = Attribution(groups[row], reasons[row])
    return found


def _key(batch: Batch, measured: Measured, row: int) -> CycleKey:
    tickets, ticket = batch.frame.tickets, int(measured.cycles.ticket[row])
    agreement = batch.plan.agreements[measured.indexes[int(measured.cycles.version[row])]]
    key = (tickets.source[ticket], tickets.kind[ticket], tickets.ids[ticket])
    return key, agreement.name, measured.target, int(measured.cycles.number[row])


def _shares(
    batch: Batch, measured: Measured, stretches: Stretches, name: str
) -> Mapping[int, Mapping[str | None, Millis]]:
    """By cycle, the open time of its stretches by the field's value then."""
    cut, step = _cut(batch, measured, stretches)
    values, codes = batch.masks.values(name)
    calendar = measured.outcome.figures.calendar[cut.cycle]
    upto = batch.reckoner.upto
    counted = upto(calendar, cut.end) - upto(calendar, cut.begin)
    found: dict[int, dict[str | None, Millis]] = defaultdict(lambda: defaultdict(int))
    for cycle, code, length in zip(cut.cycle.tolist(), codes[step].tolist(), counted.tolist(), strict=True):
        if length:
            found[cycle][_named(values[code])] += length
    return found


def _cut(batch: Batch, measured: Measured, stretches: Stretches) -> tuple[Stretches, Ints]:
    """Stretches cut at every step of their tickets, and the ticket's step in force in each piece."""
    steps = batch.frame.steps
    ticket = measured.cycles.ticket[stretches.cycle]
    first, live = steps.first[ticket], steps.live[ticket]
    low = np.maximum(_step_at(steps.at, first, live, stretches.begin), first)  # before the opening: as opened
    high = np.maximum(_step_at(steps.at, first, live, stretches.end), low)
    step = spans(low, high - low + 1)
    which = np.repeat(np.arange(len(ticket)), high - low + 1)
    begin = np.where(step == low[which], stretches.begin[which], steps.at[step])
    end = np.where(step == high[which], stretches.end[which], np.append(steps.at, 0)[step + 1])
    return Stretches(stretches.cycle[which], begin, end, step), step


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
    return None if value is None else str(value)
