"""An effect as a row: what `desired` and `outbox` have in common.

An effect waits as `ready`, is `sending` while a request carries it, `unsure` when nobody knows what became
of it, and ends as `done`, `set_aside` (refused: the platform's words are kept) or `dropped` (by a person).
`held` effects are kept back with a reason and become `ready` when it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.effect import Effect, Output
from connector.model.instant import Instant
from connector.store import text
from connector.store.rows import Row, batches
from connector.store.schema import desired, outbox

READY, SENDING, UNSURE, DONE = "ready", "sending", "unsure", "done"
SET_ASIDE, HELD, DROPPED = "set_aside", "held", "dropped"
WAITING = (READY, SENDING, UNSURE)

COLUMNS = (
    "key", "source", "queue", "seq", "output", "kind", "payload", "ticket", "at", "urgency", "state",
    "held_why", "not_before", "made_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """An effect to be queued: what it is held for (None: it may go out), when it may go at the earliest,
    and the key of the event behind it."""

    effect: Effect
    held: str | None = None
    not_before: Instant = 0
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An effect with the state of its delivery."""

    effect: Effect
    seq: int
    state: str
    held_why: str | None
    attempt: int
    not_before: Instant
    fence: int
    sent_at: Instant | None
    delivery: int | None
    remote_id: str | None
    words: str | None
    made_at: Instant
    done_at: Instant | None


def as_row(wanted: Wanted, seq: int, state: str, now: Instant) -> Row:
    """The values of COLUMNS."""
    effect = wanted.effect
    ticket = text.dump(effect.ticket) if effect.ticket is not None else None
    return (
        effect.key, effect.source, effect.queue, seq, str(effect.output), effect.kind,
        text.dump(effect.payload), ticket, effect.at, effect.urgency, state, wanted.held, wanted.not_before,
        now,
    )  # fmt: skip


def from_row(row: sa.RowMapping) -> Waiting:
    """The effect that a row of either table holds."""
    effect = Effect(
        key=row["key"],
        output=Output(row["output"]),
        source=row["source"],
        queue=row["queue"],
        payload=text.load(row["payload"]),
        ticket=text.load_ticket(row["ticket"]),
        kind=row["kind"],
        at=row["at"],
        urgency=row["urgency"],
    )
    return Waiting(
        effect, row["seq"], row["state"], row["held_why"], row["attempt"], row["not_before"], row["fence"],
        row["sent_at"], row["delivery"], row["remote_id"], row["words"], row["made_at"], row["done_at"],
    )  # fmt: skip


def next_seq(tx: sa.Connection) -> int:
    """A place behind everything that is already queued in either table."""
    tops = [tx.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0 for table in (desired, outbox)]
    return max(tops) + 1


def known_keys(tx: sa.Connection, table: sa.Table, keys: Sequence[str]) -> set[str]:
    """Which of *keys* have a row in *table* already."""
    found: set[str] = set()
    for part in batches(keys):
        found.update(tx.execute(sa.select(table.c.key).where(table.c.key.in_(part))).scalars())
    return found
