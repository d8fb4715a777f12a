"""Which fields of a mapping the instance does not have, told before anything is asked with them.

The dictionary is asked first; what it does not know is tried on a record, since a field that does not exist
is left out of an answer in silence, and so is one that may not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connector.errors import Position, Problem
from connector.mappings.catalogue import RecordMapping
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.dictionary import Dictionary
from connector.platforms.servicenow.pages import glance
from connector.yamldoc import suggest

_EVERY_TABLE_HAS = frozenset(
    {"sys_id", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by"}
)
_FIELD_AT_START = re.compile(r"(?:OR)?([a-z][a-z0-9_.]*)")


@dataclass(frozen=True, slots=True)
class Lacking:
    """A field that a mapping names and the instance does not show. *needed*: no reading without it."""

    path: str
    used_for: str
    problem: Problem
    needed: bool


@dataclass(frozen=True, slots=True)
class _Named:
    path: str
    used_for: str
    place: Position | None
    needed: bool


def projection(mapping: RecordMapping) -> list[str]:
    """The platform's fields that a record of this kind is made from."""
    paths = [mapping.id, mapping.key, mapping.updated]
    for given in mapping.fields.values():
        if not given.journal:
            paths += [path for path in (given.origin, given.display, given.since) if path]
    paths += [path for dates in mapping.history.dates.values() for path in dates.values()]
    return list(dict.fromkeys(path for path in paths if path))


def scope_fields(scope: str) -> list[str]:
    """The fields that a scope tests; what is no condition on a field (a text search) is left out."""
    found = []
    for term in scope.split("^"):
        match = _FIELD_AT_START.match(term)
        if match and not term.startswith(("javascript:", "123TEXTQUERY321")):
            found.append(match[1])
    return found


def learn(dictionary: Dictionary, mappings: Sequence[RecordMapping]) -> None:
    """Ask the dictionary for everything that *mappings* name, in as few questions as there are steps."""
    dictionary.learn(mapping.table for mapping in mappings)
    dictionary.learn_paths((mapping.table, field.path) for mapping in mappings for field in _named(mapping))


def lacking(client: Client, dictionary: Dictionary, mapping: RecordMapping) -> list[Lacking]:
    """Every field of *mapping* that the instance does not show, each with the place that names it."""
    wanted = list(dict.fromkeys(_named(mapping)))
    learn(dictionary, [mapping])
    doubtful = [
        field
        for field in wanted
        if field.path not in _EVERY_TABLE_HAS and dictionary.column(mapping.table, field.path) is None
    ]
    seen = shown(client, mapping.table, [field.path for field in doubtful])
    if seen is None and not dictionary.tells_of(mapping.table):
        return []  # there is no record to try them on, and nothing that could be misread
    return [
        _lacking(dictionary, mapping, field)
        for field in doubtful
        if field.path not in (seen or ()) and not _is_walk_into_the_unknown(dictionary, mapping, field, seen)
    ]


def shown(client: Client, table: str, paths: Sequence[str]) -> set[str] | None:
    """Which of *paths* a record of *table* shows; None where no record can be seen."""
    if not paths:
        return set()
    rows = glance(client, table, "", ["sys_id", *paths], limit=5).result
    return {path for row in rows for path in row} if rows else None


def _is_walk_into_the_unknown(
    dictionary: Dictionary, mapping: RecordMapping, field: _Named, shown: set[str] | None
) -> bool:
    """Whether *field* walks along a reference whose table the dictionary does not tell: nobody can say."""
    head, dot, _ = field.path.partition(".")
    column = dictionary.column(mapping.table, head)
    return bool(dot and column is not None and not column.reference and shown is None)


def _named(mapping: RecordMapping) -> Iterator[_Named]:
    for key in ("id", "updated", "key"):
        yield _Named(getattr(mapping, key), f"`{key}`", mapping.place(key), key != "key")
    for path in scope_fields(mapping.scope):
        yield _Named(path, "`scope`", mapping.place("scope"), needed=True)
    for name, given in mapping.fields.items():
        if not given.journal:
            place = mapping.place("fields", name, "from") or given.place
            yield _Named(given.origin, name, place, not given.shipped)
            for key in ("display", "since"):
                if path := getattr(given, key):
                    yield _Named(path, name, mapping.place("fields", name, key), not given.shipped)
    for name, dates in mapping.history.dates.items():
        for value, path in dates.items():
            yield _Named(
                path, f"history of {name}", mapping.place("history", "dates", name, value), needed=True
            )


def _lacking(dictionary: Dictionary, mapping: RecordMapping, field: _Named) -> Lacking:
    head = field.path.partition(".")[0]
    known = dictionary.columns(mapping.table)
    what = f"{mapping.kind} ({field.used_for}): table {mapping.table} has no field {field.path!r}"
    if head in known and head != field.path:
        what += f" ({head} is there)"
    hint = suggest(head, known) if known else "check its spelling, and the right of Accord's user to read it"
    return Lacking(field.path, field.used_for, Problem(what, field.place, hint), field.needed)
