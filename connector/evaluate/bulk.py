"""Ticket files to cycle files in bulk: Parquet in, Parquet or JSON lines out, over ranges of tickets in
processes.

Needs pyarrow. A row is a ticket with its whole history, so any cut between rows keeps tickets whole. What
is said about a file's tables is in `arrow`.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from connector.errors import AccordError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as missing:
    raise AccordError(
        "Parquet needs pyarrow, which is not installed", hint="run: pip install accord-slm[columnar]"
    ) from missing

from connector.evaluate.arrow import CHANGE, CYCLES, cycles_table, tickets_in
from connector.evaluate.columns import Tickets
from connector.evaluate.engine import Batch
from connector.evaluate.lines import json_lines
from connector.evaluate.plan import Plan
from connector.evaluate.stream import Tally, evaluate_columns
from connector.model.instant import Instant
from connector.model.kind import FieldType

TICKETS_IN_A_BATCH = 17_000
ROWS_IN_A_GROUP = 200_000
# A forked process has everything imported; nothing here has started a thread by then.
_START = "fork" if sys.platform == "linux" else "spawn"
_WHOLE_GROUPS = 200_000  # tickets; larger row groups are read in pieces


@dataclass(frozen=True, slots=True)
class Job:
    """One evaluation of a Parquet file; plain data, so that processes can share it. *bad*: the numbers of
    rows to leave out, in order, from 0."""

    file: str
    plan: Plan
    at: Instant
    names: Mapping[str, str]
    bad: tuple[int, ...] = ()


def extra_fields(file: Path, declared: Mapping[str, Any]) -> dict[str, FieldType]:
    """The fields of a Parquet file that no kind declares, with the types of their columns."""
    fields = schema_of(file).field("fields").type
    return {
        field.name: _type_of(field.type)
        for field in (fields.field(n) for n in range(fields.num_fields))
        if field.name not in declared
    }


def reference_names(file: Path, fields: Iterable[str]) -> dict[str, str]:
    """The names of references by id, of those of *fields* that are structs: histories tell the id alone."""
    given = schema_of(file).field("fields").type
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
    schema = schema_of(file)
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
    text, `fields` a map."""
    for batch in _open(file).iter_batches(TICKETS_IN_A_BATCH):
        for row in batch.to_pylist():
            found = {n: value for n, value in row.items() if value is not None and not n.startswith("__")}
            if isinstance(found.get("fields"), list):
                found["fields"] = dict(found["fields"])
            for name in ("fields", "changes"):
                if isinstance(found.get(name), str):
                    found[name] = msgspec.Raw(found[name].encode())
            yield found


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
        row = sum(file.metadata.row_group(before).num_rows for before in range(group))
        for batch in _batches(file, group, wanted):
            yield tickets_in(_without(batch, row, job.bad), job.plan.fields, job.names)
            row += len(batch)


def _without(batch: Any, begin: int, bad: Sequence[int]) -> Any:
    """*batch*, whose first row is number *begin*, without the *bad* rows."""
    first, last = bisect_left(bad, begin), bisect_left(bad, begin + len(batch))
    if first == last:
        return batch
    keep = np.ones(len(batch), np.bool_)
    keep[np.array(bad[first:last]) - begin] = False
    return batch.filter(pa.array(keep))


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


def schema_of(file: Path) -> Any:
    """The columns of a Parquet file; AccordError where it is none."""
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
