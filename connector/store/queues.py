"""The queues of effects, over `desired` and `outbox` together: what is at their heads, and what became of it.

One ticket's effects go out strictly in order, so a queue whose head waits is not looked at further. Effects
that are held, set aside or dropped are in no queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store import effectrows
from connector.store.deliveries import Delivery
from connector.store.deliveries import from_row as delivery_from_row
from connector.store.effectrows import (
    DONE,
    DROPPED,
    HELD,
    READY,
    SENDING,
    SET_ASIDE,
    UNSURE,
    WAITING,
    Waiting,
)
from connector.store.schema import deliveries, desired, outbox

TABLES = (desired, outbox)


@dataclass(frozen=True, slots=True)
class Queued:
    """An effect in its queue; *payload_hash* tells a desired value from its later ones, acts have none."""

    row: Waiting
    payload_hash: str | None


def ready(tx: sa.Connection, source: str, now: Instant, among: Sequence[str] | None = None) -> list[str]:
    """The queues (of *among* where given) whose head may be worked on at *now*, most urgent first."""
    rows = sa.union_all(*(_places(table, source, among) for table in TABLES)).subquery()
    by_queue = (
        sa.select(rows.c.queue, sa.func.min(rows.c.seq).label("head"), sa.func.max(rows.c.urgency).label("u"))
        .group_by(rows.c.queue)
        .subquery()
    )
    heads = sa.join(by_queue, rows, sa.and_(rows.c.queue == by_queue.c.queue, rows.c.seq == by_queue.c.head))
    query = (
        sa.select(by_queue.c.queue)
        .select_from(heads)
        .where(rows.c.not_before <= now)
        .order_by(by_queue.c.u.desc(), by_queue.c.head)
    )
    return list(tx.execute(query).scalars())


def _places(
    table: sa.Table, source: str, among: Sequence[str] | None
) -> sa.Select[tuple[str, int, int, int]]:
    columns = (table.c.queue, table.c.seq, table.c.not_before, table.c.urgency)
    query = sa.select(*columns).where(table.c.source == source, table.c.state.in_(WAITING))
    return query if among is None else query.where(table.c.queue.in_(among))


def waiting(tx: sa.Connection, source: str, queues: Sequence[str]) -> Mapping[str, list[Queued]]:
    """What waits in those queues, each in its order."""
    found: dict[str, list[Queued]] = {queue: [] for queue in queues}
    for table in TABLES:
        query = sa.select(table).where(
            table.c.source == source, table.c.queue.in_(queues), table.c.state.in_(WAITING)
        )
        for row in tx.execute(query).mappings():
            found[row["queue"]].append(Queued(effectrows.from_row(row), row.get("payload_hash")))
    for queue in found.values():
        queue.sort(key=lambda one: one.row.seq)
    return found


def frozen(tx: sa.Connection, queues: Iterable[Sequence[Queued]]) -> dict[int, Delivery]:
    """The requests that carry, or last carried, the effects of those queues, by delivery."""
    numbers = {one.row.delivery for queue in queues for one in queue if one.row.delivery is not None}
    query = sa.select(deliveries).where(deliveries.c.id.in_(numbers))
    return {row["id"]: delivery_from_row(row) for row in tx.execute(query).mappings()}


def remote_ids(tx: sa.Connection, source: str, queues: Sequence[str]) -> dict[str, str]:
    """The platform's ids of what was written before under the keys of those queues."""
    query = sa.select(desired.c.key, desired.c.remote_id).where(
        desired.c.source == source, desired.c.queue.in_(queues), desired.c.remote_id.is_not(None)
    )
    return {key: remote_id for key, remote_id in tx.execute(query) if remote_id is not None}


def begin(tx: sa.Connection, keys: Sequence[str], delivery: int, fence: int, now: Instant) -> None:
    """The effects *keys* are being sent by *delivery*."""
    for table in TABLES:
        values = {"state": SENDING, "delivery": delivery, "fence": fence, "sent_at": now, "words": None}
        tx.execute(_at(table, keys).values(**values, attempt=table.c.attempt + 1))


def done(tx: sa.Connection, hashes: Mapping[str, str | None], now: Instant, remote_id: str | None) -> None:
    """The effects of a request arrived: acts for good, values as far as they are still the wanted ones.

    *hashes* are those of the values that were sent, by key; *remote_id* is what the platform called it."""
    keys = list(hashes)
    finished = {"words": None, "done_at": now, "not_before": 0}
    remote = {"remote_id": remote_id} if remote_id is not None else {}
    tx.execute(_at(outbox, keys).values(state=DONE, **finished, **remote))
    for key, sent in hashes.items():
        if sent is not None:
            state = sa.case((desired.c.payload_hash == sent, DONE), else_=READY)
            values = {**finished, **remote, "state": state, "delivered_hash": sent, "attempt": 0}
            tx.execute(_at(desired, [key]).values(values))


def tried(tx: sa.Connection, keys: Sequence[str]) -> None:
    """The effects did not arrive, or not as they are wanted now: they may be sent anew."""
    for table in TABLES:
        tx.execute(_at(table, keys).values(state=READY, not_before=0, words=None))


def again(tx: sa.Connection, keys: Sequence[str], not_before: Instant, words: str | None) -> None:
    """The effects were refused before anything could have come of them: as if they had not been sent."""
    for table in TABLES:
        tries = sa.case((table.c.attempt > 0, table.c.attempt - 1), else_=0)
        tx.execute(_at(table, keys).values(state=READY, attempt=tries, not_before=not_before, words=words))


def unsure(tx: sa.Connection, keys: Sequence[str], not_before: Instant, words: str) -> None:
    """Nobody knows what became of the effects; they are looked up at *not_before*."""
    for table in TABLES:
        tx.execute(_at(table, keys).values(state=UNSURE, not_before=not_before, words=words or None))


def set_aside(tx: sa.Connection, keys: Sequence[str], words: str) -> None:
    """The effects are given up, for the reason *words*."""
    for table in TABLES:
        tx.execute(_at(table, keys).values(state=SET_ASIDE, words=words))


def hold(tx: sa.Connection, keys: Sequence[str], why: str) -> None:
    """Say why held acts are (still) held."""
    for start in range(0, len(keys), 500):
        some = outbox.c.key.in_(keys[start : start + 500])
        tx.execute(sa.update(outbox).where(some, outbox.c.state == HELD).values(held_why=why))


def found_at(tx: sa.Connection, key: str, remote_id: str) -> None:
    """The platform has a record under *key*: what is written to it from now on goes there."""
    tx.execute(_at(desired, [key]).values(remote_id=remote_id))


def doubt_everything(tx: sa.Connection, source: str) -> None:
    """Whatever this store believes of the platform may have changed since: values are written again, and acts
    that wait are looked up first. For a store that is a copy of an older one."""
    tx.execute(
        sa.update(desired)
        .where(desired.c.source == source, desired.c.state.in_((DONE, READY, SENDING, UNSURE)))
        .values(state=READY, delivered_hash=None, remote_id=None, delivery=None, attempt=0)
    )
    tx.execute(
        sa.update(outbox).where(outbox.c.source == source, outbox.c.state == READY).values(state=UNSURE)
    )


def revive(tx: sa.Connection, keys: Sequence[str]) -> None:
    """Send effects that were set aside after all. Acts are looked up first, but for those of which nothing
    can be: somebody wants them repeated."""
    anew = {"not_before": 0, "words": None, "attempt": 0, "delivery": None}
    once = sa.select(deliveries.c.id).where(deliveries.c.guard == "once")
    state = sa.case((outbox.c.delivery.in_(once), READY), else_=UNSURE)
    tx.execute(_at(outbox, keys).where(outbox.c.state == SET_ASIDE).values(state=state, **anew))
    tx.execute(_at(desired, keys).where(desired.c.state == SET_ASIDE).values(state=READY, **anew))


def drop(tx: sa.Connection, keys: Sequence[str]) -> None:
    """Forget effects."""
    for table in TABLES:
        tx.execute(_at(table, keys).values(state=DROPPED))


def _at(table: sa.Table, keys: Sequence[str]) -> sa.Update:
    return sa.update(table).where(table.c.key.in_(keys))
