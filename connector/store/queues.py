"""The queues of effects, over `desired` and `outbox` together: what is at their heads, and what became of it.

One ticket's effects go out strictly in order, so a queue whose head waits is not looked at further. Effects
that are held, set aside or dropped are in no queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.effect import Held, Output, name_of
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


def begin(tx: sa.Connection, carried: Mapping[str, int], fence: int, now: Instant) -> None:
    """Effects are being sent: *carried* tells by which delivery each, by its key."""
    rows = [{"b_key": key, "b_delivery": number} for key, number in carried.items()]
    if not rows:
        return
    for table in TABLES:
        values = {"state": SENDING, "fence": fence, "sent_at": now, "words": None}
        tx.execute(
            sa.update(table)
            .where(table.c.key == sa.bindparam("b_key"))
            .values(**values, delivery=sa.bindparam("b_delivery"), attempt=table.c.attempt + 1),
            rows,
        )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request whose effects are on the platform: the hashes of the values that it carried by key (None for
    acts), and what the platform calls what was written."""

    hashes: Mapping[str, str | None]
    remote_id: str | None


def done(tx: sa.Connection, arrived: Sequence[Arrived], now: Instant) -> None:
    """The effects of requests arrived: acts for good, values as far as they are still the wanted ones."""
    acts, values = [], []
    for one in arrived:
        for key, sent in one.hashes.items():
            row = {"b_key": key, "b_remote": one.remote_id, "b_now": now}
            if sent is None:
                acts.append(row)
            else:
                values.append(row | {"b_sent": sent})
    if acts:
        tx.execute(_ACTS_DONE, acts)
    if values:
        tx.execute(_VALUES_DONE, values)


def _arrive(table: sa.Table) -> sa.Update:
    return (
        sa.update(table)
        .where(table.c.key == sa.bindparam("b_key"))
        .values(
            words=None,
            done_at=sa.bindparam("b_now"),
            not_before=0,
            remote_id=sa.func.coalesce(sa.bindparam("b_remote"), table.c.remote_id),
        )
    )


_ACTS_DONE = _arrive(outbox).values(state=DONE)
_VALUES_DONE = _arrive(desired).values(
    state=sa.case((desired.c.payload_hash == sa.bindparam("b_sent"), DONE), else_=READY),
    delivered_hash=sa.bindparam("b_sent"),
    attempt=0,
)


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


def switch_off(tx: sa.Connection, source: str, is_on: Callable[[str], bool]) -> None:
    """Hold what waits at *source* of outputs that are not `on` any more and was never begun to be sent:
    *is_on* tells by an effect's name. Of what was begun it has to be found out whether it arrived."""
    for table in TABLES:
        waits = (
            table.c.source == source,
            table.c.state.in_((READY, HELD)),
            table.c.attempt == 0,
            sa.or_(table.c.held_why.is_(None), table.c.held_why.not_in((Held.SWITCHED, Held.CLOSED))),
        )
        names = tx.execute(sa.select(table.c.output, table.c.kind).where(*waits).distinct()).all()
        for output, kind in names:
            if not is_on(name_of(Output(output), kind)):
                same = (table.c.output == output, table.c.kind.is_not_distinct_from(kind))
                values = {"state": HELD, "held_why": Held.SWITCHED}
                tx.execute(sa.update(table).where(*waits, *same).values(**values))


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
