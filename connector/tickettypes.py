"""The types of fields that no kind declares: what their values speak for, and what the rules ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connector.evaluate.values import fault
from connector.model.kind import FieldType, Kind
from connector.model.record import Reference, Value
from connector.rules.loader import rule_files
from connector.rules.reading import Reading
from connector.yamldoc import read_file


def type_of_value(value: Value) -> FieldType | None:
    """The type that a value of an undeclared field speaks for; None: empty, it speaks for none."""
    match value:
        case None | "":
            return None
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case float():
            return FieldType.NUMBER
        case list():
            return FieldType.LIST
        case dict() | Reference():
            return FieldType.REFERENCE
    return FieldType.STRING if fault(value, FieldType.DATETIME) else FieldType.DATETIME


_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)


def wider(one: FieldType | None, other: FieldType | None) -> FieldType:
    """The type that holds the values of both; an empty value fits any."""
    if one is None or other is None or one is other:
        return one or other or _UNKNOWN
    if one is _UNKNOWN or other is _UNKNOWN:
        return other if one is _UNKNOWN else one
    if one in _NUMBERS and other in _NUMBERS:
        return FieldType.NUMBER
    return FieldType.REFERENCE if FieldType.REFERENCE in (one, other) else FieldType.STRING


_UNKNOWN = FieldType.TEXT  # no value yet: nothing speaks against any use


def types_by_use(rules: Iterable[Path], kinds: Mapping[str, Kind]) -> dict[str, FieldType]:
    """The fields that no kind declares and that the *rules* use as numbers, datetimes or lengths of time."""
    declared = {name for kind in kinds.values() for name in kind.fields}
    uses: dict[str, FieldType] = {}
    for file in rule_files(Reading(), rules):
        for document in read_file(file):
            uses.update(_uses(document.data))
    return {name: kind for name, kind in uses.items() if name not in declared}


def _uses(data: Any) -> Iterator[tuple[str, FieldType]]:
    below = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for part in below:
        yield from _uses(part)
    if isinstance(data, dict):
        for key, kind in (("time", FieldType.DURATION), ("until", FieldType.DATETIME)):
            given = data.get(key)
            if isinstance(given, dict) and isinstance(given.get("field"), str):
                yield given["field"], kind
        start_at = data.get("start_at")
        if isinstance(start_at, str) and start_at != "match":
            yield start_at, FieldType.DATETIME
        for name, test in data.items():
            if isinstance(test, dict) and {"inside", "outside"} & test.keys():
                yield name, FieldType.DATETIME
            elif isinstance(test, dict):
                kinds = (_of_bound(test[word]) for word in sorted(_ORDERS & test.keys()))
                yield from ((name, kind) for kind in kinds if kind)


_ORDERS = frozenset({"lt", "le", "gt", "ge"})


def _of_bound(bound: object) -> FieldType | None:
    """What a field is that is compared with a bound: one word in a file must not turn its numbers into
    text."""
    if not isinstance(bound, str):
        return None
    for kind in (FieldType.NUMBER, FieldType.DATETIME, FieldType.DURATION):
        if fault(bound, kind) is None:
            return kind
    return None
