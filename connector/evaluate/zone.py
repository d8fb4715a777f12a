"""Time zones over whole columns: instants to local wall time and back.

A zone is read once from the tz data into sorted arrays of its changes; no loop over instants follows. Opening
hours are not known here (see `opentime`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from connector.evaluate.arrays import Ints
from connector.model.instant import DAY, Instant, Millis, from_datetime, to_datetime

FIRST = from_datetime(datetime(1, 1, 3, tzinfo=UTC))
LAST = from_datetime(datetime(9999, 12, 29, tzinfo=UTC))


class Zone:
    """The offsets of one IANA zone between two instants; it grows when asked about others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._low = self._high = 0
        self._changes = self._switches = np.empty(0, np.int64)
        self._offsets = np.zeros(1, np.int64)

    def to_local(self, instants: Ints) -> Ints:
        """Wall-clock milliseconds (as if the wall clock showed UTC) of *instants*."""
        self._cover(instants)
        return instants + self._offsets[np.searchsorted(self._changes, instants, side="right")]

    def to_utc(self, local: Ints) -> Ints:
        """Instants of wall-clock milliseconds (rules: Calendars): a time skipped by daylight saving
        counts by the offset before the change, a repeated one as its first occurrence."""
        self._cover(local)
        return local - self._offsets[np.searchsorted(self._switches, local, side="right")]

    def _cover(self, times: Ints) -> None:
        if not len(times):
            return
        low, high = int(times.min()) - 2 * DAY, int(times.max()) + 2 * DAY
        if self._low <= low and high <= self._high and self._low < self._high:
            return
        fresh = self._low >= self._high
        self._low = max(FIRST, low if fresh else min(low, self._low))
        self._high = min(LAST, high + 400 * DAY if fresh else max(high + 400 * DAY, self._high))
        self._read()

    def _read(self) -> None:
        changes = list(self._scan())
        offsets = np.array([self._offset(self._low)] + [offset for _, offset in changes], np.int64)
        self._changes = np.array([at for at, _ in changes], np.int64)
        # The wall-clock time from which the later offset counts: after a gap, and after a first occurrence.
        self._switches = self._changes + np.maximum(offsets[:-1], offsets[1:])
        self._offsets = offsets

    def _scan(self) -> Iterator[tuple[Instant, Millis]]:
        """(instant, new offset) of every change, found by looking at each day and halving where it
        differs."""
        day, before = self._low, self._offset(self._low)
        while day < self._high:
            day += DAY
            after = self._offset(day)
            if after != before:
                yield self._halve(day - DAY, day), after
                before = after

    def _halve(self, low: Instant, high: Instant) -> Instant:
        old = self._offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == old else (low, middle)
        return high

    def _offset(self, instant: Instant) -> Millis:
        offset = to_datetime(instant).astimezone(self._info).utcoffset()
        return (offset or timedelta(0)) // timedelta(milliseconds=1)


@cache
def zone(name: str) -> Zone:
    """The zone called *name*; ZoneInfoNotFoundError or ValueError where there is none."""
    return Zone(name)


@cache
def known_zone(name: str | None, default: str) -> str:
    """*name* where the tz data has such a zone, else *default*."""
    try:
        ZoneInfo(name or "")
    except (KeyError, ValueError, OSError):
        return default
    return name or default
