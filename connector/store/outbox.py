"""Acts: notes, notices and created records. A key enters once and stays for ever, so that no act is done
twice."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connector.model.effect import JOINED
from connector.model.instant import Instant
from connector.store import about, text
from connector.store.effectrows import (
    COLUMNS,
    HELD,
    READY,
    UNSURE,
    Waiting,
    Wanted,
    as_row,
    from_row,
    known_keys,
    next_seq,
)
from connector.store.rows import batches, upsert
from connector.store.schema import outbox


def add(tx: sa.Connection, acts: Sequence[Wanted], now: Instant) -> list[Wanted]:
    """Queue the acts that are not known yet, and return them.

    In a store that is a copy of an older one an act may have been done already by the one it was copied
    from: it starts as unsure.
    """
    known = known_keys(tx, outbox, [act.effect.key for act in acts])
    doubted = about.unsure_until(tx) or -1
    fresh = {act.effect.key: act for act in acts if act.effect.key not in known}
    seq = next_seq(tx)
    rows = []
    for place, act in enumerate(fresh.values()):
        doubtful = act.effect.at <= doubted
        state = HELD if act.held is not None else UNSURE if doubtful else READY
        rows.append((*as_row(act, seq + place, state, now), act.event))
    upsert(tx, outbox, rows, columns=(*COLUMNS, "event"))
    return list(fresh.values())


def withdraw(tx: sa.Connection, keys: Sequence[str]) -> None:
    """Forget acts that nothing calls for any more and that were never begun to be sent."""
    for part in batches(keys):
        tx.execute(
            sa.delete(outbox).where(
                outbox.c.key.in_(part),
                outbox.c.state.in_((READY, HELD)),
                outbox.c.attempt == 0,
            )
        )


def waiting_keys(tx: sa.Connection, source: str, queues: Sequence[str]) -> set[str]:
    """The keys of acts on the tickets of those queues that were decided and not begun to be sent, those in a
    recipient's digest too."""
    waiting = (outbox.c.source == source, outbox.c.state.in_((READY, HELD)), outbox.c.attempt == 0)
    found: set[str] = set()
    for part in batches(queues):
        found.update(tx.execute(sa.select(outbox.c.key).where(*waiting, outbox.c.queue.in_(part))).scalars())
    tickets = set(queues)
    joined = sa.select(outbox.c.key, outbox.c.ticket).where(*waiting, outbox.c.queue.contains(f"/{JOINED}"))
    for key, written in tx.execute(joined):
        ticket = text.load_ticket(written)
        if ticket is not None and f"{ticket.kind}:{ticket.id}" in tickets:
            found.add(key)
    return found


def by_keys(tx: sa.Connection, keys: Sequence[str]) -> list[Waiting]:
    """Those acts, in order of their queues."""
    query = sa.select(outbox).where(outbox.c.key.in_(keys)).order_by(outbox.c.queue, outbox.c.seq)
    return [from_row(row) for row in tx.execute(query).mappings()]


def in_state(tx: sa.Connection, source: str | None, *states: str) -> list[Waiting]:
    """The acts of *source* (None: all sources) in any of *states*, most urgent first."""
    query = sa.select(outbox).where(outbox.c.state.in_(states))
    if source is not None:
        query = query.where(outbox.c.source == source)
    query = query.order_by(outbox.c.urgency.desc(), outbox.c.at, outbox.c.seq)
    return [from_row(row) for row in tx.execute(query).mappings()]


def release(tx: sa.Connection, keys: Sequence[str]) -> None:
    """Let held acts go out."""
    doubted = about.unsure_until(tx) or -1
    held = outbox.c.state == HELD
    for state, wanted in ((UNSURE, outbox.c.at <= doubted), (READY, outbox.c.at > doubted)):
        tx.execute(
            sa.update(outbox).where(outbox.c.key.in_(keys), held, wanted).values(state=state, held_why=None)
        )
