"""Reading the incident log: one row per update, each a full picture after it, a case's rows in order.

The format is that of the UCI data set 498 ("Incident management process enriched event log"), plain or
compressed by gzip or xz, with any of its columns left out that are not in `REQUIRED`.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any, TextIO

MISSING = "?"
REQUIRED = ("number", "incident_state", "opened_at", "sys_updated_at", "sys_mod_count", "sys_updated_by")


class NotALog(ValueError):
    """The file is not an incident log of the known format."""


@dataclass(frozen=True, slots=True)
class Case:
    """One incident's rows, ordered by the time of their update; `columns` tells where a column is in them."""

    number: str
    columns: Mapping[str, int]
    rows: tuple[tuple[str, ...], ...]

    def at(self, row: int) -> int:
        """The instant (epoch ms) of a row's update."""
        return moment(self.value(row, "sys_updated_at"))

    def value(self, row: int, column: str) -> str:
        """A cell, with nothing where the log has a question mark or no such column."""
        position = self.columns.get(column)
        held = MISSING if position is None else self.rows[row][position]
        return "" if held == MISSING else held


@lru_cache(maxsize=100_000)
def moment(text: str) -> int:
    """Epoch milliseconds of the log's `d/m/yyyy HH:MM`, taken as UTC."""
    return int(datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC).timestamp() * 1000)


OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}


def cases(path: Path) -> Iterator[Case]:
    """The cases of a log, in its order. NotALog says what is wrong with the file."""
    opener: Callable[..., Any] = OPENERS.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8", newline="") as source:
        yield from _cases(path, source)


def _cases(path: Path, source: TextIO) -> Iterator[Case]:
    reader = csv.reader(source)
    columns = {name: position for position, name in enumerate(next(reader, ()))}
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise NotALog(f"{path}: not an incident log: no column {', '.join(missing)}")
    key, number = columns["number"], ""
    collected: list[tuple[str, ...]] = []
    for cells in reader:
        if cells[key] != number and collected:
            yield _case(number, columns, collected)
            collected = []
        number = cells[key]
        collected.append(tuple(map(intern, cells)))
    if collected:
        yield _case(number, columns, collected)


def _case(number: str, columns: Mapping[str, int], rows: list[tuple[str, ...]]) -> Case:
    updated = columns["sys_updated_at"]
    return Case(number, columns, tuple(sorted(rows, key=lambda row: moment(row[updated]))))
