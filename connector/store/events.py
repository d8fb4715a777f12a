"""Timeline entries that are known. A key that is here is not news, whatever a later run finds."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connector.model.event import Event
from connector.model.instant import Instant
from connector.store.rows import batches, upsert
from connector.store.schema import events

_COLUMNS = (
    "key", "source", "kind", "id", "agreement", "target", "origin", "at", "name", "silent", "why", "known_at",
)  # fmt: skip


def add(tx: sa.Connection, news: Sequence[Event], now: Instant) -> None:
    """Note events; one whose key is known already stays as it was."""
    known = known_keys(tx, [event.key for event in news])
    upsert(tx, events, [_row(event, now) for event in news if event.key not in known], columns=_COLUMNS)


def _row(event: Event, now: Instant) -> tuple[object, ...]:
    cycle, ticket = event.cycle, event.cycle.ticket
    return (
        event.key, ticket.source, ticket.kind, ticket.id, cycle.agreement, cycle.target, cycle.origin,
        event.at, event.name, int(event.silent), event.why_silent, now,
    )  # fmt: skip


def known_keys(tx: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Which of *keys* are known."""
    found: set[str] = set()
    for part in batches(keys):
        found.update(tx.execute(sa.select(events.c.key).where(events.c.key.in_(part))).scalars())
    return found


def keys_of_tickets(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> set[str]:
    """The keys of all that is known of those tickets."""
    found: set[str] = set()
    for part in batches(ids):
        query = sa.select(events.c.key).where(
            events.c.source == source, events.c.kind == kind, events.c.id.in_(part)
        )
        found.update(tx.execute(query).scalars())
    return found
