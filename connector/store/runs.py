"""What each run did, for `accord status` and whoever looks into a surprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store import text
from connector.store.schema import runs


@dataclass(frozen=True, slots=True)
class Run:
    """One run; without *ended_at* it is still at work, or was killed."""

    id: int
    sources: tuple[str, ...]
    begun_at: Instant
    ended_at: Instant | None
    summary: Mapping[str, Any] | None
    exit_code: int | None


def begin(tx: sa.Connection, sources: tuple[str, ...], now: Instant) -> int:
    """A run begins; returns its number."""
    made = tx.execute(sa.insert(runs).values(sources=text.dump(sources), begun_at=now)).inserted_primary_key
    assert made is not None
    return int(made[0])


def end(tx: sa.Connection, run: int, now: Instant, summary: Mapping[str, Any], exit_code: int) -> None:
    """A run has ended by itself."""
    tx.execute(
        sa.update(runs)
        .where(runs.c.id == run)
        .values(ended_at=now, summary=text.dump(summary), exit_code=exit_code)
    )


def last(tx: sa.Connection, count: int) -> list[Run]:
    """The last *count* runs, newest first."""
    query = sa.select(runs).order_by(runs.c.id.desc()).limit(count)
    return [
        Run(id_, tuple(text.load(sources)), begun, ended, text.load(summary) if summary else None, code)
        for id_, sources, begun, ended, summary, code in tx.execute(query)
    ]
