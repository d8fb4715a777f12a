"""Ids that somebody asked to have read soon (webhooks). A nudge says nothing but where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.schema import inbox


@dataclass(frozen=True, slots=True)
class Nudge:
    """One id to read. *received_at*: when it was last asked for."""

    number: int
    kind: str
    id: str
    received_at: Instant


def add(tx: sa.Connection, source: str, kind: str, id_: str, now: Instant) -> None:
    """Have a record read with the next run; asked twice it is read once, but not before the second asking."""
    same = (inbox.c.source == source, inbox.c.kind == kind, inbox.c.id == id_)
    if not tx.execute(sa.update(inbox).where(*same).values(received_at=now)).rowcount:
        tx.execute(sa.insert(inbox).values(source=source, kind=kind, id=id_, received_at=now))


def waiting(tx: sa.Connection, source: str) -> list[Nudge]:
    """What is to be read, in the order it was asked for."""
    columns = (inbox.c.number, inbox.c.kind, inbox.c.id, inbox.c.received_at)
    query = sa.select(*columns).where(inbox.c.source == source)
    return [Nudge(*row) for row in tx.execute(query.order_by(inbox.c.number))]


def done(tx: sa.Connection, nudges: Sequence[Nudge]) -> None:
    """Those were read; one that was asked for again meanwhile stays."""
    for nudge in nudges:
        tx.execute(
            sa.delete(inbox).where(inbox.c.number == nudge.number, inbox.c.received_at == nudge.received_at)
        )
