"""Requests, frozen in the store before they are sent: what a crash in between leaves to be looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store import text
from connector.store.schema import deliveries


@dataclass(frozen=True, slots=True)
class Delivery:
    """One frozen request and what became of it."""

    id: int
    source: str
    queue: str
    keys: tuple[str, ...]
    request: Mapping[str, Any]
    guard: str
    state: str
    attempt: int
    fence: int
    sent_at: Instant
    words: str | None


def add(
    tx: sa.Connection,
    source: str,
    queue: str,
    keys: Sequence[str],
    request: Mapping[str, Any],
    *,
    guard: str,
    attempt: int,
    fence: int,
    now: Instant,
) -> int:
    """Freeze *request* (JSON), which carries the effects *keys*, before its first byte leaves; returns its
    id."""
    made = tx.execute(
        sa.insert(deliveries).values(
            source=source,
            queue=queue,
            keys=text.dump(keys),
            request=text.dump(request),
            guard=guard,
            state="sending",
            attempt=attempt,
            fence=fence,
            sent_at=now,
        )
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def settle(
    tx: sa.Connection,
    delivery: int,
    state: str,
    now: Instant,
    *,
    remote_id: str | None = None,
    words: str = "",
) -> None:
    """Note what became of a request."""
    tx.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery)
        .values(state=state, settled_at=now, remote_id=remote_id, words=words or None)
    )


def from_row(row: sa.RowMapping) -> Delivery:
    """The delivery that a row holds."""
    return Delivery(
        id=row["id"],
        source=row["source"],
        queue=row["queue"],
        keys=tuple(text.load(row["keys"])),
        request=text.load(row["request"]),
        guard=row["guard"],
        state=row["state"],
        attempt=row["attempt"],
        fence=row["fence"],
        sent_at=row["sent_at"],
        words=row["words"],
    )
