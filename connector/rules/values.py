"""The values of the rule language: lengths, due dates, shares, counts, dates and clock times.

Each reader takes the text as written and raises `WrongValue` with a message and a hint; a calendar that a
value depends on comes in as an argument.
"""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

from connector.model.instant import DAY, HOUR, LONGEST, MINUTE, SECOND, WEEK, Millis
from connector.rules.rulebook import BusinessDays, Calendar, NoTarget, OpenTime, Time

FIRST_YEAR, LAST_YEAR = 1970, 2199

_LENGTH = re.compile(r"(?:(\d{1,7})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?", re.ASCII)
_DAYS = re.compile(r"(\d{1,6})(d|w|wd)", re.ASCII)
_BUSINESS_DAYS = re.compile(
    r"(\d{1,5})bd(?: by (\d{1,2}:\d\d)| (same time))?(?: if before (\d{1,2}:\d\d))?", re.ASCII
)
_LOOSE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)
_UNITS = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std"), HOUR),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), SECOND),
}
_DAY_UNITS = {**dict.fromkeys(("d", "day", "days"), DAY), **dict.fromkeys(("w", "week", "weeks"), WEEK)}


class WrongValue(ValueError):
    """A value that is not what the language allows: what is wrong, how to mend it, and its code."""

    def __init__(self, what: str, hint: str | None = None, code: str = "bad-value") -> None:
        super().__init__(what)
        self.what, self.hint, self.code = what, hint, code


def read_length(text: str) -> Millis:
    """`15m`, `4h`, `1h30m`, `90s` in milliseconds; WrongValue for anything else."""
    match = _LENGTH.fullmatch(text)
    if not match or not text:
        raise WrongValue(f"{text!r} is not a length of time", _length_hint(text), "bad-length")
    units = zip(match.groups(), (HOUR, MINUTE, SECOND), strict=True)
    length = sum(int(number) * unit for number, unit in units if number)
    if length > LONGEST:
        raise WrongValue(f"{text!r} is longer than 100 years", None, "bad-length")
    return length


def write_length(length: Millis) -> str:
    """*length* as the language writes it: `1h30m`, `90s`; whole seconds."""
    hours, rest = divmod(length // SECOND, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _length_hint(text: str) -> str:
    folded = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+", folded, re.ASCII):
        return f"a unit is missing: write {folded}m or {folded}h"
    parts = _LOOSE.findall(folded)
    if parts and "".join(number + unit for number, unit in parts) == folded:
        units = _UNITS | _DAY_UNITS
        if all(unit in units and len(number) < 9 for number, unit in parts):
            total = sum(Fraction(number) * units[unit] for number, unit in parts)
            return f"did you mean {write_length(int(total))!r}?"
    return "write 15m, 4h, 1h30m or 90s"


def read_span(text: object) -> Millis:
    """A stretch of plain time: as `read_length`, and `30d`, `2w` (24 h and 7 × 24 h)."""
    match = re.fullmatch(r"(\d{1,5})([dw])", text, re.ASCII) if isinstance(text, str) else None
    if match:
        return int(match[1]) * (DAY if match[2] == "d" else WEEK)
    if not isinstance(text, str):
        raise WrongValue(f"{shown(text)} is not a length of time", "write 30d or 48h", "bad-length")
    return read_length(text)


def read_time(text: str, calendar: Calendar | None) -> Time:
    """What a `time:` of plain text means under *calendar* (None: unknown, its checks are left out)."""
    if text == "none":
        return NoTarget()
    if match := _BUSINESS_DAYS.fullmatch(text):
        return _business_days(text, match)
    if "bd" in text:
        raise WrongValue(
            f"{text!r} is not a due date",
            "write 2bd, 2bd by 16:00, 2bd same time, each with `if before 10:00` at its end",
            "bad-due-date",
        )
    if match := _DAYS.fullmatch(text):
        return _days(text, int(match[1]), match[2], calendar)
    try:
        return OpenTime(_not_nothing(text, read_length(text)), text)
    except WrongValue as wrong:
        if wrong.code != "bad-length" or wrong.hint != "write 15m, 4h, 1h30m or 90s":
            raise
        hint = "write a length (15m, 4h, 1h30m, 2wd), a due date (2bd), {field: F} or none"
        raise WrongValue(f"{text!r} is not a time", hint, "bad-time") from None


def _business_days(text: str, match: re.Match[str]) -> BusinessDays:
    by, before = (clock_minutes(match[i]) if match[i] else None for i in (2, 4))
    return BusinessDays(int(match[1]), by, match[3] is not None, before, text)


def _days(text: str, number: int, unit: str, calendar: Calendar | None) -> OpenTime:
    if unit == "wd":
        if calendar is None:
            return OpenTime(number * DAY, text)
        if calendar.day is None:
            hint = "add `day: 8h` to the calendar, or write hours"
            raise WrongValue(
                f"{text!r} needs the length of a day of calendar {calendar.name!r}", hint, "no-day"
            )
        return OpenTime(_not_nothing(text, number * calendar.day), text)
    length = number * (DAY if unit == "d" else WEEK)
    if calendar is not None and not calendar.is_always:
        days = number * (1 if unit == "d" else 7)
        hint = f"write '{length // HOUR}h' (open time), '{days}wd' (working days) or '{days}bd' (a due date)"
        what = f"{text!r} is ambiguous on calendar {calendar.name!r}, which is not always open"
        raise WrongValue(what, hint, "ambiguous-days")
    return OpenTime(_not_nothing(text, length), text)


def _not_nothing(text: str, length: Millis) -> Millis:
    if length == 0:
        raise WrongValue(f"{text!r} is no time at all", "write `none` where there is no target", "bad-time")
    if length > LONGEST:
        raise WrongValue(f"{text!r} is longer than 100 years", None, "bad-length")
    return length


def clock_minutes(text: str, *, end: bool = False) -> int:
    """`17:30` in minutes after midnight; `24:00` only as an *end*."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
    hours, minutes = (int(match[1]), int(match[2])) if match else (99, 0)
    whole = end and (hours, minutes) == (24, 0)
    if minutes > 59 or (hours > 23 and not whole):
        hint = "24:00 can only be an end" if text == "24:00" else "write 17:30"
        raise WrongValue(f"{text!r} is not a time of day", hint, "bad-clock-time")
    return hours * 60 + minutes


def read_date(text: object) -> date:
    """`2026-12-25`."""
    try:
        if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise WrongValue(f"{shown(text)} is not a date", "write 2026-12-25", "bad-date") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise WrongValue(f"{shown(text)} is outside the years {FIRST_YEAR} to {LAST_YEAR}", None, "bad-date")
    return day


def read_share(text: object) -> Fraction:
    """`99.95%` as an exact fraction of one."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,12})?)%", text, re.ASCII) if isinstance(text, str) else None
    if not match:
        hint = (
            f"did you mean '{text}%'?"
            if isinstance(text, str) and _is_number(text)
            else "write 95% or 99.95%"
        )
        raise WrongValue(f"{shown(text)} is not a share", hint, "bad-share")
    return Fraction(match[1]) / 100


def read_number(text: object) -> Fraction:
    """`4.2` or `-90`, exact."""
    if not isinstance(text, str) or not _is_number(text):
        raise WrongValue(f"{shown(text)} is not a number", None, "bad-number")
    return Fraction(text)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,12})?", text, re.ASCII) is not None


def a(noun: object) -> str:
    """*noun* with its article."""
    return f"{'an' if str(noun)[:1] in 'aeiou' else 'a'} {noun}"


def shown(data: object) -> str:
    """*data* as an error message shows it, cut where it is long."""
    if data is None:
        return "nothing"
    text = repr(data) if isinstance(data, str) else f"a {'mapping' if isinstance(data, dict) else 'list'}"
    return text if len(text) <= 80 else text[:77] + "…'"
