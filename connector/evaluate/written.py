"""Cycles as a Parquet file that is written in parts, by one process or by several in turn.

What evaluated batches are as Arrow tables is said in `arrow`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connector.errors import AccordError
from connector.evaluate.arrow import CYCLES, cycles_table
from connector.evaluate.engine import Batch
from connector.evaluate.shared import Turns

ROWS_IN_A_GROUP = 200_000
_TAIL = 8  # after the description at the end of a Parquet file: its length and a magic word

# Instants and lengths hardly repeat: neither a dictionary nor compression is worth its time there.
_DICTIONARIES = [field.name for field in CYCLES if pa.types.is_dictionary(field.type)]
_DICTIONARIES += ["warnings.list.element.line", "version", "cycle", "time_s"]
_HOW = {"use_dictionary": _DICTIONARIES, "compression": {"key": "snappy"}, "write_statistics": False}


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


@dataclass(slots=True)
class SharedFile:
    """A Parquet file of cycles to which several processes write pieces, in turn. *parts*: descriptions of
    the pieces, gathered by the process that began it."""

    out: Path
    turns: Turns = field(default_factory=Turns)
    parts: list[Any] = field(default_factory=list)

    def write(self, number: int, evaluate: Callable[[], Iterable[Batch]]) -> Any:
        """Evaluate piece *number*, write it in its turn, and return the description of what was written."""
        tables: list[Any] = []
        error: Exception | None = None
        try:
            tables += tables_of(evaluate())
        except Exception as failure:  # noqa: BLE001 (raised in its turn, so that the first one is told)
            error = failure
        with self.turns.taken(number):
            if error is not None:
                raise error
            part, self.turns.at = append(self.out, tables, self.turns.at)
        return part


@contextmanager
def started(out: Path) -> Iterator[SharedFile]:
    """The Parquet file *out*, begun; it is ended with the description of all its parts."""
    try:
        out.write_bytes(b"")
    except OSError as error:
        raise AccordError(f"{out} cannot be written: {error.strerror}") from None
    shared = SharedFile(out)
    yield shared
    finish(out, shared.parts, shared.turns.at)


def append(out: Path, tables: Iterable[Any], at: int) -> tuple[Any, int]:
    """Write *tables* to the file *out* from byte *at* on, and nothing after them: the description of these
    row groups, for `finish`, and where they end."""
    told: list[Any] = []
    with out.open("ab") as file:
        file.truncate(at)
    with pa.OSFile(str(out), "ab") as sink:
        # pyarrow begins where a file does or not at all; what is appended goes to its end all the same.
        os.lseek(sink.fileno(), 0, os.SEEK_SET)
        with pq.ParquetWriter(sink, CYCLES, metadata_collector=told, **_HOW) as writer:
            for table in tables:
                writer.write_table(table)
    with out.open("rb") as file:
        file.seek(-_TAIL, os.SEEK_END)
        described = int.from_bytes(file.read(4), "little")
        return told[0], file.seek(0, os.SEEK_END) - _TAIL - described


def finish(out: Path, parts: Sequence[Any], at: int) -> None:
    """End the file *out* at byte *at* with the description of all its *parts*."""
    whole = parts[0]
    for part in parts[1:]:
        whole.append_row_groups(part)
    described = pa.BufferOutputStream()
    whole.write_metadata_file(described)
    with out.open("ab") as file:
        file.truncate(at)
        file.write(described.getvalue()[4:])  # without the magic word that begins a file
