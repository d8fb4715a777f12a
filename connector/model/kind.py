"""Canonical kinds: which fields a record of a kind has, of what type; declared in `mappings/kinds/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """How a canonical field's values are stored and compared (design: Canonical records)."""

    STRING = "string"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"  # int: an Instant
    DURATION = "duration"  # int: milliseconds
    LIST = "list"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind."""

    name: str
    type: FieldType
    meaning: str = ""
    values: tuple[str, ...] = ()  # the canonical values, where they are a closed list
    moves: bool = False  # it moves with time alone: another value is no news


@dataclass(frozen=True, slots=True)
class Kind:
    """A canonical kind of record. `tickets` run clocks; other kinds are read or written only."""

    name: str
    work_product: str
    fields: Mapping[str, Field]
    is_ticket: bool = False
