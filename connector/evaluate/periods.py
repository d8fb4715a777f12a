"""Periods: days, weeks, months, quarters, years and rolling windows, as spans of instants in a time zone.

What is counted in them is not decided here (see `objectives.py`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.model.instant import Instant, from_datetime, to_datetime

MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ROLLING = re.compile(r"rolling (\d+)\s*(d|months?)")


_NAMES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "day"),
    (re.compile(r"\d{4}-W\d{2}"), "week"),
    (re.compile(r"\d{4}-Q[1-4]"), "quarter"),
    (re.compile(r"\d{4}-\d{2}"), "month"),
    (re.compile(r"\d{4}"), "year"),
)


def per_of(name: str) -> str | None:
    """Which `per:` a period of that name belongs to (2026-10: month); None where it is no period's name."""
    return next((per for pattern, per in _NAMES if pattern.fullmatch(name)), None)


@dataclass(frozen=True, slots=True)
class Span:
    """One period: from *start* up to, not including, *end*."""

    name: str  # 2026-10-05, 2026-W40, 2026-10, 2026-Q4, 2026, 2026-10-31/30d, 2026-10-31/12m
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How periods follow one another: `per:` and `starts:` of an objective, in its agreement's zone.

    *starts* is the day of the month on which months, quarters and years begin; in a month without that day,
    its last one. A rolling window ends at the end of every local day.
    """

    per: str
    zone: str
    starts: int = 1

    def containing(self, at: Instant) -> Span:
        """The period that *at* lies in; of rolling ones the window that ends with its local day."""
        return self._span(self._first_day(to_datetime(at).astimezone(ZoneInfo(self.zone)).date()))

    def before(self, span: Span, count: int) -> list[Span]:
        """The *count* periods before *span*, oldest first. Rolling windows step back by their own length, so
        that they do not count the same cycles twice."""
        found: list[Span] = []
        for _ in range(count):
            last = (found[-1] if found else span).start - 1
            found.append(self.containing(last))
        return found[::-1]

    def within(self, start: Instant, end: Instant) -> Iterator[Span]:
        """Every period that begins before *end* and ends after *start*."""
        span = self.containing(start)
        while span.start < end:
            yield span
            span = self._following(span)

    def named(self, name: str) -> Span:
        """The period called *name*; ValueError where this rhythm has none of that name."""
        try:
            span = self._span(self._day_of(name))
        except ValueError:
            raise ValueError(f"{name!r} is no {self.per}; write it as {self._example()}") from None
        if span.name != name and not self._rolling():
            raise ValueError(f"{name!r} is no {self.per}; write it as {self._example()}")
        return span

    def _following(self, span: Span) -> Span:
        if self._rolling():
            return self._span(self._local_date(span.end))
        return self.containing(span.end)

    def _first_day(self, day: date) -> date:
        """The first day of the period around *day*; of a rolling one *day* itself, its last."""
        if self.per == "week":
            return day - timedelta(days=day.weekday())
        if months := MONTHS.get(self.per):
            begun = (
                _month(day.year, day.month) if day >= self._start_in(day) else _month(day.year, day.month) - 1
            )
            return self._day_in(begun // months * months)
        return day

    def _span(self, first: date) -> Span:
        if rolling := self._rolling():
            return self._window(first, *rolling)
        if months := MONTHS.get(self.per):
            after = self._day_in(_month(first.year, first.month) + months)
        else:
            after = first + timedelta(days=7 if self.per == "week" else 1)
        return Span(self._name(first), self._midnight(first), self._midnight(after))

    def _window(self, last: date, length: int, unit: str) -> Span:
        after = last + timedelta(days=1)
        first = after - timedelta(days=length) if unit == "d" else _months_earlier(after, length)
        return Span(f"{last}/{length}{unit}", self._midnight(first), self._midnight(after))

    def _rolling(self) -> tuple[int, str] | None:
        match = _ROLLING.fullmatch(self.per)
        return (int(match[1]), match[2][0]) if match else None

    def _name(self, first: date) -> str:
        if self.per == "week":
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02}"
        if self.per == "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        return {"month": f"{first:%Y-%m}", "year": f"{first:%Y}"}.get(self.per, first.isoformat())

    def _day_of(self, name: str) -> date:
        """The first day of the period called *name* (the last day of a rolling one)."""
        if self.per == "week":
            return date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        if self.per == "quarter":
            return self._day_in(int(name[:4]) * 12 + 3 * (int(name[6:]) - 1))
        if self.per in MONTHS:
            return self._day_in(int(name[:4]) * 12 + (int(name[5:7]) - 1 if self.per == "month" else 0))
        return date.fromisoformat(name[:10])

    def _example(self) -> str:
        examples = {"week": "2026-W40", "month": "2026-10", "quarter": "2026-Q4", "year": "2026"}
        return examples.get(self.per, "2026-10-31")

    def _start_in(self, day: date) -> date:
        return self._day_in(_month(day.year, day.month))

    def _day_in(self, month: int) -> date:
        year, index = divmod(month, 12)
        return date(year, index + 1, min(self.starts, monthrange(year, index + 1)[1]))

    def _local_date(self, at: Instant) -> date:
        return to_datetime(at).astimezone(ZoneInfo(self.zone)).date()

    def _midnight(self, day: date) -> Instant:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)))


def _month(year: int, month: int) -> int:
    """Months counted from year 0, so that adding and rounding are plain arithmetic."""
    return year * 12 + month - 1


def _months_earlier(day: date, months: int) -> date:
    year, index = divmod(_month(day.year, day.month) - months, 12)
    return date(year, index + 1, min(day.day, monthrange(year, index + 1)[1]))
