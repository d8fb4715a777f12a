"""Records that could not be used, each with its reason, until they can. Nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.rows import batches, upsert
from connector.store.schema import aside


@dataclass(frozen=True, slots=True)
class Aside:
    """One record set aside."""

    source: str
    kind: str
    key: str
    reason: str
    since: Instant


def put(tx: sa.Connection, source: str, kind: str, found: Iterable[tuple[str, str]], now: Instant) -> None:
    """Set records aside: (key, reason). One that is there already keeps the instant at which it came."""
    known = {(one.kind, one.key): one.since for one in every(tx, source)}
    rows = [(source, kind, key, reason, known.get((kind, key), now)) for key, reason in found]
    upsert(tx, aside, rows)


def clear(tx: sa.Connection, source: str, kind: str, keys: Sequence[str]) -> None:
    """Those records are usable (again)."""
    for part in batches(keys):
        tx.execute(
            sa.delete(aside).where(aside.c.source == source, aside.c.kind == kind, aside.c.key.in_(part))
        )


def every(tx: sa.Connection, source: str) -> list[Aside]:
    """What is set aside, by kind and key."""
    query = sa.select(aside).where(aside.c.source == source).order_by(aside.c.kind, aside.c.key)
    return [Aside(*row) for row in tx.execute(query)]
