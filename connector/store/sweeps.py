"""How far each kind of a source is read. A sweep that was cut short goes on behind its cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store import text
from connector.store.rows import upsert
from connector.store.schema import sweeps


@dataclass(frozen=True, slots=True)
class Sweep:
    """*begun_at*: the platform's time when the sweep at work began, None between sweeps; *complete_at*:
    when the last complete one began."""

    source: str
    kind: str
    cursor: Mapping[str, Any] | None = None
    begun_at: Instant | None = None
    complete_at: Instant | None = None
    pages: int = 0
    records: int = 0


def get(tx: sa.Connection, source: str, kind: str) -> Sweep:
    """How far that kind is read."""
    row = (
        tx.execute(sa.select(sweeps).where(sweeps.c.source == source, sweeps.c.kind == kind))
        .mappings()
        .first()
    )
    return Sweep(source, kind) if row is None else _sweep(row)


def every(tx: sa.Connection, source: str) -> list[Sweep]:
    """How far all kinds of a source are read."""
    query = sa.select(sweeps).where(sweeps.c.source == source).order_by(sweeps.c.kind)
    return [_sweep(row) for row in tx.execute(query).mappings()]


def begin(tx: sa.Connection, sweep: Sweep, at: Instant) -> Sweep:
    """Begin a sweep at the platform's time *at*; one that was cut short goes on as what it is."""
    if sweep.begun_at is not None:
        return sweep
    begun = Sweep(sweep.source, sweep.kind, None, at, sweep.complete_at)
    _put(tx, begun)
    return begun


def advance(tx: sa.Connection, sweep: Sweep, cursor: Mapping[str, Any], records: int) -> Sweep:
    """One more page is stored."""
    moved = Sweep(
        sweep.source,
        sweep.kind,
        cursor,
        sweep.begun_at,
        sweep.complete_at,
        sweep.pages + 1,
        sweep.records + records,
    )
    _put(tx, moved)
    return moved


def complete(tx: sa.Connection, sweep: Sweep) -> None:
    """Everything that was there when the sweep began is read."""
    _put(tx, Sweep(sweep.source, sweep.kind, None, None, sweep.begun_at, sweep.pages, sweep.records))


def forget(tx: sa.Connection, source: str, kind: str) -> None:
    """Read everything of a kind anew, from the beginning."""
    tx.execute(sa.delete(sweeps).where(sweeps.c.source == source, sweeps.c.kind == kind))


def _put(tx: sa.Connection, sweep: Sweep) -> None:
    cursor = None if sweep.cursor is None else text.dump(sweep.cursor)
    row = (
        sweep.source, sweep.kind, cursor, sweep.begun_at, sweep.complete_at, sweep.pages, sweep.records,
    )  # fmt: skip
    upsert(tx, sweeps, [row])


def _sweep(row: sa.RowMapping) -> Sweep:
    cursor = None if row["cursor"] is None else text.load(row["cursor"])
    return Sweep(**{**row, "cursor": cursor})
