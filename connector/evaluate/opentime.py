"""Open time over whole columns: how much between two instants, and when so much will have passed.

A calendar expands to sorted open intervals in UTC with prefix sums (rules: Calendars). W(t), the open
time up to t from a fixed origin, is a look-up; so is its inverse. Tickets and clocks are not known here;
due dates that go by open days are in `opendays`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from connector.evaluate.arrays import NONE, Bools, Ints
from connector.evaluate.shifts import Shifts, expand
from connector.evaluate.zone import FIRST, LAST, zone
from connector.model.instant import DAY, Instant, Millis
from connector.rules.rulebook import Calendar

HORIZON: Millis = 7305 * DAY  # 20 years: nothing is due later
_AHEAD = 400 * DAY
_MOST_SLOTS = 1 << 18


class OpenTime(Protocol):
    """What clocks ask of a calendar in one zone. Instants and lengths are columns of milliseconds."""

    def upto(self, instants: Ints) -> Ints:
        """W: the open time from a fixed origin up to each instant (negative before it)."""

    def reaching(self, open_time: Ints, after: Ints) -> Ints:
        """The earliest instants at which W is so much; NONE where that is over 20 years later than
        *after*."""

    def is_open(self, instants: Ints) -> Bools:
        """Whether it is open at each instant; the closing instant is not."""

    def opening(self, instants: Ints) -> Ints:
        """The first open moment at or after each instant; NONE within 20 years."""

    def intervals(self, begin: Instant, end: Instant) -> Sequence[tuple[Instant, Instant]]:
        """When it is open between two instants, in order."""


class Always:
    """The calendar that never closes, in closed form."""

    def upto(self, instants: Ints) -> Ints:
        return instants

    def reaching(self, open_time: Ints, after: Ints) -> Ints:
        found: Ints = np.where(open_time > after + HORIZON, NONE, open_time)
        return found

    def is_open(self, instants: Ints) -> Bools:
        return np.ones(len(instants), np.bool_)

    def opening(self, instants: Ints) -> Ints:
        return instants

    def intervals(self, begin: Instant, end: Instant) -> Sequence[tuple[Instant, Instant]]:
        return [(begin, end)]


@dataclass(frozen=True, slots=True)
class Slots:
    """Time cut into slots of equal length, so short that each meets one open interval at most. In slot s,
    W(t) is plus[s] + t held between opens[s] and closes[s]: a look-up without a search."""

    low: Instant
    shift: int  # a slot has 2 ** shift milliseconds
    opens: Ints
    closes: Ints
    plus: Ints

    def of(self, instants: Ints) -> Ints | None:
        """The slot of each instant; None where one lies outside."""
        slot = instants - self.low
        slot >>= self.shift
        outside = slot.view(np.uint64).max(initial=0) >= len(
            self.plus
        )  # below the first is large as unsigned
        return None if outside else slot


@dataclass(frozen=True, slots=True)
class Rungs:
    """Open time cut into rungs of equal length, no longer than the shortest interval: each meets one end of
    an interval at most. *first* of a rung is the first interval that ends in it or later."""

    low: Millis
    shift: int  # a rung has 2 ** shift milliseconds
    first: Ints
    after: Ints

    def interval(self, open_time: Ints) -> Ints:
        """The first interval by whose end W is so much; how many there are where none is."""
        rung = open_time - self.low
        rung >>= self.shift
        if rung.view(np.uint64).max(initial=0) >= len(self.first):  # below the first is large as unsigned
            return np.searchsorted(self.after[:-1], open_time, side="left")
        found = self.first.take(rung, mode="clip")
        found += self.after.take(found, mode="clip") < open_time
        return found


class Hours:
    """Opening hours in one zone. Intervals are made for the years asked about, and more when needed.

    The first interval is an empty one before all time, so that every instant has an interval at or before it.
    """

    def __init__(self, calendar: Calendar, zone_name: str) -> None:
        self.calendar, self.zone = calendar, zone(zone_name)
        self._low: Instant = 0
        self._high: Instant = 0
        self._starts = self._ends = self._before = self._after = np.empty(0, np.int64)
        self._slots: Slots | None = None
        self._rungs: Rungs | None = None

    def upto(self, instants: Ints) -> Ints:
        slot = self._slot(instants)
        if slot is None or self._slots is None:
            return self._searched(instants)
        found: Ints = self._slots.opens.take(slot, mode="clip")
        np.maximum(found, instants, out=found)
        np.minimum(found, self._slots.closes.take(slot, mode="clip"), out=found)
        found += self._slots.plus.take(slot, mode="clip")
        return found

    def is_open(self, instants: Ints) -> Bools:
        self._cover(instants)
        at = np.searchsorted(self._starts, instants, side="right") - 1
        return np.asarray(instants < self._ends[at], np.bool_)

    def opening(self, instants: Ints) -> Ints:
        self._cover(instants)
        at = np.searchsorted(self._ends, instants, side="right")
        while (at == len(self._ends)).any() and self._extend(int(instants.max()) + HORIZON):
            at = np.searchsorted(self._ends, instants, side="right")
        found = np.maximum(np.append(self._starts, LAST)[at], instants)
        return np.where((at == len(self._ends)) | (found > instants + HORIZON), NONE, found)

    def intervals(self, begin: Instant, end: Instant) -> Sequence[tuple[Instant, Instant]]:
        self._cover(np.array([begin, end], np.int64))
        first, last = np.searchsorted(self._ends, begin, "right"), np.searchsorted(self._starts, end)
        starts = np.maximum(self._starts[first:last], begin).tolist()
        return list(zip(starts, np.minimum(self._ends[first:last], end).tolist(), strict=True))

    def reaching(self, open_time: Ints, after: Ints) -> Ints:
        self._cover(after)
        at = self._interval(open_time)
        while (at == len(self._after)).any() and self._extend(int(after.max()) + HORIZON):
            at = self._interval(open_time)
        inside = np.minimum(at, len(self._starts) - 1)
        found = self._starts[inside] + (open_time - self._before[inside])
        return np.where((at == len(self._after)) | (found > after + HORIZON), NONE, found)

    def _interval(self, open_time: Ints) -> Ints:
        """The first interval by whose end W is so much; how many there are where none is."""
        if self._rungs is None:
            self._rungs = self._laddered()
        return self._rungs.interval(open_time)

    def _laddered(self) -> Rungs:
        low, high = int(self._after[0]), int(self._after[-1])
        shift = int(np.diff(self._after).min(initial=DAY)).bit_length() - 1
        count = min(((high - low) >> shift) + 1, _MOST_SLOTS)  # what lies beyond is searched for
        begin = low + (np.arange(count, dtype=np.int64) << shift)
        return Rungs(
            low, shift, np.searchsorted(self._after, begin, side="left"), np.append(self._after, LAST)
        )

    def _slot(self, instants: Ints) -> Ints | None:
        """The slot of each instant; None where slots would be too many."""
        slot = None if self._slots is None else self._slots.of(instants)
        if slot is None:
            self._cover(instants)
            self._slots = self._cut(instants) if len(instants) else None
            slot = None if self._slots is None else self._slots.of(instants)
        return slot

    def _cover(self, instants: Ints) -> None:
        if not len(instants):
            return
        low, high = int(instants.min()) - 10 * DAY, int(instants.max()) + 10 * DAY
        if self._low == self._high:
            self._expand(low - _AHEAD, high + _AHEAD)
        elif low < self._low or high > self._high:
            self._expand(
                low - _AHEAD if low < self._low else self._low,
                high + _AHEAD if high > self._high else self._high,
            )

    def _extend(self, limit: Instant) -> bool:
        """Look further ahead; False where *limit* was reached already."""
        if self._high >= min(limit + DAY, LAST):
            return False
        self._expand(self._low, min(self._high + max(self._high - self._low, 4 * _AHEAD), limit + DAY))
        return True

    def _expand(self, low: Instant, high: Instant) -> None:
        # W stays what it was: its origin is carried over at an instant that both expansions know in full.
        anchor = np.array([self._low + 5 * DAY], np.int64)
        known = self._searched(anchor) if len(self._starts) else None
        self._low, self._high = max(low, FIRST), min(high, LAST)
        starts, ends = _merged(expand(self.calendar, self.zone, self._low, self._high))
        self._starts = np.append(np.int64(FIRST - DAY), starts)
        self._ends = np.append(np.int64(FIRST - DAY), ends)
        self._after = np.cumsum(self._ends - self._starts)
        self._before = self._after - (self._ends - self._starts)
        if known is not None:
            origin = known - self._searched(anchor)
            self._after, self._before = self._after + origin, self._before + origin
        self._rungs = None

    def _searched(self, instants: Ints) -> Ints:
        """W by a search, without slots."""
        at = np.searchsorted(self._starts, instants, side="right") - 1
        open_here: Ints = np.minimum(instants, self._ends[at]) - self._starts[at]
        return self._before[at] + open_here

    def _cut(self, instants: Ints) -> Slots | None:
        """Slots over *instants*, some time around and those cut before; None where they are too many."""
        low, high = int(instants.min()) - 5 * DAY, int(instants.max()) + 5 * DAY
        if self._slots is not None:
            low = min(low, self._slots.low)
            high = max(high, self._slots.low + (len(self._slots.plus) << self._slots.shift))
        low, high = max(low, self._low), min(high, self._high)
        gaps = self._starts[2:] - self._ends[1:-1]
        shift = min(int(gaps.min(initial=DAY)).bit_length() - 1, 25)
        count = ((high - low) >> shift) + 1
        if count > _MOST_SLOTS:
            return None
        begin = low + (np.arange(count, dtype=np.int64) << shift)
        at = np.searchsorted(
            self._ends, begin, side="right"
        )  # the first interval that ends in the slot or later
        end = begin + (1 << shift)
        starts, ends = np.append(self._starts, LAST)[at], np.append(self._ends, LAST)[at]
        before = np.append(self._before, self._after[-1])[at]
        opens = np.minimum(np.maximum(starts, begin), end)
        closes = np.minimum(ends, end)
        counted = before + np.maximum(begin - starts, 0)
        return Slots(low, shift, opens, np.maximum(closes, opens), counted - opens)


def _merged(shifts: Shifts) -> tuple[Ints, Ints]:
    """Intervals in order, those that overlap or touch counted once."""
    order = np.argsort(shifts.starts, kind="stable")
    starts, ends = shifts.starts[order], np.maximum.accumulate(shifts.ends[order])
    if not len(starts):
        return starts, ends
    is_new = np.ones(len(starts), np.bool_)
    is_new[1:] = starts[1:] > ends[:-1]
    is_last = np.append(is_new[1:], True)
    return starts[is_new], ends[is_last]


def open_time(calendar: Calendar, zone_name: str) -> OpenTime:
    """*calendar* in a zone, ready to be asked."""
    return Always() if calendar.is_always else Hours(calendar, zone_name)
