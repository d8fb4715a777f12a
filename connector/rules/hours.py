"""Calendars as data: weekly hours, holidays, special days and versions, in local time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connector.errors import Position
from connector.model.instant import Millis

Shift = tuple[
    int, int
]  # minutes after local midnight of the day it starts on; an end above 1440 is next day's


@dataclass(frozen=True, slots=True)
class FieldZone:
    """A time zone read from the ticket, with a default for an empty or unknown one."""

    field: str
    default: str


@dataclass(frozen=True, slots=True)
class WeekFrom:
    """Weekly hours in force from a local date on; seven tuples of shifts, Monday first."""

    start: date
    week: tuple[tuple[Shift, ...], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours. `always` is the built-in one: every day 00:00-24:00, UTC, no holidays."""

    name: str
    timezone: str | FieldZone
    week: tuple[tuple[Shift, ...], ...]
    day: Millis | None = None  # the length of a working day, for `wd`
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)
    shift_holidays: bool = False  # holiday_rules: shift
    versions: tuple[WeekFrom, ...] = ()  # in order of start
    place: Position | None = None

    @property
    def is_always(self) -> bool:
        """Open all week round the clock, whatever its name and zone."""
        return not (self.holidays or self.special or self.versions) and _is_whole(self.week)


def _is_whole(week: tuple[tuple[Shift, ...], ...]) -> bool:
    """Whether the shifts of a week leave no gap, the last of them into the first of the next week."""
    spans = sorted((day * 1440 + start, day * 1440 + end) for day in range(7) for start, end in week[day])
    reached = max((end for _, end in spans), default=0) - _WEEK  # what the week before leaves open
    for start, end in spans:
        if start > reached and reached < _WEEK:
            return False
        reached = max(reached, end)
    return reached >= _WEEK


_WEEK = 7 * 1440
