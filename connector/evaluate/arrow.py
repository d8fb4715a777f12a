"""Arrow tables of tickets as columns, and evaluated batches as Arrow: no Python object per ticket either way.

The layout of a ticket table: `kind`, `source`, `id`, `key`, `history` (text; `kind` is needed, and `id`
or `key`), `fields` (a struct with a column for each field) and `changes` (a list of structs `at`:
timestamp with a zone, `field`, `from`, `to`: text). Other forms of the same columns are read row by row
(see `bulk`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.evaluate.arrays import NONE, Bools, Codes, Ints, Reals, offsets_of
from connector.evaluate.columns import Coded, FieldColumn, Tickets
from connector.evaluate.engine import Batch, Measured
from connector.evaluate.outcome import STATES
from connector.evaluate.timeline import Moments
from connector.evaluate.values import typed
from connector.model.instant import SECOND
from connector.model.kind import FieldType
from connector.model.record import Value

INSTANT = pa.timestamp("ms", tz="UTC")
_TEXT = pa.dictionary(pa.int32(), pa.string())
CHANGE = ("at", "field", "from", "to")
CYCLES = pa.schema(
    {
        "key": pa.string(),
        "source": _TEXT,
        "kind": _TEXT,
        "agreement": _TEXT,
        "version": pa.int32(),
        "target": _TEXT,
        "cycle": pa.int32(),
        "state": _TEXT,
        "started": INSTANT,
        "ended": INSTANT,
        "elapsed_s": pa.float64(),
        "time_s": pa.float64(),
        "remaining_s": pa.float64(),
        "due": INSTANT,
        "breached_at": INSTANT,
        "warnings": pa.list_(pa.struct({"at": INSTANT, "line": _TEXT})),
        "used": pa.float64(),
        "history": _TEXT,
        "excluded": _TEXT,
    }
)


@dataclass(frozen=True, slots=True)
class Texts(Sequence[str]):
    """An Arrow column of text, read one by one only where somebody asks."""

    array: Any

    def __getitem__(self, row: Any) -> Any:
        return self.array[row].as_py()

    def __len__(self) -> int:
        return len(self.array)


def tickets_in(table: Any, fields: Mapping[str, FieldType], names: Mapping[str, str]) -> Tickets:
    """A record batch of tickets as columns, with the *fields* that are asked for."""
    given = _children(table.column("fields"))
    lists = table.column("changes")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    change = _children(lists.flatten())
    field_codes, field_names = _coded(change["field"])
    old, new = _Told.of(change["from"]), _Told.of(change["to"])
    columns = {}
    key = table.column("key") if "key" in table.schema.names else table.column("id")
    given.setdefault("key", key)
    for name, kind in fields.items():
        number = field_names.index(name) if name in field_names else -1
        rows = np.flatnonzero(field_codes == number)
        columns[name] = _column(kind, given.get(name), rows, (old, new), names, len(lengths))
    opened = _instants(given["opened"])
    return Tickets(
        source=_text(table, "source", "file"),
        kind=_text(table, "kind", ""),
        history=_text(table, "history", "file"),
        ids=Texts(table.column("id") if "id" in table.schema.names else key),
        keys=Texts(key),
        opened=opened,
        offsets=offsets_of(lengths),
        at=_instants(change["at"]),
        fields=columns,
    )


def _children(column: Any) -> dict[str, Any]:
    return {column.type.field(n).name: child for n, child in enumerate(column.flatten())}


@dataclass(frozen=True, slots=True)
class _Told:
    """A column as codes into an Arrow dictionary; -1 where it is null."""

    codes: Codes
    dictionary: Any

    @classmethod
    def of(cls, column: Any) -> _Told:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        indices = encoded.indices
        codes = (pc.fill_null(indices, -1) if indices.null_count else indices).to_numpy(zero_copy_only=False)
        return cls(codes.astype(np.int32, copy=False), encoded.dictionary)

    def __getitem__(self, rows: Ints) -> _Told:
        return _Told(self.codes[rows], self.dictionary)


def _coded(column: Any) -> tuple[Codes, list[str]]:
    """Codes and dictionary of a column; -1 where it is null."""
    told = _Told.of(column)
    return told.codes, told.dictionary.to_pylist()


def _text(table: Any, name: str, default: str) -> Coded:
    if name not in table.schema.names:
        return Coded(np.zeros(len(table), np.int32), [default])
    codes, values = _coded(table.column(name))
    return Coded(np.where(codes < 0, len(values), codes).astype(np.int32), [*values, default])


def _instants(column: Any) -> Ints:
    """A column of timestamps (cut to milliseconds) or of lengths; NONE where it is null."""
    if pa.types.is_timestamp(column.type) and column.type.unit != "ms":
        units = {"s": 1000, "us": 1000, "ns": 1_000_000}
        whole = column.cast(pa.int64())
        numbers = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
        unit = units[column.type.unit]
        numbers = numbers * unit if column.type.unit == "s" else numbers // unit
    else:
        numbers = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    if column.null_count:
        numbers = np.where(column.is_null().to_numpy(zero_copy_only=False), NONE, numbers)
    return np.asarray(numbers, np.int64)


def _column(
    kind: FieldType,
    latest: Any | None,
    rows: Ints,
    changes: tuple[_Told, _Told],
    names: Mapping[str, str],
    tickets: int,
) -> FieldColumn:
    if kind is FieldType.DATETIME and latest is not None and pa.types.is_timestamp(latest.type):
        return _column_of_instants(latest, rows, changes)
    merged = _Merged(kind, names)
    now = np.zeros(tickets, np.int32) if latest is None else merged.codes(latest)
    old, new = (merged.told(column[rows]) for column in changes)
    return FieldColumn(kind, merged.values, now, rows, old, new)


def _column_of_instants(latest: Any, rows: Ints, changes: tuple[_Told, _Told]) -> FieldColumn:
    """Instants differ from ticket to ticket: each is its own entry of the dictionary."""
    merged = _Merged(FieldType.DATETIME, {})
    old, new = (merged.told(column[rows]) for column in changes)
    told = np.array([NONE, *(value for value in merged.values[1:])], np.int64)
    values = np.concatenate((told, _instants(latest)))
    codes = np.arange(len(told), len(values), dtype=np.int32)
    return FieldColumn(FieldType.DATETIME, values, codes, rows, old, new)


class _Merged:
    """One dictionary of typed values out of several columns."""

    def __init__(self, kind: FieldType, names: Mapping[str, str]) -> None:
        self.kind, self.names = kind, names
        self.values: list[Value] = [None]
        self._index: dict[object, int] = {}

    def codes(self, column: Any) -> Codes:
        """The codes of *column*'s values in the common dictionary."""
        if not pa.types.is_nested(column.type):
            return self.told(_Told.of(column))
        return np.array([self._code(value) for value in column.to_pylist()], np.int32)

    def told(self, column: _Told) -> Codes:
        """Likewise."""
        table = np.zeros(len(column.dictionary) + 1, np.int32)  # the last one is for null, -1
        is_used = np.zeros(len(table), np.bool_)
        is_used[column.codes] = True
        for code in np.flatnonzero(is_used[:-1]).tolist():
            table[code] = self._code(column.dictionary[code].as_py())
        return table[column.codes]

    def _code(self, raw: Value) -> int:
        value = typed(raw, self.kind, self.names)
        if value is None:
            return 0
        key = (value.__class__, value)
        if key not in self._index:
            self._index[key] = len(self.values)
            self.values.append(value)
        return self._index[key]


# ---------------------------------------------------------------------------------- results


def cycles_table(batch: Batch) -> Iterator[Any]:
    """The cycles of an evaluated batch, a record batch a target, with the columns of `accord evaluate`."""
    for measured in batch.measured:
        if len(measured.cycles):
            yield _cycles(batch, measured)


def _cycles(batch: Batch, measured: Measured) -> Any:
    cycles, outcome, figures = measured.cycles, measured.outcome, measured.outcome.figures
    tickets = batch.frame.tickets
    ticket = cycles.ticket
    versions = [batch.plan.agreements[index] for index in measured.indexes]
    number = np.array([agreement.version for agreement in versions], np.int32)
    has_time = figures.time != NONE
    time = np.where(has_time, figures.time, 1)
    keys = tickets.keys.array if isinstance(tickets.keys, Texts) else pa.array(tickets.keys, pa.string())
    shares = np.maximum(figures.elapsed, 0) * 10_000 // np.maximum(time, 1) / 10_000
    in_time = has_time & (time != 0)
    columns = [
        keys.take(_numbers(ticket, pa.int64())),
        _named(tickets.source.codes[ticket], tickets.source.values),
        _named(tickets.kind.codes[ticket], tickets.kind.values),
        _named(np.zeros(len(cycles), np.int32), [versions[0].name]),
        _numbers(number[cycles.version], pa.int32()),
        _named(np.zeros(len(cycles), np.int32), [measured.target]),
        _numbers(cycles.number.astype(np.int32), pa.int32()),
        _named(measured.state, [str(state) for state in STATES]),
        _timestamps(cycles.started),
        _timestamps(measured.ended),
        _numbers(figures.elapsed / SECOND, pa.float64()),
        _numbers(time / SECOND, pa.float64(), has_time),
        _numbers((time - figures.elapsed) / SECOND, pa.float64(), has_time),
        _timestamps(outcome.due),
        _timestamps(outcome.breached_at),
        _warnings(measured.warnings, len(cycles)),
        _numbers(shares, pa.float64(), in_time),
        _named(tickets.history.codes[ticket], tickets.history.values),
        _excluded(measured, [[row.reason for row in agreement.exclude] for agreement in versions]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=CYCLES)


def _numbers(values: Ints | Codes | Reals, kind: Any, is_given: Bools | None = None) -> Any:
    """A column of numbers or instants as it lies in memory; null where it is not given."""
    assert values.itemsize * 8 == kind.bit_width
    validity = None
    if is_given is not None and not is_given.all():
        validity = pa.py_buffer(np.packbits(is_given, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(np.ascontiguousarray(values))])


def _named(codes: Codes | Ints, names: Sequence[str], is_given: Bools | None = None) -> Any:
    return pa.DictionaryArray.from_arrays(
        _numbers(codes.astype(np.int32, copy=False), pa.int32(), is_given), pa.array(names, pa.string())
    )


def _timestamps(instants: Ints) -> Any:
    return _numbers(instants, INSTANT, instants != NONE)


def _warnings(crossed: Moments, cycles: int) -> Any:
    offsets = offsets_of(np.bincount(crossed.cycle, minlength=cycles)).astype(np.int32)
    entries = pa.StructArray.from_arrays(
        [_timestamps(crossed.at), _named(crossed.name, crossed.names)],
        fields=list(CYCLES.field("warnings").type.value_type),
    )
    return pa.ListArray.from_arrays(
        _numbers(offsets, pa.int32()), entries, type=CYCLES.field("warnings").type
    )


def _excluded(measured: Measured, reasons: Sequence[Sequence[str]]) -> Any:
    names = list(dict.fromkeys(reason for rows in reasons for reason in rows))
    codes = np.zeros(len(measured.cycles), np.int32)
    for version, rows in enumerate(reasons):
        here = measured.cycles.version == version
        table = np.array([*(names.index(reason) for reason in rows), 0], np.int32)
        codes[here] = table[measured.excluded[here]]
    return _named(codes, names, measured.excluded >= 0)
