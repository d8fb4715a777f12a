"""Due dates that go by open days (`2bd`, `2bd by 16:00`, `until`): rules, *Due dates*.

An open day is a local date on which a shift begins; it closes when the last of its shifts ends. Lengths
of open time are in `opentime`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from connector.evaluate.arrays import NONE, Ints
from connector.evaluate.opentime import HORIZON, OpenTime, open_time
from connector.evaluate.shifts import expand
from connector.evaluate.zone import FIRST, LAST, zone
from connector.model.instant import DAY, MINUTE
from connector.rules.rulebook import BusinessDays, Calendar

_MARGIN = 10 * DAY


class OpenDays:
    """The open days of a calendar in a zone."""

    def __init__(self, calendar: Calendar, zone_name: str) -> None:
        # Round the clock an open day is a local date all the same, so the hours are spelt out.
        self._calendar = replace(calendar, timezone=zone_name)
        self._zone = zone(zone_name)
        self._open: OpenTime = open_time(calendar, zone_name)
        self._low = self._high = 0
        self._days = self._closings = self._night_from = self._night_to = np.empty(0, np.int64)

    def due(self, starts: Ints, rule: BusinessDays) -> Ints:
        """When each clock started at *starts* is due; NONE where it is not within 20 years.

        The start's day is the open day of the first open moment at or after the start; `if before` is
        judged by the wall clock at that moment, and exactly that time is too late. `by` and `same time`
        are literal.
        """
        moments = self._open.opening(starts)
        known = moments != NONE
        due = np.full(len(starts), NONE)
        if known.any():
            due[known] = self._due(starts[known], moments[known], rule)
        return np.where(due > starts + HORIZON, NONE, due)

    def next_open(self, instants: Ints) -> Ints:
        """Each instant itself where it is open or a closing, else the next opening (rules: `until`)."""
        moved = self._open.opening(instants)
        is_closing = self._open.is_open(instants - 1)
        return np.where(is_closing, instants, moved)

    def _due(self, starts: Ints, moments: Ints, rule: BusinessDays) -> Ints:
        ahead = (2 * rule.days + 60) * DAY
        while True:
            self._cover(int(moments.min()), int(moments.max()) + ahead)
            place = self._place(moments)
            if rule.if_before is not None:
                wall = self._zone.to_local(moments) % DAY
                place = place + (wall >= rule.if_before * MINUTE)
            place = place + rule.days
            beyond = place >= len(self._days)
            if not beyond.any() or ahead > HORIZON:
                break
            ahead *= 4
        day = np.append(self._days, 0)[np.minimum(place, len(self._days))]
        if rule.same_time:
            due = self._zone.to_utc(day * DAY + self._zone.to_local(starts) % DAY)
        elif rule.by is not None:
            due = self._zone.to_utc(day * DAY + rule.by * MINUTE)
        else:
            due = np.append(self._closings, NONE)[np.minimum(place, len(self._days))]
        return np.where(beyond, NONE, due)

    def _place(self, moments: Ints) -> Ints:
        """The number of the open day that each open moment belongs to; of two, the earlier."""
        dates = self._zone.to_local(moments) // DAY
        place = np.searchsorted(self._days, dates, side="left")
        before = np.maximum(place - 1, 0)
        in_night = (self._night_from[before] <= moments) & (moments < self._night_to[before])
        return np.where(in_night & (self._days[before] < dates), before, place)

    def _cover(self, low: int, high: int) -> None:
        low, high = max(low - _MARGIN, FIRST), min(high + _MARGIN, LAST)
        if self._low <= low and high <= self._high and self._low < self._high:
            return
        self._low = min(low, self._low) if self._low < self._high else low
        self._high = max(high, self._high)
        shifts = expand(self._calendar, self._zone, self._low, self._high)
        self._days, day = np.unique(shifts.days, return_inverse=True)
        self._closings = _largest(day, shifts.ends, len(self._days), NONE)
        midnight = self._zone.to_utc((shifts.days + 1) * DAY)
        is_night = shifts.ends > midnight
        self._night_to = _largest(day[is_night], shifts.ends[is_night], len(self._days), NONE)
        self._night_from = -_largest(day[is_night], -shifts.starts[is_night], len(self._days), NONE + 1)


def _largest(groups: Ints, values: Ints, count: int, empty: int) -> Ints:
    out = np.full(count, empty)
    np.maximum.at(out, groups, values)
    return out
