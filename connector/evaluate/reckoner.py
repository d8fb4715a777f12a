"""Open time for rows that count by different calendars: each row names its calendar by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import Ints
from connector.evaluate.masks import Hoursbook
from connector.evaluate.opendays import OpenDays
from connector.evaluate.opentime import OpenTime
from connector.evaluate.terms import Ids
from connector.rules.rulebook import BusinessDays

ALWAYS = "always"  # the built-in calendar; its open days are those of the agreement's zone


@dataclass(slots=True)
class Reckoner:
    """Answers about open time for columns of (calendar, instant)."""

    hoursbook: Hoursbook
    ids: Ids
    _days: dict[tuple[str, str], OpenDays] = field(default_factory=dict)
    _asked: tuple[Ints, Sequence[tuple[int, Ints]]] | None = None

    def upto(self, calendar: Ints, instants: Ints) -> Ints:
        """W of each instant in its calendar."""
        return self._each(calendar, lambda hours, rows: hours.upto(instants[rows]))

    def reaching(self, calendar: Ints, open_time: Ints, after: Ints) -> Ints:
        """The earliest instant at which W is so much, at most 20 years later than *after*; else NONE."""
        return self._each(calendar, lambda hours, rows: hours.reaching(open_time[rows], after[rows]))

    def business_days(self, calendar: Ints, started: Ints, rule: BusinessDays, agreement_zone: str) -> Ints:
        """Due dates of clocks started at *started*."""
        return self._each_number(
            calendar, lambda number, rows: self._open_days(number, agreement_zone).due(started[rows], rule)
        )

    def until(self, calendar: Ints, instants: Ints, agreement_zone: str) -> Ints:
        """Due instants given in tickets: outside open hours they move to the next opening."""
        return self._each_number(
            calendar, lambda number, rows: self._open_days(number, agreement_zone).next_open(instants[rows])
        )

    def _open_days(self, number: int, agreement_zone: str) -> OpenDays:
        name, zone = self.ids.numbered[number]
        key = (name, agreement_zone if name == ALWAYS else zone)
        if key not in self._days:
            self._days[key] = OpenDays(self.hoursbook.calendars[name], key[1])
        return self._days[key]

    def _each(self, calendar: Ints, ask: Callable[[OpenTime, Ints | slice], Ints]) -> Ints:
        return self._each_number(
            calendar, lambda n, rows: ask(self.hoursbook.hours(*self.ids.numbered[n]), rows)
        )

    def _each_number(self, calendar: Ints, ask: Callable[[int, Ints | slice], Ints]) -> Ints:
        if not len(calendar):
            return calendar
        parts = self._parts_of(calendar)
        if len(parts) == 1:
            return ask(parts[0][0], slice(None))
        found = np.empty(len(calendar), np.int64)
        for number, rows in parts:
            found[rows] = ask(number, rows)
        return found

    def _parts_of(self, calendar: Ints) -> Sequence[tuple[int, Ints]]:
        """The rows of each calendar. Several questions follow each other about the same column."""
        if self._asked is None or self._asked[0] is not calendar:
            used = np.flatnonzero(np.bincount(calendar)).tolist()
            rows = [np.flatnonzero(calendar == number) for number in used] if len(used) > 1 else [calendar]
            self._asked = (calendar, list(zip(used, rows, strict=True)))
        return self._asked[1]
