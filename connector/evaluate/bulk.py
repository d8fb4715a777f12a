"""Ticket files to cycle files in bulk: Parquet in, Parquet or JSON lines out, over ranges of tickets in
processes.

Needs pyarrow. A row is a ticket with its whole history, so any cut between rows keeps tickets whole. What
is said about a file's tables is in `arrow`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from connector.errors import AccordError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as missing:
    raise AccordError(
        "Parquet needs pyarrow, which is not installed", hint="run: pip install accord-slm[columnar]"
    ) from missing

from connector.evaluate.arrow import CHANGE, CYCLES, INSTANT, cycles_table, tickets_in
from connector.evaluate.columns import Tickets
from connector.evaluate.engine import Batch
from connector.evaluate.lines import json_lines
from connector.evaluate.plan import Plan
from connector.evaluate.stream import Tally, evaluate_columns
from connector.model.instant import Instant
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Reference, Value

TICKETS_IN_A_BATCH = 17_000
TICKETS_IN_A_GROUP = 50_000
ROWS_IN_A_GROUP = 200_000
# A forked process has everything imported; nothing here has started a thread by then.
_START = "fork" if sys.platform == "linux" else "spawn"
_WHOLE_GROUPS = 200_000  # tickets; larger row groups are read in pieces


_COLUMN_TYPES = {
    FieldType.INTEGER: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.DATETIME: INSTANT,
    FieldType.DURATION: pa.int64(),
    FieldType.LIST: pa.list_(pa.string()),
    FieldType.REFERENCE: pa.struct({"id": pa.string(), "name": pa.string()}),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One evaluation of a Parquet file; plain data, so that processes can share it."""

    file: str
    plan: Plan
    at: Instant
    names: Mapping[str, str]


def extra_fields(file: Path, declared: Mapping[str, Any]) -> dict[str, FieldType]:
    """The fields of a Parquet file that no kind declares, with the types of their columns."""
    fields = _schema(file).field("fields").type
    return {
        field.name: _type_of(field.type)
        for field in (fields.field(n) for n in range(fields.num_fields))
        if field.name not in declared
    }


def reference_names(file: Path, fields: Iterable[str]) -> dict[str, str]:
    """The names of references by id, of those of *fields* that are structs: histories tell the id alone."""
    given = _schema(file).field("fields").type
    told = [
        name for name in fields if (n := given.get_field_index(name)) >= 0 and _is_reference(given[n].type)
    ]
    names: dict[str, str] = {}
    if told:
        columns = [f"fields.{name}" for name in told]
        for batch in _open(file).iter_batches(columns=columns, use_threads=False):
            for column in batch.column("fields").flatten():
                names |= {each["id"]: each["name"] for each in column.to_pylist() if each and each["name"]}
    return names


def is_columnar(file: Path) -> bool:
    """Whether *file* has the layout that is evaluated as columns; another one is read row by row."""
    schema = _schema(file)
    if "kind" not in schema.names or not {"id", "key"} & set(schema.names):
        return False
    if "fields" not in schema.names or not pa.types.is_struct(schema.field("fields").type):
        return False
    opened = schema.field("fields").type.get_field_index("opened")
    changes = schema.field("changes").type if "changes" in schema.names else pa.null()
    inner = changes.value_type if pa.types.is_list(changes) else pa.null()
    if opened < 0 or not pa.types.is_struct(inner) or any(inner.get_field_index(n) < 0 for n in CHANGE):
        return False
    text = [inner.field(name).type for name in CHANGE[1:]]
    return _is_instant(inner.field("at").type) and _is_instant(
        schema.field("fields").type.field(opened).type
    ) and all(pa.types.is_string(_plain(column)) for column in text)  # fmt: skip


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """Every row of any Parquet file with the columns of a ticket file; `fields` and `changes` may be JSON
    text."""
    for batch in _open(file).iter_batches(TICKETS_IN_A_BATCH):
        for row in batch.to_pylist():
            found = {name: value for name, value in row.items() if value is not None}
            for name in ("fields", "changes"):
                if isinstance(found.get(name), str):
                    found[name] = msgspec.Raw(found[name].encode())
            yield found


def write_tickets(out: Path, records: Iterable[Record], kinds: Mapping[str, Kind]) -> None:
    """Write *records* to the Parquet file *out* in the layout that is evaluated as columns.

    A field's column has the type that the kinds declare; fields that none declares are written as text.
    """
    held = list(records)
    declared = {name: field.type for kind in kinds.values() for name, field in kind.fields.items()}
    names = sorted({name for record in held for name in record.fields})
    types = {name: _COLUMN_TYPES.get(declared.get(name, FieldType.STRING), pa.string()) for name in names}
    changes = pa.struct({"at": INSTANT, "field": pa.string(), "from": pa.string(), "to": pa.string()})
    text = dict.fromkeys(("kind", "source", "id", "key", "history"), pa.string())
    schema = pa.schema({**text, "fields": pa.struct(types), "changes": pa.list_(changes)})
    with pq.ParquetWriter(out, schema) as writer:
        for start in range(0, len(held), TICKETS_IN_A_GROUP):
            rows = [_row(record, types) for record in held[start : start + TICKETS_IN_A_GROUP]]
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _row(record: Record, types: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: _cell(value, types[name]) for name, value in record.fields.items()}
    changes = [
        {"at": c.at, "field": c.field, "from": _text(c.old), "to": _text(c.new)} for c in record.changes
    ]
    named = {name: getattr(record, name) for name in ("kind", "source", "id", "key", "history")}
    return {**named, "fields": fields, "changes": changes}


def _cell(value: Value, column: Any) -> Any:
    if column == pa.string():
        return _text(value)
    if column == _COLUMN_TYPES[FieldType.REFERENCE] and value is not None:
        return {"id": value.id, "name": value.name} if isinstance(value, Reference) else {"id": str(value)}
    return list(value) if isinstance(value, tuple) else value


def _text(value: Value) -> str | None:
    """A value as text that reads back as itself; of a reference its id."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Reference):
        return value.id
    return str(value).lower() if isinstance(value, bool) else str(value)


def without_opening(file: Path, ticket_kinds: Collection[str]) -> list[int]:
    """The rows (from 1) of tickets that have no `opened`."""
    found: list[int] = []
    source, before = pq.ParquetFile(file), 0
    for group in range(source.num_row_groups):
        row = before + 1
        for batch in _with_gaps(source, group, "fields.opened"):
            is_ticket = pc.is_in(batch.column("kind").cast(pa.string()), pa.array(sorted(ticket_kinds)))
            bad = pc.and_(is_ticket, pc.is_null(batch.column("fields").flatten()[0]))
            found += [row + at for at in pc.indices_nonzero(bad).to_pylist()]
            row += len(batch)
        before += source.metadata.row_group(group).num_rows
    return found


def _with_gaps(source: Any, group: int, column: str) -> Iterator[Any]:
    """The rows of a group, unless the file's statistics say that *column* is given in all of them."""
    about = source.metadata.row_group(group)
    chunks = map(about.column, range(about.num_columns))
    told = next((chunk.statistics for chunk in chunks if chunk.path_in_schema == column), None)
    if told is None or not told.has_null_count or told.null_count:
        yield from source.iter_batches(row_groups=[group], columns=["kind", column], use_threads=False)


def evaluate_parquet(job: Job, write: Callable[[Any], None], *, workers: int) -> Tally:
    """Evaluate every ticket of the job's file; *write* is given the cycles as Arrow tables.

    With several *workers* row groups are shared out among processes.
    """
    groups = list(range(pq.ParquetFile(job.file).num_row_groups))
    tally = Tally()
    if workers < 2 or len(groups) < 2:
        for table in _tables(job, groups, tally):
            write(table)
        return tally
    with (
        TemporaryDirectory(prefix="accord-") as folder,
        ProcessPoolExecutor(workers, mp_context=get_context(_START)) as pool,
    ):
        for part, shared in pool.map(_share, [job] * len(groups), groups, [folder] * len(groups)):
            tally.add(part)
            with pa.memory_map(shared) as source:
                write(pa.ipc.open_stream(source).read_all())
            Path(shared).unlink()
    return tally


def json_of_parquet(job: Job, write: Callable[[bytes], Any]) -> Tally:
    """As `evaluate_parquet`, with the cycles as JSON lines."""
    tally = Tally()
    groups = range(pq.ParquetFile(job.file).num_row_groups)
    for batch in evaluate_columns(job.plan, _columns(job, groups), job.at, tally):
        for line in json_lines(batch):
            write(line)
    return tally


def tables_of(batches: Iterable[Batch]) -> Iterator[Any]:
    """The cycles of evaluated batches as Arrow tables of a good size for a row group."""
    rows: list[Any] = []
    for batch in batches:
        rows += cycles_table(batch)
        if sum(map(len, rows)) >= ROWS_IN_A_GROUP:
            yield _joined(rows)
            rows = []
    if rows:
        yield _joined(rows)


def _joined(rows: Sequence[Any]) -> Any:
    return pa.Table.from_batches(rows, CYCLES).unify_dictionaries().combine_chunks()


@contextmanager
def tables_written(out: Path) -> Iterator[Callable[[Any], None]]:
    """How to write tables of cycles to the Parquet file *out*."""
    # Instants and lengths hardly repeat: neither a dictionary nor compression is worth its time there.
    names = [field.name for field in CYCLES if pa.types.is_dictionary(field.type)]
    names += ["warnings.list.element.line", "version", "cycle", "time_s"]
    squeezed = {"key": "snappy"}
    with pq.ParquetWriter(
        out, CYCLES, use_dictionary=names, compression=squeezed, write_statistics=False
    ) as writer:
        yield writer.write_table


def _share(job: Job, group: int, folder: str) -> tuple[Tally, str]:
    """What one process does for one row group: its cycles go to a file that the first process maps."""
    tally = Tally()
    path = f"{folder}/{group}.arrow"
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, CYCLES) as stream:
        for batch in evaluate_columns(job.plan, _columns(job, [group]), job.at, tally):
            for rows in cycles_table(batch):
                stream.write_batch(rows)
    return tally, path


def _tables(job: Job, groups: Sequence[int], tally: Tally) -> Iterator[Any]:
    yield from tables_of(evaluate_columns(job.plan, _columns(job, groups), job.at, tally))


def _columns(job: Job, groups: Sequence[int]) -> Iterator[Tickets]:
    schema = pq.read_schema(job.file)
    file = pq.ParquetFile(job.file, read_dictionary=_texts(schema))
    wanted = _wanted(schema, job.plan.fields)
    for group in groups:
        for batch in _batches(file, group, wanted):
            yield tickets_in(batch, job.plan.fields, job.names)


def _batches(file: Any, group: int, wanted: Sequence[str]) -> Iterator[Any]:
    if file.metadata.row_group(group).num_rows > _WHOLE_GROUPS:
        yield from file.iter_batches(TICKETS_IN_A_BATCH, row_groups=[group], columns=wanted)
        return
    table = file.read_row_group(group, columns=wanted, use_threads=False).combine_chunks()
    yield from table.to_batches(max_chunksize=TICKETS_IN_A_BATCH)


def _wanted(schema: Any, fields: Mapping[str, FieldType]) -> list[str]:
    """The columns to read: nothing that the rules do not ask for."""
    there = {field.name for field in schema.field("fields").type}
    read = dict.fromkeys(("opened", *fields))
    identity = ["key"] if "key" in schema.names else ["id"]  # cycles are told by key
    top = [name for name in ("kind", "source", *identity, "history", "changes") if name in schema.names]
    return [*top, *(f"fields.{name}" for name in read if name in there)]


def _texts(schema: Any) -> list[str]:
    """The columns of text that are evaluated as codes: their dictionaries are read as they stand."""
    fields = schema.field("fields").type
    texts = [f"fields.{field.name}" for field in fields if pa.types.is_string(field.type)]
    texts += [name for name in ("kind", "source", "history") if name in schema.names]
    changes = schema.field("changes").type.value_field.name
    return [*texts, *(f"changes.list.{changes}.{name}" for name in CHANGE[1:])]


def _schema(file: Path) -> Any:
    return _open(file).schema_arrow


def _open(file: Path) -> Any:
    try:
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise AccordError(f"{file} cannot be read as Parquet: {error}") from None


def _plain(column: Any) -> Any:
    return column.value_type if pa.types.is_dictionary(column) else column


def _is_reference(column: Any) -> bool:
    return pa.types.is_struct(column) and {"id", "name"} <= {column[n].name for n in range(column.num_fields)}


def _is_instant(column: Any) -> bool:
    return pa.types.is_timestamp(column) and column.tz is not None


def _type_of(column: Any) -> FieldType:
    tests = (
        (pa.types.is_timestamp, FieldType.DATETIME),
        (pa.types.is_boolean, FieldType.BOOLEAN),
        (pa.types.is_integer, FieldType.INTEGER),
        (pa.types.is_floating, FieldType.NUMBER),
        (pa.types.is_list, FieldType.LIST),
        (pa.types.is_struct, FieldType.REFERENCE),
    )
    return next((kind for test, kind in tests if test(_plain(column))), FieldType.STRING)
