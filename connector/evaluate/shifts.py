"""From opening hours to shifts: what a calendar's weeks, holidays, special days and versions give in UTC.

Rules: Calendars, sentence by sentence. Whole columns of days at once; nothing is merged or counted here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from connector.evaluate.arrays import Bools, Ints
from connector.evaluate.zone import Zone
from connector.model.instant import DAY, MINUTE, Instant
from connector.rules.rulebook import Calendar, Shift

_EPOCH = date(1970, 1, 1).toordinal()
_WEEKDAY_OF_EPOCH = 3  # a Thursday


@dataclass(frozen=True, slots=True)
class Shifts:
    """Open intervals and the local day (since 1970-01-01) that each begins on; in no order, may overlap."""

    days: Ints
    starts: Ints
    ends: Ints


def expand(calendar: Calendar, zone: Zone, low: Instant, high: Instant) -> Shifts:
    """The shifts that begin on the local days from *low* to *high*.

    A holiday or special entry rules its whole local date, also the rest of a night shift begun the day
    before; `holiday_rules: shift` removes or replaces the shifts that start on it instead. `special`
    beats a holiday.
    """
    days = np.arange(low // DAY, high // DAY + 1, dtype=np.int64)
    special, holidays = _days(calendar.special), _days(calendar.holidays)
    ruled = np.isin(days, np.concatenate((special, holidays)))
    parts = [*_weekly(calendar, days, ~ruled), *_special(calendar, days)]
    day, start, end = (np.concatenate([part[i] for part in parts] or [days[:0]]) for i in range(3))
    if not calendar.shift_holidays:
        is_cut = np.isin(day + 1, np.concatenate((special, holidays)))
        end = np.where(is_cut, np.minimum(end, DAY // MINUTE), end)
    starts, ends = zone.to_utc(day * DAY + start * MINUTE), zone.to_utc(day * DAY + end * MINUTE)
    has_length = starts < ends  # a shift may lie wholly in the hour that daylight saving skips
    return Shifts(day[has_length], starts[has_length], ends[has_length])


def _days(dates: Collection[date]) -> Ints:
    return np.array([day.toordinal() - _EPOCH for day in dates], np.int64)


def _weekly(calendar: Calendar, days: Ints, is_plain: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Shifts by the week in force on each day; a version replaces the hours from its date on."""
    weekdays = (days + _WEEKDAY_OF_EPOCH) % 7
    version = np.searchsorted(_days([v.start for v in calendar.versions]), days, side="right")
    weeks = (calendar.week, *(v.week for v in calendar.versions))
    for number, week in enumerate(weeks):
        for weekday, shifts in enumerate(week):
            chosen = days[is_plain & (version == number) & (weekdays == weekday)]
            yield from _on(chosen, shifts)


def _special(calendar: Calendar, days: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    for day, shifts in calendar.special.items():
        number = day.toordinal() - _EPOCH
        if len(days) and days[0] <= number <= days[-1]:
            yield from _on(np.array([number], np.int64), shifts)


def _on(days: Ints, shifts: tuple[Shift, ...]) -> Iterator[tuple[Ints, Ints, Ints]]:
    for start, end in shifts:
        yield days, np.full(len(days), start, np.int64), np.full(len(days), end, np.int64)
