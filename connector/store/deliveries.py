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


@dataclass(frozen=True, slots=True)
class Leaving:
    """A request (JSON) that is about to be sent with the effects *keys*."""

    source: str
    queue: str
    keys: Sequence[str]
    request: Mapping[str, Any]
    guard: str
    attempt: int


def add(tx: sa.Connection, leaving: Sequence[Leaving], *, fence: int, now: Instant) -> list[int]:
    """Keep requests before their first byte leaves; returns the ids of their deliveries, in order."""
    if not leaving:
        return []
    rows = [
        {
            "source": one.source,
            "queue": one.queue,
            "keys": text.dump(one.keys),
            "request": text.dump(one.request),
            "guard": one.guard,
            "state": "sending",
            "attempt": one.attempt,
            "fence": fence,
            "sent_at": now,
        }
        for one in leaving
    ]
    made = sa.insert(deliveries).returning(deliveries.c.id, sort_by_parameter_order=True)
    return list(tx.execute(made, rows).scalars())


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a request."""

    delivery: int
    state: str
    remote_id: str | None = None
    words: str = ""


def settle(tx: sa.Connection, settled: Sequence[Settled], now: Instant) -> None:
    """Note what became of requests."""
    if settled:
        tx.execute(
            _SETTLE,
            [
                {
                    "b_id": one.delivery,
                    "b_state": one.state,
                    "b_now": now,
                    "b_remote": one.remote_id,
                    "b_words": one.words or None,
                }
                for one in settled
            ],
        )


_SETTLE = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("b_id"))
    .values(
        state=sa.bindparam("b_state"),
        settled_at=sa.bindparam("b_now"),
        remote_id=sa.bindparam("b_remote"),
        words=sa.bindparam("b_words"),
    )
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
