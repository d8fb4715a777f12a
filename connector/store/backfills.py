"""A source's tickets being evaluated anew after a change of rules, slice by slice, so that it can be cut
short."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.rows import upsert
from connector.store.schema import backfills


@dataclass(frozen=True, slots=True)
class Backfill:
    """*why* for people; *after* is the last ticket (kind, id) done."""

    source: str
    why: str
    book_hash: str
    after: tuple[str, str]
    done: int
    total: int
    begun_at: Instant


def begin(tx: sa.Connection, source: str, why: str, book_hash: str, total: int, now: Instant) -> None:
    """Evaluate everything of *source* anew; one that is at work begins again, for the rules changed under
    it."""
    upsert(tx, backfills, [(source, why, book_hash, "", "", 0, total, now)])


def get(tx: sa.Connection, source: str) -> Backfill | None:
    """The back-fill at work, if there is one."""
    row = tx.execute(sa.select(backfills).where(backfills.c.source == source)).first()
    if row is None:
        return None
    _, why, book_hash, kind, id_, done, total, begun_at = row
    return Backfill(source, why, book_hash, (kind, id_), done, total, begun_at)


def advance(tx: sa.Connection, source: str, after: tuple[str, str], count: int) -> None:
    """*count* more tickets are done, the last of them *after*."""
    tx.execute(
        sa.update(backfills)
        .where(backfills.c.source == source)
        .values(after_kind=after[0], after_id=after[1], done=backfills.c.done + count)
    )


def end(tx: sa.Connection, source: str) -> None:
    """Everything is done."""
    tx.execute(sa.delete(backfills).where(backfills.c.source == source))
