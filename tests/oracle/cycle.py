"""One cycle while it lives: the stretches it ran or stood still, and every figure that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from connector.model.cycle import Moment, State
from connector.model.instant import parse_length
from connector.model.kind import FieldType
from connector.rules.rulebook import (
    Agreement,
    BusinessDays,
    Calendar,
    Entry,
    FieldDue,
    FieldTime,
    Line,
    LineKind,
    NoTarget,
    OpenTime,
    Target,
    Time,
)
from tests.oracle.conditions import holds, normal, opening_of
from tests.oracle.due import business_days_due, moved_into_hours
from tests.oracle.history import View
from tests.oracle.opening import TWENTY_YEARS_MS, Opening, open_between, open_spans


@dataclass(frozen=True)
class Goal:
    """The entry of `within` in force, with the value its field holds."""

    entry: Entry | None
    time: Time
    value: Any
    calendar: str

    @property
    def is_due_date(self) -> bool:
        return isinstance(self.time, (BusinessDays, FieldDue))


@dataclass
class Stretch:
    """From *begin* to *end* (None: still going on) the clock *ran*, or stood still; counted by *calendar*."""

    begin: int
    end: int | None
    ran: bool
    calendar: str


@dataclass(frozen=True)
class Figures:
    """What a cycle shows at an instant."""

    elapsed: int
    time: int | None
    due: int | None
    breached_at: int | None
    paused: int

    @property
    def is_over(self) -> bool:
        return self.breached_at is not None


@dataclass
class Running:
    """A cycle as the table leaves it. `view` is the ticket at the cycle's latest step."""

    agreement: Agreement
    target: Target
    number: int
    origin: int
    started: int
    goal: Goal
    view: View
    carried: int = 0  # the earlier cycles' time, under `measure: total`
    state: State = State.RUNNING
    ended: int | None = None
    ended_by: str = ""  # stop | reset | cancel | restart
    stretches: list[Stretch] = field(default_factory=list)
    timeline: list[Moment] = field(default_factory=list)  # without lines and the present breach
    standing: int | None = None  # a breach that stands


def goal_at(agreement: Agreement, target: Target, view: View) -> Goal:
    """The first entry that matches; where none does it is as `none`, and the target's own calendar counts."""
    for entry in target.entries:
        if holds(entry.when, view):
            value = None
            if isinstance(entry.time, FieldTime):
                value = length_of(view.values.get(entry.time.field))
            if isinstance(entry.time, FieldDue):
                value = normal(view.values.get(entry.time.field), FieldType.DATETIME)
            return Goal(entry, entry.time, value, entry.calendar)
    return Goal(None, NoTarget(), None, target.calendar or agreement.calendar)


def length_of(value: Any) -> int | None:
    """A length given in the ticket."""
    return parse_length(value) if isinstance(value, str) and value else value


def opening_for(cycle: Running, name: str) -> Opening:
    """A calendar in its zone. A zone given by a field is that of the cycle's latest step, for all its time;
    `always` has the agreement's."""
    calendar: Calendar = cycle.view.book.calendars[name]
    if name == "always":
        return Opening(calendar, cycle.agreement.timezone)
    return opening_of(calendar, cycle.view)


# ------------------------------------------------------------------------------------- figures


def figures(cycle: Running, now: int) -> Figures:
    """Everything the cycle shows at *now*, or showed when it ended."""
    until = now if cycle.ended is None else min(now, cycle.ended)
    elapsed = elapsed_at(cycle, until)
    if cycle.goal.is_due_date:
        opening, due = opening_for(cycle, cycle.goal.calendar), due_date(cycle)
        time = None if due is None else open_between(opening, cycle.started, due)
        over = due is not None and is_over(until, due, cycle.target)
    else:
        time = length(cycle)
        over = time is not None and is_over(elapsed, time, cycle.target)
        due = None if time is None or (cycle.state is State.PAUSED and not over) else reached(cycle, time)
    breached_at = max(due, cycle.started) if over and due is not None else None
    if cycle.standing is not None:
        breached_at = cycle.standing
    return Figures(elapsed, time, due, breached_at, paused_time(cycle, until))


def is_over(value: int, limit: int, target: Target) -> bool:
    """Beyond the limit, or at it where the tie is a miss."""
    return value > limit or (value == limit and target.at_limit == "missed")


def length(cycle: Running) -> int | None:
    """The length promised; None where there is no target."""
    match cycle.goal.time:
        case OpenTime(length=promised):
            return promised
        case FieldTime():
            return int(cycle.goal.value) if cycle.goal.value is not None else None
    return None


def due_date(cycle: Running) -> int | None:
    """The due instant of a cycle whose entry names one."""
    opening = opening_for(cycle, cycle.goal.calendar)
    match cycle.goal.time:
        case BusinessDays():
            return business_days_due(opening, cycle.goal.time, cycle.started)
        case FieldDue():
            return None if cycle.goal.value is None else moved_into_hours(opening, cycle.goal.value)
    return None


def counted(cycle: Running, *, onwards: bool) -> Iterator[tuple[int, int]]:
    """The open spans that count, in order; *onwards*: as if it ran on from its end and nothing changed.

    A due date counts all open time since the start by its own calendar; a length what ran, each stretch by
    the calendar it was counted under.
    """
    forever = cycle.started + 2 * TWENTY_YEARS_MS
    if cycle.goal.is_due_date:
        stretches = [Stretch(cycle.started, None if onwards else cycle.ended, True, cycle.goal.calendar)]
    else:
        stretches = [stretch for stretch in cycle.stretches if stretch.ran]
        if onwards and cycle.ended is not None:
            stretches.append(Stretch(cycle.ended, None, True, cycle.goal.calendar))
    for stretch in stretches:
        end = forever if stretch.end is None else stretch.end
        for begin, close in open_spans(opening_for(cycle, stretch.calendar), stretch.begin):
            if begin >= end:
                break
            yield begin, min(close, end)


def carried(cycle: Running) -> int:
    """The earlier cycles' time, under `measure: total`. Reading: a due date counts from its own start."""
    return 0 if cycle.goal.is_due_date else cycle.carried


def elapsed_at(cycle: Running, now: int) -> int:
    """Open time counted up to *now*."""
    total = carried(cycle)
    for begin, end in counted(cycle, onwards=False):
        if begin >= now:
            break
        total += min(end, now) - begin
    return total


def reached(cycle: Running, amount: int | Fraction) -> int | None:
    """The first instant at which elapsed is *amount* or more, if nothing changes; what lies before the start
    is reached at the start. None within twenty years of it."""
    total = carried(cycle)
    if total >= amount:
        return cycle.started
    for begin, end in counted(cycle, onwards=True):
        if total + (end - begin) >= amount:
            instant = begin - int((total - amount) // 1)
            return instant if instant <= cycle.started + TWENTY_YEARS_MS else None
        total += end - begin
    return None


def paused_time(cycle: Running, until: int) -> int:
    """Open time during which it stood still; none under a due date, which counts it all."""
    if cycle.goal.is_due_date:
        return 0
    return sum(
        open_between(opening_for(cycle, stretch.calendar), stretch.begin, min(until, stretch.end or until))
        for stretch in cycle.stretches
        if not stretch.ran
    )


def lines_crossed(cycle: Running, now: int) -> list[Moment]:
    """Every percent, before and after line reached by *now*, with its exact instant."""
    until = now if cycle.ended is None else cycle.ended
    time = figures(cycle, now).time
    if time is None:
        return []
    found = []
    for line in cycle.target.lines:
        if line.kind is not LineKind.EVENT:
            instant = reached(cycle, threshold(line, time))
            if instant is not None and instant <= until:
                found.append(Moment(instant, line.written))
    return sorted(found, key=lambda moment: moment.at)


def threshold(line: Line, time: int) -> int | Fraction:
    """The elapsed time at which a line is crossed."""
    if line.kind is LineKind.PERCENT:
        assert line.share is not None
        return line.share * time
    assert line.length is not None
    return time - line.length if line.kind is LineKind.BEFORE else time + line.length
