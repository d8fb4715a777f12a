"""Records as a Parquet file in the layout that is evaluated as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.evaluate.values import typed
from connector.model.instant import SECOND, format_instant
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Reference, Value

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

INSTANT = pa.timestamp("ms", tz="UTC")
COLUMNS = {
    FieldType.INTEGER: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.DATETIME: INSTANT,
    FieldType.LIST: pa.list_(pa.string()),
    FieldType.REFERENCE: pa.struct({"id": pa.string(), "name": pa.string()}),
}
Types = Mapping[str, FieldType]


def write_tickets(out: Path, records: Sequence[Record], kinds: Mapping[str, Kind]) -> None:
    """Write *records*: each field a column of its declared type, what none declares as references or text."""
    told = {name for r in records for name, value in r.fields.items() if isinstance(value, Reference)}
    declared = dict.fromkeys(told, FieldType.REFERENCE)
    declared |= {name: field.type for kind in kinds.values() for name, field in kind.fields.items()}
    names = sorted({name for record in records for name in record.fields})
    fields = {name: COLUMNS.get(declared.get(name, FieldType.STRING), pa.string()) for name in names}
    changes = pa.struct({"at": INSTANT, "field": pa.string(), "from": pa.string(), "to": pa.string()})
    text = dict.fromkeys(("kind", "source", "id", "key", "history"), pa.string())
    schema = pa.schema({**text, "fields": pa.struct(fields), "changes": pa.list_(changes)})
    pq.write_table(pa.Table.from_pylist([row(record, declared) for record in records], schema), out)


def row(record: Record, declared: Types) -> dict[str, Any]:
    fields = {name: cell(value, declared.get(name)) for name, value in record.fields.items()}
    changes = [
        {"at": c.at, "field": c.field, "from": text(c.old, declared.get(c.field)),
         "to": text(c.new, declared.get(c.field))}
        for c in record.changes
    ]  # fmt: skip
    named = {name: getattr(record, name) for name in ("kind", "source", "id", "key", "history")}
    return {**named, "fields": fields, "changes": changes}


def cell(value: Value, kind: FieldType | None) -> Any:
    """A value as a column of its type holds it."""
    if kind not in COLUMNS:
        return text(value, kind)
    value = typed(value, kind)
    if isinstance(value, Reference):
        return {"id": value.id, "name": value.name}
    return list(value) if isinstance(value, tuple) else value


def text(value: Value, kind: FieldType | None) -> str | None:
    """A value as a history tells it; of a reference its id."""
    if isinstance(value, int) and kind is FieldType.DATETIME:
        return format_instant(value)
    if isinstance(value, int) and kind is FieldType.DURATION:
        return f"PT{value // SECOND}S"
    if isinstance(value, list | tuple):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.id if isinstance(value, Reference) else None if value is None else str(value)
