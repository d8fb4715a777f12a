"""Schedules: their entries, holidays and parents as open time, walked day by day in the schedule's zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from connector.sandbox.servicenow.dates import zone_of
from connector.sandbox.servicenow.tables import Tables

LONGEST_SEARCH = 3660  # days
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a schedule: minutes of a local day from *opens* to *closes* (over 1440: the next day)."""

    first: date
    until: date | None
    repeats: str
    days: str
    opens: int
    closes: int
    is_excluded: bool

    def applies(self, day: date) -> bool:
        """Whether it has a span that begins on *day*."""
        if day < self.first or (self.until is not None and day > self.until):
            return False
        match self.repeats:
            case "daily":
                return True
            case "weekdays":
                return day.isoweekday() <= 5
            case "weekends":
                return day.isoweekday() > 5
            case "weekly" | "specific":
                return str(day.isoweekday()) in self.days
            case "yearly":
                return (day.month, day.day) == (self.first.month, self.first.day)
        return day == self.first


class Schedule:
    """Open seconds between two instants (epoch seconds), and the instant after so many."""

    def __init__(self, entries: list[Entry], zone: tzinfo) -> None:
        self._entries, self._zone = entries, zone
        self._known: dict[date, list[tuple[int, int]]] = {}

    def between(self, start: int, end: int) -> int:
        """Open seconds from *start* to *end*."""
        total = 0
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += max(0, min(closes, end) - max(opens, start))
        return total

    def after(self, start: int, seconds: int) -> int:
        """The first instant at which so many open seconds have passed since *start*."""
        left = seconds
        for opens, closes in self._spans(start):
            begin = max(opens, start)
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        return start + seconds  # it never opens

    def _spans(self, start: int) -> Iterator[tuple[int, int]]:
        day = datetime.fromtimestamp(start, self._zone).date() - timedelta(days=1)
        for _ in range(LONGEST_SEARCH):
            yield from (span for span in self._day(day) if span[1] > start)
            day += timedelta(days=1)

    def _day(self, day: date) -> list[tuple[int, int]]:
        """The open spans that begin on *day*, in order, those excluded cut out."""
        if day not in self._known:
            spans = self._of(day, excluded=False)
            closed = [
                span
                for near in (day - timedelta(days=1), day, day + timedelta(days=1))
                for span in self._of(near, excluded=True)
            ]
            for begin, end in closed:
                spans = [part for span in spans for part in _without(span, begin, end)]
            self._known[day] = _merged(spans)
        return self._known[day]

    def _of(self, day: date, *, excluded: bool) -> list[tuple[int, int]]:
        return [
            (self._at(day, entry.opens), self._at(day, entry.closes))
            for entry in self._entries
            if entry.is_excluded is excluded and entry.applies(day)
        ]

    def _at(self, day: date, minutes: int) -> int:
        moved = day + timedelta(days=minutes // DAY_MINUTES)
        hour, minute = divmod(minutes % DAY_MINUTES, 60)
        local = datetime(moved.year, moved.month, moved.day, hour, minute, tzinfo=self._zone)
        return int(local.timestamp())


class RoundTheClock:
    """No schedule: every second counts."""

    def between(self, start: int, end: int) -> int:
        return max(0, end - start)

    def after(self, start: int, seconds: int) -> int:
        return start + seconds


Hours = Schedule | RoundTheClock


def schedule(tables: Tables, sys_id: str, timezone: str) -> Hours:
    """The schedule of that id; a floating one is read in *timezone*. Without one, round the clock."""
    found = tables.find("cmn_schedule", sys_id) if sys_id else None
    if found is None:
        return RoundTheClock()
    table, row = found
    zone = zone_of(row[table.at["time_zone"]] or timezone)
    return Schedule(list(_entries(tables, sys_id, frozenset())), zone)


def _entries(tables: Tables, sys_id: str, below: frozenset[str]) -> Iterator[Entry]:
    if not sys_id or sys_id in below:
        return
    spans = tables["cmn_schedule_span"]
    for row in spans.with_value("schedule", sys_id):
        yield _entry(spans.values(row))
    others = tables["cmn_other_schedule"]
    for row in others.with_value("schedule", sys_id):
        values = others.values(row)
        for entry in _entries(tables, values["child_schedule"], below | {sys_id}):
            yield entry if values["type"] != "exclude" else _excluding(entry)
    found = tables.find("cmn_schedule", sys_id)
    if found is not None:
        yield from _entries(tables, found[1][found[0].at["parent"]], below | {sys_id})


def _excluding(entry: Entry) -> Entry:
    return Entry(
        entry.first, entry.until, entry.repeats, entry.days, entry.opens, entry.closes, is_excluded=True
    )


def _entry(values: dict[str, str]) -> Entry:
    begin, end = (_moment(values[name]) for name in ("start_date_time", "end_date_time"))
    opens = begin.hour * 60 + begin.minute
    closes = opens + max(0, int((end - begin).total_seconds()) // 60)
    if values["all_day"] == "true":
        opens, closes = 0, DAY_MINUTES * max(1, (end.date() - begin.date()).days + 1)
    until = values["repeat_until"][:8]
    return Entry(
        first=begin.date(),
        until=datetime.strptime(until, "%Y%m%d").date() if until.isdigit() else None,  # noqa: DTZ007 (local)
        repeats=values["repeat_type"],
        days=values["days_of_week"],
        opens=opens,
        closes=closes,
        is_excluded=values["type"] == "excluded",
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 (the schedule's zone)


def _without(span: tuple[int, int], begin: int, end: int) -> list[tuple[int, int]]:
    parts = [(span[0], min(span[1], begin)), (max(span[0], end), span[1])]
    return [part for part in parts if part[0] < part[1]]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
