"""Conditions as trees: typed and frozen, to be judged without looking anything up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.errors import Position
from connector.model.kind import FieldType


class Op(StrEnum):
    """Tests of one field (rules: Conditions). `is` and `in` both become IN with one or more values."""

    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"  # values[0] is a linear-time pattern, found anywhere, without case
    SET = "set"  # values[0] is a bool
    INSIDE = "inside"  # values[0] is a calendar's name
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one field.

    *values* are typed by the field: Instants for datetimes, milliseconds for durations, numbers for numbers,
    booleans for booleans, text folded to lower case for the rest; None means empty.
    """

    field: str
    op: Op
    values: tuple[Any, ...]
    place: Position
    type: FieldType | None = None  # the field's, so that values can be written as people write them


@dataclass(frozen=True, slots=True)
class Changed:
    """Holds at a step where one recorded change of *field* matches both *old* and *new* (None: any value;
    values typed as in Test)."""

    field: str
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None
    place: Position
    type: FieldType | None = None


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts it always holds."""

    parts: tuple[Condition, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 (the name of its counterpart is taken by typing)
    """At least one part holds."""

    parts: tuple[Condition, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition
    place: Position


Condition = Test | Changed | All | Any_ | Not
