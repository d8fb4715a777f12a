"""The enacted text of an agreement: everything it says, resolved, as canonical JSON; and its hash.

Two texts are equal exactly when the agreements say the same. Where in a file it stands, how a length is
written, and the order in which a condition's parts stand make no difference; the status, `valid.to`, the
title and the review are no part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any

from connector.rules.rulebook import (
    Agreement,
    All,
    Any_,
    BusinessDays,
    Calendar,
    Changed,
    Derive,
    FieldDue,
    FieldTime,
    NoTarget,
    Op,
    OpenTime,
    Test,
)
from connector.rules.uses import used_by

_ELSEWHERE = frozenset({"place", "hash", "text", "reconcile_with"})  # no figure depends on them
_UNMEASURED = _ELSEWHERE | {"status", "valid_until", "title", "review"}
_SPELLING = frozenset({"type", "written"})
_PLAIN = frozenset({str, int, float, bool, type(None)})
_SPELT = (Test, Changed, OpenTime, NoTarget, FieldTime, FieldDue, BusinessDays)


def canonical(value: Any) -> str:
    """*value* as JSON in the one form that equal values have."""
    return _json(_data(value))


def _json(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """The SHA-256 of *text*, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def enacted(
    agreements: Sequence[Agreement], calendars: Mapping[str, Calendar], derives: Mapping[str, Derive]
) -> tuple[Agreement, ...]:
    """*agreements* with their enacted text and its hash; calendars and derived fields are spelt out in it."""
    weeks = {name: _data(calendar) for name, calendar in calendars.items()}
    tables = {name: _data(derive) for name, derive in derives.items()}
    found = []
    for agreement in agreements:
        used = used_by(agreement, calendars, derives)
        terms = _fields_of(agreement, _UNMEASURED)
        terms["calendars"] = {name: weeks[name] for name in used.calendars}
        terms["derives"] = {name: tables[name] for name in used.derives}
        text = _json(terms)
        found.append(replace(agreement, text=text, hash=digest(text)))
    return tuple(found)


def only_adds_future_dates(old: str, new: str, today: date) -> bool:
    """Do the enacted texts *old* and *new* differ only by dates after *today* that calendars gained?"""
    before, after = json.loads(old), json.loads(new)
    calendars, later = before.pop("calendars"), after.pop("calendars")
    if before != after or calendars.keys() != later.keys():
        return False
    return all(_only_gains(calendars[name], later[name], today.isoformat()) for name in calendars)


def _only_gains(before: dict[str, Any], after: dict[str, Any], today: str) -> bool:
    days = [_dates(calendar) for calendar in (before, after)]
    if before != after:
        return False
    old, new = days
    return all(new.get(day) == old[day] for day in old) and all(
        day[1] > today for day in new.keys() - old.keys()
    )


def _dates(calendar: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The calendar's dates, taken out of it."""
    holidays = {("holiday", day): True for day in calendar.pop("holidays", ())}
    return holidays | {("special", day): hours for day, hours in calendar.pop("special", {}).items()}


def _data(value: Any) -> Any:
    """*value* as plain data; of dataclasses what equals its default is left out, so that a field added by a
    later release changes no hash."""
    if type(value) in _PLAIN:
        return value
    match value:
        case All() | Any_():
            return {"is": type(value).__name__, "parts": sorted(map(_data, value.parts), key=_json)}
        case Test(op=Op.IN | Op.NOT_IN):
            values = sorted(map(_data, value.values), key=_json)
            return {"is": "Test", "field": value.field, "op": value.op.value, "values": values}
        case Enum():
            return value.value
        case Fraction():
            return str(value)
        case date():
            return value.isoformat()
        case frozenset() | set():
            return sorted(_data(item) for item in value)
        case Mapping():
            return {str(_data(key)): _data(item) for key, item in value.items()}
        case list() | tuple():
            return [_data(item) for item in value]
    if is_dataclass(value):
        without = _ELSEWHERE | (_SPELLING if isinstance(value, _SPELT) else frozenset())
        return {"is": type(value).__name__, **_fields_of(value, without)}
    return value


def _fields_of(value: Any, without: frozenset[str]) -> dict[str, Any]:
    found = {}
    for each in fields(value):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if each.name not in without and getattr(value, each.name) != default:
            found[each.name] = _data(getattr(value, each.name))
    return found
