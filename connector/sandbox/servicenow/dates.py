"""Dates as the platform keeps and computes them: UTC texts, and the `gs` functions a query value may call.

Stored: `YYYY-MM-DD HH:MM:SS` in UTC (a text that sorts as its instant). The `gs` functions answer in the time
zone of the user who asks, and their result is UTC again.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

STORED = "%Y-%m-%d %H:%M:%S"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stored(at: int) -> str:
    """The platform's text for epoch milliseconds, truncated to the second."""
    return _stored(at // 1000)


@lru_cache(maxsize=65536)
def _stored(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(STORED)


def instant(text: str) -> int:
    """Epoch milliseconds of a stored text; ValueError when it is none."""
    return int(datetime.strptime(text, STORED).replace(tzinfo=UTC).timestamp() * 1000)


def accepted(text: str, zone: tzinfo = UTC) -> str:
    """What a date-time column holds after being sent `text`: UTC, or nothing when it is no date."""
    candidate = text.strip().replace("T", " ").removesuffix("Z")
    for form in (STORED, "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            moment = datetime.strptime(candidate, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return moment.astimezone(UTC).strftime(STORED)
    return ""


def zone_of(name: str) -> tzinfo:
    """The zone of a user; an empty or unknown name is the system's own, GMT."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def shown(text: str, zone: tzinfo) -> str:
    """A stored date-time in a user's zone."""
    if zone is UTC or not text:
        return text
    moment = datetime.strptime(text, STORED).replace(tzinfo=UTC)
    return moment.astimezone(zone).strftime(STORED)


def duration(seconds: int) -> str:
    """A duration as the platform stores it: a date-time that far after the epoch."""
    return (EPOCH + timedelta(seconds=max(0, seconds))).strftime(STORED)


def duration_shown(text: str) -> str:
    """A stored duration in words, as `display_value` has it."""
    try:
        seconds = instant(text) // 1000
    except ValueError:
        return text
    units = (("Day", seconds // 86400), ("Hour", seconds // 3600 % 24), ("Minute", seconds // 60 % 60))
    words = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in units if count]
    left = seconds % 60
    if not words:
        return f"{left} Second{'' if left == 1 else 's'}"
    return " ".join(words)


# -- gs functions

_CALL = re.compile(r"^javascript:\s*gs\.(\w+)\((.*)\)\s*;?\s*$", re.DOTALL)


class Asker:
    """Who asks and when: what the `gs` functions need to know."""

    def __init__(self, now: int, user_id: str, user_name: str, zone: tzinfo) -> None:
        self.user_id, self.user_name, self.zone = user_id, user_name, zone
        self.local = datetime.fromtimestamp(now // 1000, zone)


def resolve(value: str, asker: Asker) -> str:
    """A query value with its `javascript:gs.…()` call replaced by what it gives.

    A call the sandbox does not know gives an empty text, as a script error does.
    """
    if not value.startswith("javascript:"):
        return value
    call = _CALL.match(value)
    if call is None:
        return ""
    name, raw = call.groups()
    arguments = [part.strip().strip("'\"") for part in raw.split(",")] if raw.strip() else []
    if name == "getUserID":
        return asker.user_id
    if name == "getUserName":
        return asker.user_name
    try:
        moment = _moment(name, arguments, asker)
    except (ValueError, IndexError, OverflowError):
        return ""
    return moment.astimezone(UTC).strftime(STORED) if moment else ""


def _moment(name: str, arguments: list[str], asker: Asker) -> datetime | None:
    local = asker.local
    if name == "dateGenerate":
        return _generated(arguments, asker.zone)
    if name in {"now", "nowDateTime", "nowNoTZ"}:
        return local
    ago = re.fullmatch(r"(minutes|hours|days|months|quarters|years)Ago(Start|End)?", name)
    if ago:
        unit = ago[1].removesuffix("s")
        return _edge(unit, _back(local, unit, int(arguments[0])), ago[2])
    span = re.fullmatch(r"(beginning|end)Of(Today|Yesterday|Tomorrow|(?:This|Last|Next)\w+)", name)
    if span:
        return _span(local, span[2], "Start" if span[1] == "beginning" else "End")
    return None


def _generated(arguments: list[str], zone: tzinfo) -> datetime:
    day, clock = arguments[0], (arguments[1] if len(arguments) > 1 else "start")
    clock = {"start": "00:00:00", "end": "23:59:59"}.get(clock, clock)
    return datetime.strptime(f"{day} {clock}", STORED).replace(tzinfo=zone)


def _span(local: datetime, name: str, edge: str) -> datetime | None:
    days = {"Today": 0, "Yesterday": 1, "Tomorrow": -1}
    if name in days:
        return _edge("day", local - timedelta(days=days[name]), edge)
    match = re.fullmatch(r"(This|Last|Next)(Week|Month|Quarter|Year|\d+Months)", name)
    if match is None:
        return None
    unit = match[2].lower()
    count = {"This": 0, "Last": 1, "Next": -1}[match[1]]
    if unit.endswith("months"):
        back = _back(local, "month", int(unit.removesuffix("months")))
        return _edge("month", back, edge) if edge == "Start" else _edge("month", local, edge)
    return _edge(unit, _back(local, unit, count), edge)


def _back(local: datetime, unit: str, count: int) -> datetime:
    plain = {
        "minute": timedelta(minutes=1),
        "hour": timedelta(hours=1),
        "day": timedelta(days=1),
        "week": timedelta(weeks=1),
    }
    if unit in plain:
        return local - count * plain[unit]
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    month = local.year * 12 + local.month - 1 - months
    year, month = divmod(month, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)


def _edge(unit: str, local: datetime, edge: str | None) -> datetime:
    """The first or last second of the unit that holds a moment; the moment itself without an edge."""
    if edge is None:
        return local
    start = _STARTS[unit](local)
    if edge == "Start":
        return start
    return _back(start, unit, -1) - timedelta(seconds=1)


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0)


_STARTS: dict[str, Callable[[datetime], datetime]] = {
    "minute": lambda local: local.replace(second=0),
    "hour": lambda local: local.replace(minute=0, second=0),
    "day": _midnight,
    "week": lambda local: _midnight(local) - timedelta(days=local.weekday()),
    "month": lambda local: _midnight(local).replace(day=1),
    "quarter": lambda local: _midnight(local).replace(month=(local.month - 1) // 3 * 3 + 1, day=1),
    "year": lambda local: _midnight(local).replace(month=1, day=1),
}
