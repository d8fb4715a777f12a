"""Rulebook values written again as the language writes them. The way back of `values` and `conditions`."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from connector.model.instant import format_instant
from connector.model.kind import FieldType
from connector.rules.rulebook import All, Any_, Changed, Condition, Not, Op, Test
from connector.rules.values import write_length


def number(value: Fraction) -> str:
    """An exact decimal where there is one, else twelve digits of it."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):.12f}"
    return text.rstrip("0").rstrip(".")


def percent(share: Fraction) -> str:
    """`99.95%`."""
    return f"{number(share * 100)}%"


def scalar(value: Any, kind: FieldType | None) -> str | None:
    """A typed value as it is written in a condition."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is FieldType.DATETIME:
        return format_instant(value)
    if kind is FieldType.DURATION:
        return write_length(value)
    return str(value)


def condition(tree: Condition) -> dict[str, Any]:
    """The mapping that reads as *tree*."""
    match tree:
        case All(parts):
            return _merged([condition(part) for part in parts], "all")
        case Any_(parts):
            return {"any": [condition(part) for part in parts]}
        case Not(part):
            return {"not": condition(part)}
        case Changed():
            return {tree.field: _change(tree)}
        case Test():
            return {tree.field: _test(tree)}


def _merged(parts: list[dict[str, Any]], word: str) -> dict[str, Any]:
    keys = [key for part in parts for key in part]
    if len(keys) == len(set(keys)):
        return {key: value for part in parts for key, value in part.items()}
    return {word: parts}


def _test(test: Test) -> Any:
    kind = FieldType.STRING if test.op in (Op.SET, Op.MATCHES, Op.INSIDE, Op.OUTSIDE) else test.type
    written = [scalar(value, kind) for value in test.values]
    if test.op is Op.IN:
        return written[0] if len(written) == 1 else written
    if test.op is Op.NOT_IN:
        return {"not_in": written}
    return {str(test.op): written[0]}


def _change(changed: Changed) -> dict[str, Any]:
    sides = {"from": changed.old, "to": changed.new}
    given = {
        word: scalar(values[0], changed.type)
        if len(values) == 1
        else [scalar(v, changed.type) for v in values]
        for word, values in sides.items()
        if values is not None
    }
    return given or {"changed": "true"}
