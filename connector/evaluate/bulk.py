"""Ticket files to cycle files in bulk: Parquet in, Parquet or JSON lines out, piece by piece, in processes.

Needs pyarrow. A row is a ticket with its whole history, so any cut between rows keeps tickets whole. What
is said about a file's tables is in `arrow`; how results are written in `written`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from connector.errors import AccordError, Problem

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as missing:
    raise AccordError(
        "Parquet needs pyarrow, which is not installed", hint="run: pip install accord-slm[columnar]"
    ) from missing

from connector.evaluate.arrow import CHANGE, tickets_in
from connector.evaluate.engine import Batch
from connector.evaluate.lines import json_lines
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import Plan
from connector.evaluate.shared import in_order
from connector.evaluate.stream import Tally, evaluate_columns
from connector.evaluate.written import SharedFile, started
from connector.model.instant import Instant
from connector.model.kind import FieldType

TICKETS_IN_A_BATCH = 17_000
_BATCHES_IN_A_PIECE = 3
_BUFFER = 1 << 20  # bytes of a column that are read at once

Part = tuple[int, int, int]  # of a row group, the rows from one to another
Piece = tuple[int, tuple[Part, ...]]  # its number and what it is made of


class Check(Protocol):
    """What finds the rows that are wrong, by these *columns*."""

    @property
    def columns(self) -> Sequence[str]: ...

    def bad(self, table: Any, group: int, start: int) -> list[tuple[int, Problem]]:
        """The wrong rows of *table*, which begins at row *start* of *group*, and what is wrong with each."""


@dataclass(frozen=True, slots=True)
class Job:
    """One evaluation of a Parquet file; plain data, so that processes can share it."""

    file: str
    plan: Plan
    at: Instant
    names: Mapping[str, str]
    check: Check | None = None


@dataclass(slots=True)
class Done:
    """What a piece held, and what is wrong with it: the rows that were left out."""

    tally: Tally = field(default_factory=Tally)
    problems: list[Problem] = field(default_factory=list)


def extra_fields(file: Path, declared: Mapping[str, Any]) -> dict[str, FieldType]:
    """The fields of a Parquet file that no kind declares, with the types of their columns."""
    fields = schema_of(file).field("fields").type
    return {
        field.name: _type_of(field.type)
        for field in (fields.field(n) for n in range(fields.num_fields))
        if field.name not in declared
    }


def reference_names(file: Path, fields: Mapping[str, FieldType]) -> dict[str, str]:
    """The names of references by id, where *fields* read any: histories tell the id alone, and the name may
    stand in another field."""
    given = schema_of(file).field("fields").type
    told = [f"fields.{each.name}" for each in given if _is_reference(each.type)]
    names: dict[str, str] = {}
    if told and FieldType.REFERENCE in fields.values():
        for batch in _open(file).iter_batches(columns=told, use_threads=False):
            for column in batch.column("fields").flatten():
                names |= _named(column)
    return names


def _named(column: Any) -> dict[str, str]:
    """The distinct ids of a column of references with their names."""
    child = {column.type.field(n).name: each for n, each in enumerate(column.flatten())}
    known = pc.and_(pc.is_valid(child["id"]), pc.is_valid(child["name"]))
    ids, names = (child[name].filter(known).dictionary_encode() for name in ("id", "name"))
    count = max(len(names.dictionary), 1)
    pairs = np.unique(ids.indices.to_numpy().astype(np.int64) * count + names.indices.to_numpy())
    told = ((ids.dictionary[pair // count], names.dictionary[pair % count]) for pair in pairs.tolist())
    return {id_.as_py(): name.as_py() for id_, name in told if name.as_py()}


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


def evaluate_parquet(job: Job, out: Path, *, workers: int) -> Iterator[Done]:
    """Evaluate every ticket of the job's file into the Parquet file *out*, in pieces, which several
    *workers* share."""
    pieces = pieces_of(job.file, TICKETS_IN_A_BATCH * _BATCHES_IN_A_PIECE)
    with started(out) as shared:
        make = partial(_Writer, job, shared)
        for done, part in in_order(make, _Writer.written, pieces, min(workers, len(pieces))):
            shared.parts.append(part)
            yield done


def json_of_parquet(job: Job, write: Callable[[bytes], Any], *, workers: int) -> Iterator[Done]:
    """As `evaluate_parquet`, with the cycles as JSON lines, given to *write*."""
    pieces = pieces_of(job.file, TICKETS_IN_A_BATCH)
    for done, lines in in_order(partial(_Reader, job), _Reader.lines, pieces, min(workers, len(pieces))):
        write(lines)
        yield done


def check_parquet(job: Job, *, workers: int) -> Iterator[Done]:
    """Only what is wrong with the file, piece by piece."""
    pieces = pieces_of(job.file, TICKETS_IN_A_BATCH * _BATCHES_IN_A_PIECE)
    yield from in_order(partial(_Reader, job), _Reader.checked, pieces, min(workers, len(pieces)))


def pieces_of(file: str, size: int) -> list[Piece]:
    """The rows of *file* in pieces of about so many: small row groups together, large ones cut."""
    about = pq.read_metadata(file)
    found: list[list[Part]] = [[]]
    held = 0
    for group in range(about.num_row_groups):
        rows = about.row_group(group).num_rows
        for start in range(0, rows, size if rows > 2 * size else max(rows, 1)):
            stop = min(start + size, rows) if rows > 2 * size else rows
            if held and held + stop - start > size:
                found.append([])
                held = 0
            found[-1].append((group, start, stop))
            held += stop - start
    return [(number, tuple(parts)) for number, parts in enumerate(found)]


class _Reader:
    """One process's view of the file. Pieces are asked for in order, so that what lies between two is read
    over and nothing is read twice."""

    def __init__(self, job: Job) -> None:
        pa.set_memory_pool(pa.system_memory_pool())  # it gives memory back less eagerly than the others
        schema = schema_of(Path(job.file))
        self.job = job
        self.file = pq.ParquetFile(job.file, read_dictionary=_texts(schema), buffer_size=_BUFFER)
        self.wanted = _wanted(schema, job.plan.fields)
        self.hoursbook = Hoursbook(job.plan.calendars)
        self._group, self._row = -1, 0
        self._batches: Iterator[Any] = iter(())

    def checked(self, piece: Piece) -> Done:
        """What is wrong in *piece*."""
        done = Done()
        for _ in self._good(piece, done, []):
            pass
        return done

    def lines(self, piece: Piece) -> tuple[Done, bytes]:
        """Its cycles as JSON lines."""
        done = Done()
        return done, b"".join(line for batch in self.evaluated(piece, done) for line in json_lines(batch))

    def evaluated(self, piece: Piece, done: Done) -> Iterator[Batch]:
        """Its batches, evaluated; counts go to *done*."""
        job = self.job
        columns = (
            tickets_in(batch, job.plan.fields, job.names) for batch in self._good(piece, done, self.wanted)
        )
        yield from evaluate_columns(job.plan, columns, job.at, done.tally, self.hoursbook)

    def _good(self, piece: Piece, done: Done, wanted: Sequence[str]) -> Iterator[Any]:
        """The rows of *piece* that nothing is wrong with, in batches; the others are told in *done*."""
        _, parts = piece
        batches = [
            self._without_bad(batch, part[0], start, done)
            for part in parts
            for start, batch in self._read(part, wanted)
        ]
        yield from batches if len(parts) < 2 else _joined(batches)

    def _without_bad(self, batch: Any, group: int, start: int, done: Done) -> Any:
        check = self.job.check
        bad = [] if check is None else check.bad(batch, group, start)
        if not bad:
            return batch
        done.problems += [problem for _, problem in bad]
        keep = np.ones(len(batch), np.bool_)
        keep[[row for row, _ in bad]] = False
        return batch.filter(pa.array(keep))

    def _read(self, part: Part, wanted: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """The rows of *part* in batches, each with its place in the row group."""
        group, start, stop = part
        if group != self._group or start < self._row:
            self._open(group, wanted)
        while self._row < stop:
            batch = next(self._batches)
            begin, self._row = self._row, self._row + len(batch)
            first, last = max(begin, start), min(self._row, stop)
            if first < last:
                yield first, batch.slice(first - begin, last - first)

    def _open(self, group: int, wanted: Sequence[str]) -> None:
        doubted = self.job.check.columns if self.job.check else ()
        columns = list(dict.fromkeys([*wanted, *doubted]))
        self._batches = self.file.iter_batches(
            TICKETS_IN_A_BATCH, row_groups=[group], columns=columns, use_threads=False
        )
        self._group, self._row = group, 0


class _Writer:
    """One process's part in writing."""

    def __init__(self, job: Job, shared: SharedFile) -> None:
        self.reader, self.shared = _Reader(job), shared

    def written(self, piece: Piece) -> tuple[Done, Any]:
        """Evaluate *piece* and write it: what it held, and the description of what was written."""
        done = Done()
        return done, self.shared.write(piece[0], lambda: self.reader.evaluated(piece, done))


def _joined(batches: Sequence[Any]) -> Iterator[Any]:
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    yield from table.to_batches(max_chunksize=TICKETS_IN_A_BATCH)


def _wanted(schema: Any, fields: Mapping[str, FieldType]) -> list[str]:
    """The columns to read: nothing that the rules do not ask for."""
    there = {field.name for field in schema.field("fields").type}
    read = dict.fromkeys(("opened", *fields))
    identity = ["key"] if "key" in schema.names else ["id"]  # cycles are told by key
    top = [name for name in ("kind", "source", *identity, "history") if name in schema.names]
    return [*top, *change_columns(schema), *(f"fields.{name}" for name in read if name in there)]


def change_columns(schema: Any, names: Sequence[str] = CHANGE) -> list[str]:
    """The columns of changes, as Parquet calls them."""
    return [f"changes.list.{schema.field('changes').type.value_field.name}.{name}" for name in names]


def _texts(schema: Any) -> list[str]:
    """The columns of text that are evaluated as codes: their dictionaries are read as they stand."""
    fields = schema.field("fields").type
    texts = [f"fields.{field.name}" for field in fields if pa.types.is_string(field.type)]
    texts += [name for name in ("kind", "source", "history") if name in schema.names]
    return [*texts, *change_columns(schema, CHANGE[1:])]


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
