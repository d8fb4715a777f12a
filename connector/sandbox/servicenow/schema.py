"""The tables of the instance as they are declared: columns, parents, choices. No rows here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

# The declaration's short type names and what sys_dictionary.internal_type says for them.
INTERNAL_TYPES = {
    "string": "string",
    "integer": "integer",
    "decimal": "decimal",
    "boolean": "boolean",
    "datetime": "glide_date_time",
    "date": "glide_date",
    "duration": "glide_duration",
    "journal": "journal_input",
    "reference": "reference",
    "list": "glide_list",
    "html": "html",
    "guid": "GUID",
}
# What other names a dictionary entry made over the API may use for the same types.
ALIASES = {
    "float": "decimal",
    "url": "string",
    "email": "string",
    "choice": "string",
    "translated_text": "string",
    "text": "string",
    "multi_line_text": "string",
    "string_full_utf8": "string",
    "longint": "integer",
    "journal": "journal",
    "due_date": "datetime",
    "percent_complete": "decimal",
    "currency": "decimal",
    "json": "string",
}
LENGTHS = {"guid": 32, "reference": 32, "string": 40, "html": 65000, "list": 4000, "journal": 4000}
UNLIMITED = 40


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    label: str
    length: int = 40
    reference: str = ""
    unique: bool = False

    @property
    def internal_type(self) -> str:
        return INTERNAL_TYPES[self.type]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table by its own columns; those of its parents are added when it is made."""

    name: str
    label: str
    parent: str = ""
    columns: tuple[Column, ...] = ()
    display: str = ""
    prefix: str = ""
    audit: bool = False
    index: frozenset[str] = frozenset()
    base: str = "record"
    hierarchy: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    tables: dict[str, TableDefinition]
    choices: dict[str, dict[str, str]] = field(default_factory=dict)


def base_columns(kind: str) -> tuple[Column, ...]:
    """The columns every table has; a log (`sys_audit`, `sys_journal_field`) is written once and has fewer."""
    columns = (
        Column("sys_id", "guid", "Sys ID", 32),
        Column("sys_created_on", "datetime", "Created"),
        Column("sys_created_by", "string", "Created by", 40),
    )
    if kind == "log":
        return columns
    return (
        *columns,
        Column("sys_updated_on", "datetime", "Updated"),
        Column("sys_updated_by", "string", "Updated by", 40),
        Column("sys_mod_count", "integer", "Updates"),
    )


def column_from_dictionary(entry: dict[str, str]) -> Column:
    """The column that a `sys_dictionary` row describes."""
    kind = next((short for short, name in INTERNAL_TYPES.items() if name == entry["internal_type"]), "")
    kind = kind or ALIASES.get(entry["internal_type"], "string")
    length = int(entry.get("max_length") or 0) or LENGTHS.get(kind, UNLIMITED)
    label = entry.get("column_label") or entry["element"]
    unique = entry.get("unique") == "true"
    return Column(entry["element"], kind, label, length, entry.get("reference", ""), unique)


@cache
def shipped() -> Schema:
    """The tables the sandbox starts with (`schema.toml`)."""
    source = files(__package__).joinpath("schema.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(source)
    tables = {name: _table(name, body) for name, body in declared["tables"].items()}
    return Schema(tables, declared["choices"])


def _table(name: str, body: dict[str, Any]) -> TableDefinition:
    unique = set(body.get("unique", ()))
    own = tuple(_column(line, unique) for line in body.get("columns", "").strip().splitlines())
    if body.get("hierarchy"):
        own = (Column("sys_class_name", "string", "Class", 80), *own)
    return TableDefinition(
        name=name,
        label=body["label"],
        parent=body.get("extends", ""),
        columns=own,
        display=body.get("display", ""),
        prefix=body.get("prefix", ""),
        audit=body.get("audit", False),
        index=frozenset(body.get("index", ())) | unique,
        base=body.get("base", "record"),
        hierarchy=body.get("hierarchy", False),
    )


def _column(line: str, unique: set[str]) -> Column:
    name, kind, *rest = line.split()
    length, reference = LENGTHS.get(kind, UNLIMITED), ""
    if kind == "string":
        length, rest = int(rest[0]), rest[1:]
    elif kind in {"reference", "list"}:
        reference, rest = rest[0], rest[1:]
    elif rest[0] == "-" or rest[0].isdigit():
        length, rest = (int(rest[0]) if rest[0].isdigit() else length), rest[1:]
    return Column(name, kind, " ".join(rest), length, reference, name in unique)
