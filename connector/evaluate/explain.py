"""Why a ticket's clocks stand where they stand: the engine's own trace of one ticket, step by step.

Nothing is computed a second time: states, stretches and figures are the arrays that the evaluation itself
left. How it reads is in `story` and `picture`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from connector.evaluate import clock, picture, story
from connector.evaluate.attribution import FIELDS, Attribution, attributions
from connector.evaluate.borrowed import Told
from connector.evaluate.columns import from_records, reference_names
from connector.evaluate.cycles import paused
from connector.evaluate.engine import Batch, Measured, evaluate_batch
from connector.evaluate.frame import repairs_by_ticket
from connector.evaluate.lentstory import LentStory, lent_stories
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import make_plan
from connector.evaluate.reasons import Because, Reasons, why_no_cycle
from connector.evaluate.results import cycles_in
from connector.model.cycle import Cycle, Moment
from connector.model.instant import Instant, Millis, format_instant, format_length
from connector.model.kind import FieldType, Kind
from connector.model.record import Change, Record, Reference
from connector.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Stage:
    """A cycle from one step of its ticket to the next.

    *events*: what the step made of the cycle; *because*: the rows that decided; *entry*: the entry of
    `within`, told where it is new. Until *until* so much open time passed on the calendar, *is_counted*
    or not; *open* tells when it was open.
    """

    at: Instant
    until: Instant
    changes: tuple[Change, ...]
    events: tuple[str, ...]
    because: tuple[Because, ...]
    entry: Because | None
    open_time: Millis
    is_counted: bool
    is_live: bool
    crossed: tuple[Moment, ...]
    open: tuple[tuple[Instant, Instant], ...] = ()


@dataclass(frozen=True, slots=True)
class CycleStory:
    """One cycle, its stages, and where its time went."""

    cycle: Cycle
    calendar: str
    zone: str  # in which the calendar is read
    stages: tuple[Stage, ...]
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class ClockStory:
    """One target of an agreement on the ticket. *nothing* says why there is no cycle."""

    agreement: str
    target: str
    place: str
    cycles: tuple[CycleStory, ...]
    nothing: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """All clocks of a ticket as of an instant, told in the zone of its agreements."""

    key: str
    at: Instant
    zone: str
    clocks: tuple[ClockStory, ...]
    repairs: Mapping[str, int] = field(default_factory=dict)
    later: int = 0  # changes known already that lie later than *at*
    aside: str | None = None
    lent: tuple[LentStory, ...] = ()  # targets that the platform measures

    def text(self) -> str:
        """The story for people, in lines."""
        return story.text(self)

    def json(self) -> dict[str, Any]:
        """The same as data."""
        return story.data(self)

    def html(self) -> str:
        """The same as a page with a picture of each clock; no script."""
        return picture.page(self)


def explain(
    record: Record,
    book: Rulebook,
    *,
    at: Instant,
    kinds: Mapping[str, Kind],
    target: str | None = None,
    told: Told | None = None,
) -> Explanation:
    """Why the clocks of *record* stand where they stand as of *at*; only those of *target*, where one is
    named. *told*: the platform's own cycles."""
    plan = make_plan(book, kinds, book.measuring(), FIELDS)
    tickets = from_records([record], plan.fields, reference_names([record]))
    batch = evaluate_batch(plan, tickets, np.array([at], np.int64), Hoursbook(plan.calendars), full=True)
    chosen = [measured for measured in batch.measured if target in (None, measured.target)]
    shown = replace(record, changes=tuple(_in_words(change, kinds[record.kind]) for change in record.changes))
    clocks = tuple(_clock(batch, measured, shown) for measured in chosen)
    zones = [plan.agreements[m.indexes[0]].timezone for m in chosen]
    return Explanation(
        key=record.key,
        at=at,
        zone=zones[0] if len(set(zones)) == 1 else "UTC",
        clocks=clocks,
        repairs=repairs_by_ticket(batch.frame).get(0, {}),
        later=sum(change.at > at for change in record.changes),
        aside=_aside(batch, at),
        lent=lent_stories(batch, told or {}, target),
    )


def _aside(batch: Batch, at: Instant) -> str | None:
    if batch.frame.steps.live[0]:
        return None
    opened = int(batch.frame.tickets.opened[0])
    return "it is opened later than that" if opened > at else "it has no `opened`, so no clock can be judged"


def _clock(batch: Batch, measured: Measured, record: Record) -> ClockStory:
    agreement = batch.plan.agreements[measured.indexes[-1]]
    alone = Batch(batch.plan, batch.frame, batch.masks, batch.applies, batch.reckoner, [measured])
    went = attributions(batch, measured)
    told = [
        _cycle(batch, measured, record, row, cycle, went[row]) for row, cycle in enumerate(cycles_in(alone))
    ]
    return ClockStory(
        agreement=agreement.name,
        target=measured.target,
        place=agreement.targets[measured.target].place.short,
        cycles=tuple(told),
        nothing=() if told else tuple(why_no_cycle(batch, measured)),
    )


def _cycle(
    batch: Batch, measured: Measured, record: Record, row: int, cycle: Cycle, attribution: Attribution
) -> CycleStory:
    name, zone = batch.reckoner.ids.numbered[int(measured.outcome.figures.calendar[row])]
    stages = tuple(_stages(batch, measured, record, row, cycle))
    return CycleStory(cycle, name, zone, stages, attribution)


def _stages(batch: Batch, measured: Measured, record: Record, row: int, cycle: Cycle) -> Iterator[Stage]:
    """From where counting begins to the end, or now: a stage for each step in between."""
    track, cycles = measured.track, measured.cycles
    steps, reasons = track.line.steps, Reasons(batch, measured, row)
    origin, end = int(cycles.origin[row]), int(cycles.end[row])
    if cycle.started < cycle.origin:
        yield _before(batch, measured, row, cycle)
    last = end if end >= 0 else int(steps.first[0] + steps.live[0] - 1)
    entry_before = -1
    for step in range(origin, last + 1):
        entry = reasons.entry(min(step, int(cycles.judged[row])))
        at = int(steps.at[step])
        until = int(steps.at[step + 1]) if step < last else int(cycles.until[row])
        state = int(track.made[step]) & clock.STATE if step != end else clock.ENDED
        yield Stage(
            at=at,
            until=until,
            changes=_changes(record, at, is_opening=step == int(steps.first[0])),
            events=tuple(m.event for m in cycle.timeline if m.at == at and m not in cycle.warnings),
            because=tuple(reasons.of_step(step)),
            entry=reasons.in_force(entry, entry_before) if entry.number != entry_before else None,
            open_time=_open_time(batch, measured, row, at, until),
            is_counted=state == clock.RUNNING,
            is_live=state in (clock.RUNNING, clock.PAUSED_),
            crossed=_crossed(cycle, at, until, is_last=step == last),
            open=_open(batch, measured, row, at, until),
        )
        entry_before = entry.number


def _before(batch: Batch, measured: Measured, row: int, cycle: Cycle) -> Stage:
    """The time that a retroactive start counts before its step."""
    begin, until = cycle.started, cycle.origin
    held = paused(measured.track, measured.cycles)
    still = sum(
        _open_time(batch, measured, row, int(held.begin[n]), int(held.end[n]))
        for n in np.flatnonzero((held.cycle == row) & (held.begin < until))
    )
    target = batch.plan.agreements[measured.indexes[int(measured.cycles.version[row])]].targets[
        measured.target
    ]
    because = Because(f"start_at: {target.start_at}: counting begins before the step", target.place.short)
    total = _open_time(batch, measured, row, begin, until) - still
    crossed = _crossed(cycle, begin, until, is_last=False)
    times = _open(batch, measured, row, begin, until)
    return Stage(begin, until, (), (), (because,), None, total, True, True, crossed, times)


def _open_time(batch: Batch, measured: Measured, row: int, begin: Instant, end: Instant) -> Millis:
    """Open time by the calendar that the cycle counts by at *begin* (under `carry` it may be an older
    one)."""
    number = _calendar(measured, row, begin)
    calendar = np.array([number, number], np.int64)
    before, after = batch.reckoner.upto(calendar, np.array([begin, end], np.int64)).tolist()
    return int(after - before)


def _open(
    batch: Batch, measured: Measured, row: int, begin: Instant, end: Instant
) -> tuple[tuple[Instant, Instant], ...]:
    """When that calendar was open meanwhile."""
    name, zone = batch.reckoner.ids.numbered[_calendar(measured, row, begin)]
    return tuple(batch.reckoner.hoursbook.hours(name, zone).intervals(begin, end))


def _calendar(measured: Measured, row: int, at: Instant) -> int:
    figures = measured.outcome.figures
    first, last = figures.counted.offsets[row : row + 2].tolist()
    known = np.searchsorted(figures.counted.begin[first:last], at, side="right") - 1
    return int(figures.counted.calendar[first + known] if known >= 0 else figures.calendar[row])


def _crossed(cycle: Cycle, begin: Instant, end: Instant, *, is_last: bool) -> tuple[Moment, ...]:
    told = [*cycle.warnings, *(m for m in cycle.timeline if m.event == "breached")]
    inside = [m for m in told if begin <= m.at < end or (is_last and m.at == end)]
    return tuple(sorted(inside, key=lambda moment: moment.at))


def _changes(record: Record, at: Instant, *, is_opening: bool) -> tuple[Change, ...]:
    if is_opening:
        return ()
    return tuple(change for change in record.changes if change.at == at)


def _in_words(change: Change, kind: Kind) -> Change:
    """A change with instants and lengths as people write them."""
    field = kind.fields.get(change.field)
    write = _WRITTEN.get(field.type) if field else None
    if write is None:
        return change
    old, new = (write(value) if isinstance(value, int) else value for value in (change.old, change.new))
    return replace(change, old=old, new=new)


_WRITTEN: Mapping[FieldType, Callable[[int], str]] = {
    FieldType.DATETIME: format_instant,
    FieldType.DURATION: format_length,
}


def shown(value: Any) -> str:
    """A field's value as a story shows it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, Reference):
        return value.name or value.id
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
