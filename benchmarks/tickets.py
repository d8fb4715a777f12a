"""Made-up tickets in the bulk layout: six changes each, priorities that move, pauses; always the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connector.model.instant import from_datetime
from connector.model.record import Change, Record

CHANGES = 6
_TOGETHER = 50_000
_VALUES = ["new", "in_progress", "on_hold", "resolved", "closed", "1", "2", "3", "4"]
_STORY = ((0, 1), (1, 2), (2, 1), (-1, -1), (1, 3), (3, 4))  # from and to, as codes; -1: a change of priority
_INSTANT = pa.timestamp("ms", tz="UTC")
_BEGIN = 1_609_459_200_000  # 2021-01-01


def write(path: Path, count: int, *, in_a_group: int = _TOGETHER) -> Path:
    """*count* tickets opened over four years, in row groups of so many."""
    with pq.ParquetWriter(path, _part(0, 1).schema, compression="zstd") as writer:
        parts = _parts(count)
        while group := list(islice(parts, in_a_group // _TOGETHER)):
            writer.write_table(pa.concat_tables(group), in_a_group)
    return path


def write_lines(path: Path, count: int) -> Path:
    """The same tickets as lines of JSON."""
    with path.open("wb") as file:
        for row in _rows(count):
            file.write(msgspec.json.encode(row) + b"\n")
    return path


def records(count: int) -> Iterator[Record]:
    """The same tickets as records."""
    for row in _rows(count):
        changes = tuple(
            Change(from_datetime(each["at"]), each["field"], each["from"], each["to"], seq=number)
            for number, each in enumerate(row["changes"])
        )
        fields = {**row["fields"], "opened": from_datetime(row["fields"]["opened"])}
        yield Record(row["kind"], row["source"], row["id"], row["key"], fields, changes)


def _rows(count: int) -> Iterator[dict[str, Any]]:
    for part in _parts(count):
        yield from part.to_pylist()


def _parts(count: int) -> Iterator[pa.Table]:
    for start in range(0, count, _TOGETHER):
        yield _part(start, min(_TOGETHER, count - start))


def _part(start: int, count: int) -> pa.Table:
    chance = np.random.default_rng(start)
    opened = _BEGIN + chance.integers(0, 4 * 365 * 86_400, count) * 1_000
    gaps = chance.exponential(6 * 3_600, (count, CHANGES)).astype(np.int64) * 1_000 + 1_000
    at = opened[:, None] + np.cumsum(gaps, axis=1)
    old, new = (np.tile([pair[i] for pair in _STORY], (count, 1)) for i in (0, 1))
    before = chance.integers(1, 5, count)
    after = np.where(chance.random(count) < 0.2, chance.integers(1, 5, count), before)
    old[:, 3], new[:, 3] = before + 4, after + 4
    field = np.tile([0, 0, 0, 1, 0, 0], count)
    changes = pa.StructArray.from_arrays(
        [
            pa.array(at.reshape(-1)).cast(_INSTANT),
            _text(field, ["state", "priority"]),
            _text(old.reshape(-1), _VALUES),
            _text(new.reshape(-1), _VALUES),
        ],
        names=["at", "field", "from", "to"],
    )
    fields = pa.StructArray.from_arrays(
        [_text(np.zeros(count), ["closed"]), pa.array(after), pa.array(opened).cast(_INSTANT)],
        names=["state", "priority", "opened"],
    )
    keys = pa.array([f"INC{number:08}" for number in range(start, start + count)])
    offsets = pa.array(np.arange(0, count * CHANGES + 1, CHANGES, dtype=np.int32))
    return pa.table(
        {
            "kind": _text(np.zeros(count), ["incident"]),
            "source": _text(np.zeros(count), ["acme"]),
            "id": keys,
            "key": keys,
            "fields": fields,
            "changes": pa.ListArray.from_arrays(offsets, changes),
        }
    )


def _text(codes: np.ndarray, values: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values)).cast(
        pa.string()
    )
