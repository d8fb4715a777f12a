"""Whether a condition holds on a ticket as it stands."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.model.kind import FieldType
from connector.model.record import Reference
from connector.rules.rulebook import All, Any_, Calendar, Changed, Condition, FieldZone, Not, Op, Test
from tests.oracle.opening import Opening, is_open

if TYPE_CHECKING:
    from tests.oracle.history import View

ORDER = {Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge}
NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)


def holds(condition: Condition | None, view: View) -> bool:
    """An absent condition never holds."""
    match condition:
        case None:
            return False
        case All(parts):
            return all(holds(part, view) for part in parts)
        case Any_(parts):
            return any(holds(part, view) for part in parts)
        case Not(part):
            return not holds(part, view)
        case Changed():
            return has_changed(condition, view)
        case Test():
            return passes(condition, view)


def has_changed(condition: Changed, view: View) -> bool:
    """One recorded change at this instant matches both sides; the opening is a change of `opened`."""
    if view.is_opening:
        recorded = [(None, view.values.get("opened"))] if condition.field == "opened" else []
    else:
        recorded = [(change.old, change.new) for change in view.changes if change.field == condition.field]
    kind = view.types.get(condition.field)
    return any(
        (condition.old is None or is_one_of(normal(old, kind), condition.old))
        and (condition.new is None or is_one_of(normal(new, kind), condition.new))
        for old, new in recorded
    )


def passes(test: Test, view: View) -> bool:
    """One test of one field."""
    value = normal(view.values.get(test.field), view.types.get(test.field))
    match test.op:
        case Op.IN:
            return is_one_of(value, test.values)
        case Op.NOT_IN:
            return not is_one_of(value, test.values)
        case Op.SET:
            return (value is not None) is bool(test.values[0])
    if value is None:
        return False
    match test.op:
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return bool(ORDER[test.op](value, test.values[0]))
        case Op.CONTAINS:
            return contains(value, test.values)
        case Op.STARTS_WITH:
            return any(face.startswith(word) for face in faces(value) for word in test.values)
        case Op.MATCHES:
            return any(re.search(test.values[0], str(face), re.IGNORECASE) for face in faces(value))
        case Op.INSIDE | Op.OUTSIDE:
            opening = opening_of(view.book.calendars[test.values[0]], view)
            return is_open(opening, value) == (test.op is Op.INSIDE)
    raise AssertionError(test.op)


def contains(value: Any, words: tuple[Any, ...]) -> bool:
    """A list contains its members, a text every part of it."""
    if isinstance(value, tuple):
        return is_one_of(value, words)
    return any(str(word) in str(face) for face in faces(value) for word in words)


def opening_of(calendar: Calendar, view: View) -> Opening:
    """The calendar in its zone; one given by the ticket is read at this *view*, else the default."""
    if isinstance(calendar.timezone, FieldZone):
        named = view.values.get(calendar.timezone.field)
        return Opening(calendar, str(named) if is_zone(named) else calendar.timezone.default)
    return Opening(calendar, calendar.timezone)


def is_zone(name: Any) -> bool:
    try:
        return bool(name) and ZoneInfo(str(name)) is not None
    except (KeyError, ValueError, OSError):
        return False


def is_one_of(value: Any, values: tuple[Any, ...]) -> bool:
    """Membership; a list is in when one of its members is, a reference when its id or its name is."""
    if value is None:
        return None in values
    return any(same(face, wanted) for face in faces(value) for wanted in values)


def same(value: Any, wanted: Any) -> bool:
    """Equal, and truth values are not numbers."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def faces(value: Any) -> tuple[Any, ...]:
    """All that stands for the value: the members of a list, id and name of a reference, itself."""
    if isinstance(value, (tuple, frozenset)):
        return tuple(value)
    return (value,)


def normal(value: Any, kind: FieldType | None) -> Any:
    """A value as it is compared: None where not set, text without case, a number in a number field, a tuple
    of a list's members, a set of a reference's id and name."""
    if value is None or value == "" or value == [] or value == ():
        return None
    if isinstance(value, Reference):
        return frozenset(text.lower() for text in (value.id, value.name) if text)
    if isinstance(value, (list, tuple)):
        return tuple(str(member).lower() for member in value)
    if isinstance(value, str):
        return typed(value, kind)
    return value


def typed(text: str, kind: FieldType | None) -> Any:
    """Text in a field of another type is read as that type, where it can be."""
    if kind in NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text.lower()
    if kind is FieldType.BOOLEAN and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text.lower()
