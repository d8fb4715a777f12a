"""Judge one condition on the plain values of one record: for objectives, actions and other small numbers.

The clocks judge columns of tickets at once (see the masks beside this file); the meaning is the same, rules:
Conditions. Nothing here knows of steps, so `changed` never holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from connector.model.instant import Instant
from connector.model.record import Reference, Value
from connector.rules.fields import fold
from connector.rules.patterns import Pattern, compile_pattern
from connector.rules.rulebook import All, Any_, Changed, Condition, Not, Op, Test

Inside = Callable[[str, Instant], bool]  # calendar's name, instant → open then?


def holds(condition: Condition | None, values: Mapping[str, Value], inside: Inside | None = None) -> bool:
    """Whether *condition* holds for a record with these field *values*; None always holds.

    *inside* answers `inside:` and `outside:`; without it they raise ValueError.
    """
    match condition:
        case None:
            return True
        case All(parts):
            return all(holds(part, values, inside) for part in parts)
        case Any_(parts):
            return any(holds(part, values, inside) for part in parts)
        case Not(part):
            return not holds(part, values, inside)
        case Changed():
            return False
        case Test():
            value = values.get(condition.field)
            if condition.op is Op.CONTAINS and isinstance(value, list | tuple):
                return _is_one_of(spellings(value), condition.values)  # of a list it means membership
            return passes(condition, spellings(value), inside)


def spellings(value: Value) -> tuple[Any, ...]:
    """What a test may find in the field: nothing where it is empty, each member of a list, a reference's id
    and name; text without case."""
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return tuple(spelling for member in value for spelling in spellings(member))
    if isinstance(value, Reference):
        return tuple(fold(word) for word in (value.id, value.name) if word)
    return (fold(value),) if isinstance(value, str) else (value,)


def passes(test: Test, found: tuple[Any, ...], inside: Inside | None = None) -> bool:
    """Whether a field that holds these spellings passes *test*."""
    wanted = test.values
    match test.op:
        case Op.IN:
            return _is_one_of(found, wanted)
        case Op.NOT_IN:
            return not _is_one_of(found, wanted)
        case Op.SET:
            return bool(found) == bool(wanted[0])
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return any(_compares(test.op, value, wanted[0]) for value in found)
        case Op.CONTAINS:
            return any(_contains(value, part) for value in found for part in wanted)
        case Op.STARTS_WITH:
            return any(str(value).startswith(str(part)) for value in found for part in wanted)
        case Op.MATCHES:
            return any(_pattern(wanted[0]).found_in(str(value)) for value in found)
        case Op.INSIDE | Op.OUTSIDE:
            return any(_is_open(wanted[0], value, inside) == (test.op is Op.INSIDE) for value in found)


def _is_one_of(found: tuple[Any, ...], wanted: Iterable[Any]) -> bool:
    return any(value in found if value is not None else not found for value in wanted)


def _compares(op: Op, value: Any, bound: Any) -> bool:
    if isinstance(value, str) != isinstance(bound, str):
        return False  # a number field that holds a word is neither below nor above anything
    match op:
        case Op.LT:
            return bool(value < bound)
        case Op.LE:
            return bool(value <= bound)
        case Op.GT:
            return bool(value > bound)
        case _:
            return bool(value >= bound)


def _contains(value: Any, part: Any) -> bool:
    return str(part) in value if isinstance(value, str) else bool(value == part)


@lru_cache
def _pattern(text: str) -> Pattern:
    return compile_pattern(text)


def _is_open(calendar: str, at: Instant, inside: Inside | None) -> bool:
    if inside is None:
        raise ValueError(f"no calendars are at hand to judge `inside: {calendar}`")
    return inside(calendar, at)
