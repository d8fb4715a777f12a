"""Tickets as columns: every field's values in a dictionary, every ticket and change a code into it.

This is the one form that evaluation reads; records become it here, Arrow tables in `arrow`. Steps and
conditions are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from connector.evaluate.arrays import NONE, Codes, Ints, offsets_of
from connector.evaluate.values import typed
from connector.model.kind import FieldType
from connector.model.record import Change, Record, Reference, Value


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of text as codes into its distinct *values*."""

    codes: Codes
    values: Sequence[str]

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """One field of a batch: its latest value per ticket, and what its changes say.

    *values* is the dictionary, typed; its first one is None (in an array of instants: NONE). It may hold
    a value twice. *rows* are the changes of this field, ascending; *old* and *new* their codes.
    """

    type: FieldType
    values: Sequence[Value] | Ints
    latest: Codes
    rows: Ints
    old: Codes
    new: Codes


@dataclass(frozen=True, slots=True)
class Tickets:
    """A batch of tickets. The changes of ticket t are rows offsets[t]:offsets[t + 1], in the order they came.

    *opened* is NONE for a record without one.
    """

    source: Coded
    kind: Coded
    history: Coded
    ids: Sequence[str]
    keys: Sequence[str]
    opened: Ints
    offsets: Ints
    at: Ints
    fields: Mapping[str, FieldColumn]

    def __len__(self) -> int:
        return len(self.ids)


def from_records(
    records: Sequence[Record], types: Mapping[str, FieldType], names: Mapping[str, str]
) -> Tickets:
    """*records* as columns, with the fields that *types* tells of. *names*: reference names by id."""
    changes = [change for record in records for change in record.changes]
    by_field: dict[str, list[int]] = {name: [] for name in types}
    for row, change in enumerate(changes):
        if change.field in by_field:
            by_field[change.field].append(row)
    fields = {
        name: _field(records, changes, name, by_field[name], kind, names) for name, kind in types.items()
    }
    opened = [typed(record.fields.get("opened"), FieldType.DATETIME) for record in records]
    return Tickets(
        source=coded(record.source for record in records),
        kind=coded(record.kind for record in records),
        history=coded(record.history for record in records),
        ids=[record.id for record in records],
        keys=[record.key for record in records],
        opened=np.array([NONE if at is None else at for at in opened], np.int64),
        offsets=offsets_of(np.array([len(record.changes) for record in records], np.int64)),
        at=np.array([change.at for change in changes], np.int64),
        fields=fields,
    )


def coded(texts: Iterable[str]) -> Coded:
    """A column of text, its distinct values in order of first appearance."""
    index: dict[str, int] = {}
    codes = [index.setdefault(text, len(index)) for text in texts]
    return Coded(np.array(codes, np.int32), list(index))


def _field(
    records: Sequence[Record],
    changes: Sequence[Change],
    name: str,
    rows: list[int],
    kind: FieldType,
    names: Mapping[str, str],
) -> FieldColumn:
    index: dict[object, int] = {None: 0}
    values: list[Value] = [None]

    def code(raw: Value) -> int:
        if raw is None:
            return 0
        if isinstance(raw, list | tuple | Mapping):
            raw = typed(raw, kind, names)
        key = (raw.__class__, raw)
        found = index.get(key)
        if found is None:
            value = typed(raw, kind, names)
            found = 0 if value is None else len(values)
            index[key] = found
            if found:
                values.append(value)
        return found

    return FieldColumn(
        type=kind,
        values=values,
        latest=np.array([code(_latest(record, name)) for record in records], np.int32),
        rows=np.array(rows, np.int64),
        old=np.array([code(changes[row].old) for row in rows], np.int32),
        new=np.array([code(changes[row].new) for row in rows], np.int32),
    )


def _latest(record: Record, name: str) -> Value:
    """The field's value now; what people call the ticket need not be said a second time as a field."""
    found = record.fields.get(name)
    return record.key if found is None and name == "key" else found


def reference_names(records: Iterable[Record]) -> dict[str, str]:
    """The names of all references that *records* give with both id and name: histories tell the id alone."""
    names: dict[str, str] = {}
    for record in records:
        for value in (*record.fields.values(), *(v for c in record.changes for v in (c.old, c.new))):
            if isinstance(value, Reference) and value.name:
                names[value.id] = value.name
    return names


def numbers(values: Sequence[Value] | Ints, read: FieldType) -> Ints:
    """A dictionary of *values* as instants or lengths (*read*); NONE where one is none."""
    if isinstance(values, np.ndarray):
        return values
    found = (typed(value, read) for value in values)
    return np.array([value if isinstance(value, int) else NONE for value in found], np.int64)
