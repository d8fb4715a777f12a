"""Writes many rows at once, and only those that differ.

SQLAlchemy's own upsert builds a dictionary a row, which costs three times the work of the database; these
statements take tuples in the order of the table's columns. The guard keeps a replay from writing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

Row = tuple[Any, ...]


def upsert(
    tx: sa.Connection, table: sa.Table, rows: Sequence[Row], *, columns: Iterable[str] | None = None
) -> None:
    """Insert *rows* (values in the order of *columns*; default: all of the table's); where a row of that key
    is there, take the new values of the columns given, and write nothing if all are equal."""
    if rows:
        names = tuple(columns) if columns is not None else tuple(table.columns.keys())
        tx.exec_driver_sql(_upsert(tx.dialect.name, table, names), list(rows))


def batches(values: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """*values* in parts that a statement can name one by one."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@lru_cache
def _upsert(dialect: str, table: sa.Table, names: tuple[str, ...]) -> str:
    mark, differs = ("?", "is not") if dialect == "sqlite" else ("%s", "is distinct from")
    keys = [column.name for column in table.primary_key]
    rest = [name for name in names if name not in keys]
    # Names come from `schema.py` alone; values are bound.
    quoted = {name: f'"{name}"' for name in names}
    head = (
        f"insert into {table.name} ({', '.join(quoted.values())}) values ({', '.join(mark for _ in names)})"  # noqa: S608
        f" on conflict ({', '.join(quoted[key] for key in keys)})"
    )
    if not rest:
        return f"{head} do nothing"
    changes = ", ".join(f"{quoted[name]} = excluded.{quoted[name]}" for name in rest)
    guard = " or ".join(f"{table.name}.{quoted[name]} {differs} excluded.{quoted[name]}" for name in rest)
    return f"{head} do update set {changes} where {guard}"
