"""Opening hours, found by walking local days one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from connector.rules.rulebook import Calendar

Span = tuple[int, int]  # from (included) to (not included), instants in milliseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TWENTY_YEARS = timedelta(days=20 * 365 + 5)
TWENTY_YEARS_MS = TWENTY_YEARS // timedelta(milliseconds=1)


def to_instant(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def to_local(instant: int, zone: str) -> datetime:
    """The wall clock of *zone* at *instant*."""
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(zone))


def at_clock(day: date, minutes: int, zone: str) -> int:
    """The instant at which the clocks of *zone* show so many *minutes* after the midnight that begins *day*.

    `fold=0` is what the rules ask for: a time that is skipped is read by the offset before the change, one
    that comes twice is its first occurrence.
    """
    days, rest = divmod(minutes, 1440)
    clock = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=ZoneInfo(zone))
    return to_instant(clock.replace(fold=0).astimezone(UTC))


@dataclass(frozen=True)
class Opening:
    """A calendar seen in one zone."""

    calendar: Calendar
    zone: str

    def __hash__(self) -> int:
        return hash((self.calendar.name, self.calendar.week, self.zone))


@lru_cache(maxsize=200_000)
def shifts_on(opening: Opening, day: date) -> tuple[Span, ...]:
    """The shifts that begin on the local *day*, in order, as far as holidays leave them."""
    calendar, found = opening.calendar, []
    for begin, end in hours_of(calendar, day):
        first = at_clock(day, begin, opening.zone)
        last = at_clock(day, end, opening.zone)
        tomorrow = day + timedelta(days=1)
        if not calendar.shift_holidays and (tomorrow in calendar.holidays or tomorrow in calendar.special):
            last = min(last, at_clock(tomorrow, 0, opening.zone))
        if first < last:  # Reading: a shift that daylight saving swallows whole opens no day
            found.append((first, last))
    return tuple(sorted(found))


def hours_of(calendar: Calendar, day: date) -> tuple[tuple[int, int], ...]:
    """What is written for that date: a special entry, else nothing on a holiday, else the week in force."""
    if day in calendar.special:
        return calendar.special[day]
    if day in calendar.holidays:
        return ()
    week = calendar.week
    for version in calendar.versions:
        if version.start <= day:
            week = version.week
    return week[day.weekday()]


def days_from(opening: Opening, instant: int) -> Iterator[date]:
    """Local dates from two before *instant* on, for over twenty years or until it shuts for good."""
    calendar = opening.calendar
    first = to_local(instant, opening.zone).date() - timedelta(days=2)
    last = first + TWENTY_YEARS + timedelta(days=5)
    final = calendar.versions[-1].week if calendar.versions else calendar.week
    if not any(final):
        written = [*calendar.special, *(version.start for version in calendar.versions)]
        last = min(last, max(written, default=first))
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def shifts_in_order(opening: Opening, instant: int) -> Iterator[Span]:
    """All shifts by their beginning. Where a whole date is skipped its times fall into the next one's, so a
    day's shifts wait until nothing can come before them."""
    waiting: list[Span] = []
    for day in days_from(opening, instant):
        waiting = sorted([*waiting, *shifts_on(opening, day)])
        settled = at_clock(day - timedelta(days=1), 0, opening.zone)
        while waiting and waiting[0][0] < settled:
            yield waiting.pop(0)
    yield from waiting


def open_spans(opening: Opening, instant: int) -> Iterator[Span]:
    """When it is open from *instant* on: spans in order that do not overlap, though they may touch."""
    covered = instant
    for begin, end in shifts_in_order(opening, instant):
        if end > covered:
            yield (max(begin, covered), end)
            covered = end


def open_between(opening: Opening, start: int, end: int) -> int:
    """Open milliseconds from *start* to *end*."""
    total = 0
    if end <= start:
        return 0
    for begin, close in open_spans(opening, start):
        if begin >= end:
            break
        total += min(close, end) - begin
    return total


def is_open(opening: Opening, instant: int) -> bool:
    """Whether *instant* lies within opening hours; a closing instant does not."""
    return next_opening(opening, instant) == instant


def next_opening(opening: Opening, instant: int) -> int | None:
    """The first open moment at or after *instant*; None within twenty years."""
    for begin, _ in open_spans(opening, instant):
        return begin if begin <= instant + TWENTY_YEARS_MS else None
    return None


def is_closing(opening: Opening, instant: int) -> bool:
    """Whether a span of opening hours ends at *instant*."""
    return is_open(opening, instant - 1) and not is_open(opening, instant)


def open_day_of(opening: Opening, moment: int) -> date:
    """The local date to which the open *moment* belongs: the earliest whose shift it lies in."""
    local = to_local(moment, opening.zone).date()
    for day in (local - timedelta(days=2), local - timedelta(days=1), local, local + timedelta(days=1)):
        if any(begin <= moment < end for begin, end in shifts_on(opening, day)):
            return day
    raise AssertionError("not an open moment")


def open_day_after(opening: Opening, day: date, count: int) -> date | None:
    """The *count*-th local date after *day* on which a shift begins; *day* itself for 0."""
    for _ in range(TWENTY_YEARS.days):
        if count == 0:
            return day
        day += timedelta(days=1)
        if shifts_on(opening, day):
            count -= 1
    return None


def closing_of(opening: Opening, day: date) -> int:
    """When the last of the shifts that begin on *day* ends."""
    return max(end for _, end in shifts_on(opening, day))
