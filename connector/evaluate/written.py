"""Cycles as a Parquet file that is written in parts, by one process or by several in turn.

What evaluated batches are as Arrow tables is said in `arrow`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connector.evaluate.arrow import CYCLES, cycles_table
from connector.evaluate.engine import Batch

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
