"""Instants and lengths of time, and how they are written at the borders.

Inside, an instant is an `int`: milliseconds since 1970-01-01T00:00:00Z; a length is an `int` of milliseconds.
Calendars and time zones are not here (see `connector.evaluate`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

Instant = int
Millis = int

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR
WEEK: Millis = 7 * DAY
LONGEST: Millis = 100 * 366 * DAY

# What happened before or is asked after these years is a slip of the hand.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_ISO_LENGTH = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?)?", re.IGNORECASE
)


def parse_instant(text: str) -> Instant:
    """The instant that ISO 8601 *text* names; finer than a millisecond is cut.

    Raises ValueError where *text* is no date and time, or has no offset: a time without one could mean
    any of twenty-four hours.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date and time (write 2026-03-02T08:55:00Z)") from None
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no offset (write 2026-03-02T08:55:00Z or …+01:00)")
    try:
        return from_datetime(parsed.astimezone(UTC))
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999") from None


def parse_moment(text: str) -> Instant:
    """As `parse_instant`, for what happens in the years that are reckoned with; ValueError outside them."""
    moment = parse_instant(text)
    if not is_reckoned_with(moment):
        raise ValueError(f"{text!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def is_reckoned_with(instant: Instant) -> bool:
    """Whether *instant* lies in the years from FIRST_YEAR to LAST_YEAR."""
    return _FIRST <= instant < _END


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime, cut to the millisecond."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_FIRST = from_datetime(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
_END = from_datetime(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(milliseconds=instant)


def format_instant(instant: Instant) -> str:
    """*instant* as ISO 8601 in UTC; milliseconds only where there are any."""
    moment = to_datetime(instant)
    spec = "milliseconds" if instant % SECOND else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def parse_length(text: str) -> Millis:
    """The length written as `4h`, `1h30m`, `90s` or ISO 8601 `PT4H`, in milliseconds.

    Raises ValueError for anything else. ISO days and weeks are 24 h and 7 × 24 h.
    """
    length = _length(text.strip())
    if length is None:
        raise ValueError(f"{text!r} is not a length of time (write 4h, 1h30m, 90s or PT4H)")
    if length > LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return length


def _length(text: str) -> Millis | None:
    if (written := _WRITTEN.fullmatch(text)) and text:
        parts = zip(written.groups(), (HOUR, MINUTE, SECOND), strict=True)
        return sum(int(number) * unit for number, unit in parts if number)
    says_something = text.upper() not in ("P", "PT") and not text.upper().endswith("T")
    if (iso := _ISO_LENGTH.fullmatch(text)) and says_something:
        weeks, days, hours, minutes, seconds, fraction = iso.groups()
        whole = zip((weeks, days, hours, minutes, seconds), (WEEK, DAY, HOUR, MINUTE, SECOND), strict=True)
        return sum(int(n) * unit for n, unit in whole if n) + int((fraction or "0")[:3].ljust(3, "0"))
    return None


def format_length(length: Millis) -> str:
    """*length* in words for people: `1 h 10 min`, `45 s`, `-2 min`."""
    sign, rest = ("-" if length < 0 else ""), abs(length)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = rest // SECOND
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    if seconds and not hours:
        parts.append(f"{seconds} s")
    return sign + (" ".join(parts) or "0 min")
