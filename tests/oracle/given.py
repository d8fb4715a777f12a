"""Short ways to write tickets, calendars and agreements, as the dataclasses that files become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from connector.errors import Position
from connector.model.instant import parse_instant, parse_length
from connector.model.kind import Field, FieldType, Kind
from connector.model.record import Change, Record
from connector.rules.rulebook import (
    Agreement,
    All,
    Any_,
    Calendar,
    Changed,
    Condition,
    Entry,
    FieldZone,
    Line,
    LineKind,
    Not,
    NoTarget,
    Op,
    OpenTime,
    Rulebook,
    Shift,
    Target,
    Test,
    Time,
    WeekFrom,
)

PLACE = Position("given.yaml", 1)

INCIDENT = Kind(
    "incident",
    "incident record",
    {
        name: Field(name, kind)
        for name, kind in {
            "state": FieldType.STRING,
            "hold_reason": FieldType.STRING,
            "priority": FieldType.INTEGER,
            "plan": FieldType.STRING,
            "region": FieldType.STRING,
            "tags": FieldType.LIST,
            "assignment_group": FieldType.REFERENCE,
            "planned": FieldType.BOOLEAN,
            "opened": FieldType.DATETIME,
            "reported": FieldType.DATETIME,
            "agreed_due": FieldType.DATETIME,
            "agreed_time": FieldType.DURATION,
            "public_reply": FieldType.STRING,
        }.items()
    },
    is_ticket=True,
)
KINDS = {"incident": INCIDENT}

ALWAYS = Calendar("always", "UTC", ((((0, 1440),),) * 7))


def minutes(clock: str) -> int:
    """`09:30` in minutes after midnight."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


def shift(text: str) -> Shift:
    """`09:00-17:30`; an end that is not after the start is the next day's."""
    begin, _, end = text.partition("-")
    first, last = minutes(begin), minutes(end)
    return (first, last if last > first else last + 1440)


def shifts(text: str) -> tuple[Shift, ...]:
    """`09:00-12:00 13:00-17:00`; nothing is closed."""
    return tuple(shift(part) for part in text.split())


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def week(hours: Mapping[str, str]) -> tuple[tuple[Shift, ...], ...]:
    """`{"mon-fri": "09:00-12:00 13:00-17:00"}` as seven tuples of shifts."""
    found: list[tuple[Shift, ...]] = [()] * 7
    for days, text in hours.items():
        first, _, last = days.partition("-")
        for day in range(DAYS.index(first), DAYS.index(last or first) + 1):
            found[day] = shifts(text)
    return tuple(found)


def calendar(
    hours: Mapping[str, str],
    zone: str | FieldZone = "UTC",
    *,
    name: str = "hours",
    holidays: Iterable[str] = (),
    special: Mapping[str, str] | None = None,
    versions: Mapping[str, Mapping[str, str]] | None = None,
    shift_holidays: bool = False,
) -> Calendar:
    """A calendar as its rule file would have it."""
    return Calendar(
        name=name,
        timezone=zone,
        week=week(hours),
        holidays=frozenset(date.fromisoformat(day) for day in holidays),
        special={
            date.fromisoformat(d): tuple(shift(s) for s in t.split()) for d, t in (special or {}).items()
        },
        shift_holidays=shift_holidays,
        versions=tuple(WeekFrom(date.fromisoformat(d), week(h)) for d, h in sorted((versions or {}).items())),
    )


# ------------------------------------------------------------------------------- conditions


def is_(field: str, *values: Any) -> Test:
    """The field holds one of *values*."""
    return Test(field, Op.IN, values, PLACE)


def is_not(field: str, *values: Any) -> Test:
    return Test(field, Op.NOT_IN, values, PLACE)


def tested(field: str, op: Op, *values: Any) -> Test:
    return Test(field, op, values, PLACE)


def changed(field: str, *, old: tuple[Any, ...] | None = None, new: tuple[Any, ...] | None = None) -> Changed:
    return Changed(field, old, new, PLACE)


def all_of(*parts: Condition) -> All:
    return All(parts, PLACE)


def any_of(*parts: Condition) -> Any_:
    return Any_(parts, PLACE)


def not_(part: Condition) -> Not:
    return Not(part, PLACE)


OPEN = is_not("state", "resolved", "closed", "cancelled")
DONE = is_("state", "resolved", "closed")
GONE = is_("state", "cancelled")
HELD = is_("state", "on_hold")

# ----------------------------------------------------------------------------------- targets


def time_of(written: str | Time) -> Time:
    if isinstance(written, str):
        return NoTarget() if written == "none" else OpenTime(parse_length(written), written)
    return written


def entry(
    time: str | Time,
    when: Condition | None = None,
    *,
    calendar: str = "hours",
    on_goal_change: str | None = None,
) -> Entry:
    """A row of `within`."""
    return Entry(when or all_of(), time_of(time), calendar, PLACE, on_goal_change)


def line(written: str) -> Line:
    """`75%`, `30m before`, `2h after`."""
    if written.endswith("%"):
        return Line(written, LineKind.PERCENT, Fraction(written[:-1]) / 100, None, (), PLACE)
    length, _, kind = written.partition(" ")
    return Line(written, LineKind(kind), None, parse_length(length), (), PLACE)


def target(
    *entries: Entry | str, name: str = "resolution", lines: Iterable[str] = (), **settings: Any
) -> Target:
    """A target that runs while the ticket is open and stops when it is resolved, unless told otherwise."""
    within = tuple(entry(e) if isinstance(e, str) else e for e in entries)
    given: dict[str, Any] = {"start": OPEN, "stop": DONE, "cancel": GONE} | settings
    return Target(name, PLACE, within, lines=tuple(line(written) for written in lines), **given)


def agreement(*targets: Target, name: str = "desk", version: int = 1, **settings: Any) -> Agreement:
    given: dict[str, Any] = {
        "type": "sla",
        "title": "",
        "status": "enacted",
        "timezone": "UTC",
        "valid_from": None,
        "valid_until": None,
        "kinds": ("incident",),
        "where": None,
        "objectives": {},
        "exclude": (),
        "calendar": "hours",
        "hash": f"{name}-{version}",
    }
    named = {one.name: one for one in targets}
    return Agreement(name=name, version=version, place=PLACE, targets=named, **(given | settings))


def book(*agreements: Agreement, calendars: Iterable[Calendar] = (), **rest: Any) -> Rulebook:
    """A rulebook; `hours` is always open unless a calendar of that name is given."""
    named = {"always": ALWAYS, "hours": Calendar("hours", "UTC", ALWAYS.week)} | {
        c.name: c for c in calendars
    }
    ordered = tuple(sorted(agreements, key=lambda one: (one.name, one.version)))
    return Rulebook(ordered, named, **rest)


# ------------------------------------------------------------------------------------ tickets


def ticket(
    opened: str | None, *changes: tuple[str, Mapping[str, Any]], key: str = "INC1", **first: Any
) -> Record:
    """A ticket told forwards: its first fields, then at each time what became of which field."""
    fields: dict[str, Any] = {"state": "new"} | first
    fields["opened"] = None if opened is None else parse_instant(opened)
    history: list[Change] = []
    for at, values in changes:
        for name, value in values.items():
            history.append(Change(parse_instant(at), name, fields.get(name), value, seq=len(history)))
            fields[name] = value
    return Record("incident", "acme", key.lower(), key, fields, tuple(history))
