"""Working hours: open time between two instants, and the instant after so much of it, walked day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_SEARCH = 3660


class Calendar:
    """Hours of the week in a time zone, without the holidays. `hours` maps a day to (opens, closes) pairs."""

    def __init__(
        self, zone: str, hours: Mapping[str, Sequence[tuple[str, str]]], holidays: Sequence[str] = ()
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._hours = [[(_minutes(a), _minutes(b)) for a, b in hours.get(day, ())] for day in DAYS]
        self._holidays = {date.fromisoformat(day) for day in holidays}
        self._known: dict[date, list[tuple[int, int]]] = {}

    def between(self, start: int, end: int) -> int:
        """Open milliseconds between two instants."""
        return sum(max(0, min(closes, end) - max(opens, start)) for opens, closes in self._spans(start, end))

    def after(self, start: int, length: int) -> int:
        """The earliest instant at which so much open time has passed since `start`."""
        left = length
        for opens, closes in self._spans(start, None):
            begin = max(opens, start)
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        raise ValueError("the calendar never opens")

    def is_open(self, at: int) -> bool:
        return any(opens <= at < closes for opens, closes in self._spans(at, at + 1))

    def _spans(self, start: int, end: int | None) -> Iterator[tuple[int, int]]:
        """The open hours that end after `start` and begin before `end`, in order."""
        day = datetime.fromtimestamp(start / 1000, self._zone).date() - timedelta(days=1)
        for _ in range(LONGEST_SEARCH):
            for opens, closes in self._day(day):
                if end is not None and opens >= end:
                    return
                if closes > start:
                    yield opens, closes
            day += timedelta(days=1)

    def _day(self, day: date) -> list[tuple[int, int]]:
        if day not in self._known:
            open_hours = [] if day in self._holidays else self._hours[day.weekday()]
            self._known[day] = [(self._at(day, a), self._at(day, b)) for a, b in open_hours]
        return self._known[day]

    def _at(self, day: date, minutes: int) -> int:
        moved = day + timedelta(days=minutes // 1440)
        moment = datetime(
            moved.year, moved.month, moved.day, minutes % 1440 // 60, minutes % 60, tzinfo=self._zone
        )
        return round(moment.timestamp() * 1000)


class Always:
    """The default calendar: round the clock, every day."""

    def between(self, start: int, end: int) -> int:
        return max(0, end - start)

    def after(self, start: int, length: int) -> int:
        return start + length

    def is_open(self, _: int) -> bool:
        return True


Hours = Calendar | Always


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
