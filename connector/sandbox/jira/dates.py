"""Dates as Jira writes and reads them: an offset without colon, JQL literals in the account's time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

PERIOD_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_JIRA = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}")
_LITERAL = re.compile(r"(\d{4})([/-])(\d{1,2})\2(\d{1,2})(?: (\d{1,2}):(\d{1,2}))?")
_PERIOD = re.compile(r"[+-]?(?:\d+[mhdwM]\s*)+")
_PART = re.compile(r"(\d+)([mhdwM])")
INVALID = (
    "Date value '{0}' for field '{1}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm',"
    " 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
)


def jira(at: int, zone: ZoneInfo) -> str:
    """`2024-01-02T03:04:05.678+1000` of epoch milliseconds."""
    moment = datetime.fromtimestamp(at // 1000, zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}{moment:%z}"


def without_milliseconds(at: int, zone: ZoneInfo) -> str:
    """`2024-01-02T03:04:05+1000`, as servicedeskapi's `iso8601`."""
    return f"{datetime.fromtimestamp(at // 1000, zone):%Y-%m-%dT%H:%M:%S%z}"


def accepted(text: str) -> int | None:
    """Epoch milliseconds of a date and time sent to a field, or None: exactly three digits and an offset."""
    if not _JIRA.fullmatch(text):
        return None
    try:
        return round(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)
    except ValueError:
        return None


def literal(text: str, zone: ZoneInfo, now: int) -> int | None:
    """Epoch milliseconds of a JQL date literal, or None when it is none. It knows no seconds."""
    found = _LITERAL.fullmatch(text.strip())
    if found:
        year, _, month, day, hour, minute = found.groups()
        try:
            moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=zone)
        except ValueError:
            return None
        return round(moment.timestamp() * 1000)
    return period(text, zone, now)


def period(text: str, zone: ZoneInfo, now: int) -> int | None:
    """The instant a period such as `-5m` or `4w 2d` away from now, or None."""
    bare = text.strip()
    if not is_period(bare):
        return None
    sign = -1 if bare.startswith("-") else 1
    moment, months = now, 0
    for count, unit in _PART.findall(bare):
        if unit == "M":
            months += int(count)
        else:
            moment += sign * int(count) * PERIOD_MS[unit]
    return _plus_months(moment, sign * months, zone) if months else moment


def is_period(text: str) -> bool:
    """Whether a text is a period such as `-5m`."""
    return bool(_PERIOD.fullmatch(text.strip()))


def length(text: str) -> int | None:
    """Milliseconds of a duration such as `2h 30m`, or None."""
    parts = _PART.findall(text)
    if not is_period(text) or any(unit == "M" for _, unit in parts):
        return None
    return sum(int(count) * PERIOD_MS[unit] for count, unit in parts)


def _plus_months(at: int, months: int, zone: ZoneInfo) -> int:
    moment = datetime.fromtimestamp(at / 1000, zone)
    index = moment.year * 12 + moment.month - 1 + months
    day = min(moment.day, 28)
    moved = moment.replace(year=index // 12, month=index % 12 + 1, day=day)
    return round(moved.timestamp() * 1000)


def edge(name: str, zone: ZoneInfo, now: int, offset: str = "") -> int | None:
    """`startOfDay(-1)`, `endOfMonth()` …: epoch milliseconds, or None for an unknown name or offset."""
    found = re.fullmatch(r"(start|end)Of(Day|Week|Month|Year)", name, re.IGNORECASE)
    if not found:
        return None
    side, unit = found[1].lower(), found[2].lower()
    shift = _offset(offset, unit)
    if shift is None:
        return None
    count, step = shift
    moment = _moved(datetime.fromtimestamp(now / 1000, zone), count, step)
    start = _start(moment, unit)
    if side == "end":
        start = _start(_moved(start, 1, unit), unit)
        return round(start.timestamp() * 1000) - 1
    return round(start.timestamp() * 1000)


def _offset(text: str, unit: str) -> tuple[int, str] | None:
    """`-1` (of the function's own unit) or `-1d` as a count and a unit."""
    found = re.fullmatch(r"([+-]?\d+)([mhdwMy]?)", text.strip() or "0")
    if not found:
        return None
    steps = {"": unit, "h": "hour", "m": "minute", "d": "day", "w": "week", "M": "month", "y": "year"}
    return int(found[1]), steps[found[2]]


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    if unit in {"month", "year"}:
        index = moment.year * 12 + moment.month - 1 + count * (12 if unit == "year" else 1)
        return moment.replace(year=index // 12, month=index % 12 + 1, day=min(moment.day, 28))
    return moment + count * timedelta(**{f"{unit}s": 1})


def _start(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)  # weeks begin on Sunday
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def wide(text: str) -> int:
    """Epoch milliseconds of a stored `YYYY-MM-DD HH:MM:SS` (UTC)."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
