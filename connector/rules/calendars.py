"""Calendar documents: opening hours, holidays, special days and their versions (rules: Calendars).

How open time is counted is not here (see `connector.evaluate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field as Key
from pydantic import WithJsonSchema

from connector.model.instant import Instant, Millis, to_datetime
from connector.model.kind import FieldType
from connector.rules.fields import Fields
from connector.rules.reading import Form, Reading, Spot, shaped, unknown
from connector.rules.rulebook import Calendar, FieldZone, Shift, WeekFrom
from connector.rules.values import WrongValue, a, clock_minutes, read_date, read_length, shown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY: tuple[Shift, ...] = ((0, 1440),)
ALWAYS = Calendar("always", "UTC", (WHOLE_DAY,) * 7)
WARN_BEFORE_LIST_ENDS = timedelta(days=90)

Week = tuple[tuple[Shift, ...], ...]
_HOURS = {
    "anyOf": [
        {"type": "string", "pattern": r"^\d{1,2}:\d\d-\d{1,2}:\d\d$"},
        {"type": "array", "items": {"type": "string", "pattern": r"^\d{1,2}:\d\d-\d{1,2}:\d\d$"}},
    ]
}
HoursOfDays = Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": _HOURS})]
Zone = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "default": {"type": "string"}},
                    "required": ["field"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Dates = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "string", "format": "date"}})]
Versions = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"from": {"type": "string", "format": "date"}, "hours": {"type": "object"}},
                "required": ["from", "hours"],
                "additionalProperties": False,
            },
        }
    ),
]


class CalendarForm(Form):
    """Opening hours that targets count by."""

    needs: ClassVar[tuple[str, ...]] = ("hours",)
    calendar: str
    timezone: Zone = Key(None, description="an IANA zone, or the ticket's own by a field with a default")
    hours: HoursOfDays = Key(None, description="by days: mon-fri, sat; a shift, a list of shifts or []")
    day: str | None = Key(None, description="the length of a working day, for wd")
    holidays: Dates = Key(None, description="closed local dates; `accord holidays` writes them")
    special: HoursOfDays = Key(None, description="hours of single dates; [] is closed")
    holiday_rules: Literal["date", "shift"] = Key(
        "date", description="date: a holiday rules its whole local date; shift: the shifts that start on it"
    )
    versions: Versions = Key(None, description="weekly hours in force from a date on")


class _VersionForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("from", "hours")
    from_: Any = Key(None, alias="from")
    hours: Any = None


def read_calendar(reading: Reading, spot: Spot, fields: Fields) -> Calendar | None:
    """The calendar at *spot*; None for no mapping. *fields* are those that a zone may come from."""
    before = len(reading.problems)
    form = shaped(reading, spot, CalendarForm)
    if form is None:
        return None
    name = str(spot.data["calendar"])
    if name == ALWAYS.name:
        reading.wrong(
            "doubled-name", spot / "calendar", "the calendar 'always' is built in", "choose another name"
        )
    week = read_week(reading, spot / "hours") if "hours" in form else ((),) * 7
    calendar = Calendar(
        name=name,
        timezone=_zone(reading, spot, fields),
        week=week,
        day=_day(reading, spot / "day") if form.day is not None else None,
        holidays=frozenset(_holidays(reading, spot / "holidays")) if "holidays" in form else frozenset(),
        special=dict(_special(reading, spot / "special")) if "special" in form else {},
        shift_holidays=form.holiday_rules == "shift",
        versions=_versions(reading, spot / "versions") if "versions" in form else (),
        place=spot.place,
    )
    never = not any((*week, *calendar.special.values(), *_later_days(calendar)))
    if "hours" in form and never and len(reading.problems) == before:
        reading.wrong("no-hours", spot / "hours", f"the calendar {name!r} is never open", "give it hours")
    return calendar


def _later_days(calendar: Calendar) -> Iterator[tuple[Shift, ...]]:
    for version in calendar.versions:
        yield from version.week


def read_week(reading: Reading, spot: Spot) -> Week:
    """`{mon-fri: "09:00-17:30", sat: […]}` as seven tuples of shifts, Monday first."""
    if not isinstance(spot.data, dict):
        hint = 'write {mon-fri: "09:00-17:30"}'
        reading.wrong("bad-hours", spot, f"hours are a mapping of days, not {shown(spot.data)}", hint)
        return ((),) * 7
    week: dict[int, tuple[Shift, ...]] = {}
    for written, below in spot.pairs():
        shifts = _shifts(reading, below)
        for day in _days(reading, written, below):
            if day in week:
                what = f"`{written}`: {DAYS[day]} stands in `hours` a second time"
                reading.wrong("doubled-day", below.key_place, what, "put all shifts of a day into one list")
            week[day] = shifts
    return tuple(week.get(day, ()) for day in range(7))


def _days(reading: Reading, written: str, spot: Spot) -> list[int]:
    first, dash, last = written.strip().lower().partition("-")
    ends = [DAYS.index(day) for day in (first, last if dash else first) if day in DAYS]
    if len(ends) < 2:
        hint = "write mon-fri" if dash else f"the days are {', '.join(DAYS)}"
        reading.wrong("bad-day", spot.key_place, f"{written!r} names no days", hint)
        return []
    count = (ends[1] - ends[0]) % 7 + 1
    return [(ends[0] + offset) % 7 for offset in range(count)]


def _shifts(reading: Reading, spot: Spot) -> tuple[Shift, ...]:
    spots = list(spot.items()) if isinstance(spot.data, list) else [spot]
    shifts = []
    for each in spots:
        try:
            shifts.append(_shift(each.data))
        except WrongValue as wrong:
            reading.wrong(wrong.code, each, wrong.what, wrong.hint)
    return tuple(sorted(shifts))


def _shift(text: object) -> Shift:
    first, dash, last = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not dash:
        raise WrongValue(f"{shown(text)} is no shift", "write 09:00-17:30, [] for closed", "bad-shift")
    start, end = clock_minutes(first.strip()), clock_minutes(last.strip(), end=True)
    if start == end:
        hint = "write 00:00-24:00 for a whole day, [] for closed"
        raise WrongValue(f"the shift {text!r} has no length", hint, "empty-shift")
    return start, end if end > start else end + 1440


def _zone(reading: Reading, spot: Spot, fields: Fields) -> str | FieldZone:
    if not spot.has("timezone"):
        what = f"the calendar {spot.data['calendar']!r} names no timezone and is read in UTC"
        reading.doubt("utc-assumed", spot, what, "add `timezone: Europe/London`")
        return "UTC"
    zone = spot / "timezone"
    if isinstance(zone.data, dict):
        return _field_zone(reading, zone, fields)
    return read_zone(reading, zone)


def read_zone(reading: Reading, spot: Spot) -> str:
    """The IANA zone written at *spot*; UTC, with the error noted, where there is none of that name."""
    if isinstance(spot.data, str) and is_zone(spot.data):
        return spot.data
    hint = unknown(str(spot.data), available_timezones()) or "write an IANA name such as Europe/London"
    reading.wrong("unknown-timezone", spot, f"there is no time zone {shown(spot.data)}", hint)
    return "UTC"


@cache
def is_zone(name: str) -> bool:
    """Is *name* a zone of the IANA data?"""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; no such name; a folder of the zone data
        return False
    return True


class _FieldZoneForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("field", "default")
    field: str = ""
    default: str = "UTC"


def _field_zone(reading: Reading, spot: Spot, fields: Fields) -> FieldZone:
    form = shaped(reading, spot, _FieldZoneForm)
    assert form is not None  # it is a mapping
    if "field" in form:
        try:
            kind = fields.type_of(form.field)
            if kind not in (FieldType.STRING, FieldType.TEXT, FieldType.REFERENCE):
                raise WrongValue(
                    f"`{form.field}` is {a(kind)} and cannot name a time zone", None, "wrong-type"
                )
        except WrongValue as wrong:
            reading.wrong(wrong.code, spot / "field", wrong.what, wrong.hint)
    default = read_zone(reading, spot / "default") if "default" in form else "UTC"
    return FieldZone(form.field, default)


def _day(reading: Reading, spot: Spot) -> Millis | None:
    try:
        day = read_length(spot.data)
        if not day:
            raise WrongValue("a working day has a length", "write day: 8h", "bad-length")
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None
    return day


def _holidays(reading: Reading, spot: Spot) -> Iterator[date]:
    if not isinstance(spot.data, list):
        reading.wrong("bad-date", spot, "holidays are a list of dates", "write [2026-12-25, 2026-12-26]")
    for item in spot.items():
        if (day := date_at(reading, item)) is not None:
            yield day


def date_at(reading: Reading, spot: Spot) -> date | None:
    """The date at *spot*, None (with the error noted) where there is none."""
    try:
        return read_date(spot.data)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None


def _special(reading: Reading, spot: Spot) -> Iterator[tuple[date, tuple[Shift, ...]]]:
    if not isinstance(spot.data, dict):
        reading.wrong("bad-hours", spot, "special days are a mapping", 'write {2026-12-31: "09:00-12:00"}')
    for written, below in spot.pairs():
        try:
            yield read_date(written), _shifts(reading, below)
        except WrongValue as wrong:
            reading.wrong(wrong.code, below.key_place, wrong.what, wrong.hint)


def _versions(reading: Reading, spot: Spot) -> tuple[WeekFrom, ...]:
    if not isinstance(spot.data, list):
        reading.wrong("wrong-type", spot, "versions are a list", "write [{from: 2026-07-01, hours: {…}}]")
    versions: dict[date, WeekFrom] = {}
    for item in spot.items():
        form = shaped(reading, item, _VersionForm)
        if form is None or "from" not in form or "hours" not in form:
            continue
        start = date_at(reading, item / "from")
        week = read_week(reading, item / "hours")
        if start in versions:
            reading.wrong("doubled-name", item / "from", f"two versions begin on {start}")
        elif start is not None:
            versions[start] = WeekFrom(start, week)
    return tuple(versions[start] for start in sorted(versions))


def warn_of_ending_holidays(reading: Reading, spot: Spot, calendar: Calendar, at: Instant) -> None:
    """Warn when the list of holidays is over, or will be within 90 days of *at*."""
    if not calendar.holidays:
        return
    last = max(calendar.holidays)
    if last < to_datetime(at).date() + WARN_BEFORE_LIST_ENDS:
        what = f"the holidays of calendar {calendar.name!r} end with {last}"
        reading.doubt("holidays-end", spot / "holidays", what, "add the coming years, see `accord holidays`")
