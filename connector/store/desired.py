"""Values wanted on the platform: achievement records and ticket fields. One row a subject; the latest value
wins, and one equal to what was delivered means nothing to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import sqlalchemy as sa

from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import Instant
from connector.store import text
from connector.store.effectrows import (
    COLUMNS,
    DONE,
    HELD,
    READY,
    SENDING,
    SET_ASIDE,
    UNSURE,
    Waiting,
    Wanted,
    as_row,
    from_row,
    next_seq,
)
from connector.store.rows import batches, upsert
from connector.store.schema import desired


def hash_of(payload: Mapping[str, object]) -> str:
    """What tells two payloads apart."""
    return blake2b(text.dump(payload).encode(), digest_size=16).hexdigest()


def want(tx: sa.Connection, values: Sequence[Wanted], now: Instant) -> list[Wanted]:
    """Note the values wanted now, and return those that differ from what was wanted before.

    A row that waits keeps its place in its queue and only takes the new value; an attempt under way is judged
    by its own frozen request. One that was refused is tried again with its new value.
    """
    before = _hashes(tx, [value.effect.key for value in values])
    seq = next_seq(tx)
    rows, changed = [], []
    for value in values:
        payload_hash = hash_of(value.effect.payload)
        old = before.get(value.effect.key)
        if old and old.wanted == payload_hash and (old.state == HELD) == (value.held is not None):
            continue
        changed.append(value)
        state = _next_state(old, value, payload_hash)
        if old is None or old.state in (DONE, SET_ASIDE):
            place, seq = seq, seq + 1
        else:
            # What an earlier attempt may still bring has to settle before the new value goes out.
            place, value = old.seq, replace(value, not_before=max(old.not_before, value.not_before))
        rows.append((*as_row(value, place, state, now), payload_hash))
    upsert(tx, desired, rows, columns=(*COLUMNS, "payload_hash"))
    return changed


def _next_state(old: _Before | None, value: Wanted, payload_hash: str) -> str:
    if old is not None and old.state in (SENDING, UNSURE):
        return old.state
    if old is not None and old.delivered == payload_hash:
        return DONE
    return READY if value.held is None else HELD


def of_queues(tx: sa.Connection, source: str, queues: Sequence[str]) -> dict[str, Effect]:
    """The values wanted in those queues, by key."""
    found: dict[str, Effect] = {}
    for part in batches(queues):
        query = sa.select(desired).where(desired.c.source == source, desired.c.queue.in_(part))
        found |= {row["key"]: from_row(row).effect for row in tx.execute(query).mappings()}
    return found


def wanted_hashes(tx: sa.Connection, keys: Sequence[str]) -> dict[str, str]:
    """The hash of what is wanted, by key."""
    return {key: row.wanted for key, row in _hashes(tx, keys).items()}


def in_state(tx: sa.Connection, source: str | None, *states: str) -> list[Waiting]:
    """The values of *source* (None: all sources) in any of *states*, in the order they came."""
    query = sa.select(desired).where(desired.c.state.in_(states))
    if source is not None:
        query = query.where(desired.c.source == source)
    return [from_row(row) for row in tx.execute(query.order_by(desired.c.seq)).mappings()]


def reconsider(
    tx: sa.Connection, source: str, outputs: Sequence[str], why: str, otherwise: str
) -> list[TicketId]:
    """The tickets with values of those *outputs* that are held because of *why*. Deciding anew lets them go;
    what nobody decides anew is held because of *otherwise* from now on."""
    held = (
        desired.c.source == source,
        desired.c.state == HELD,
        desired.c.held_why == why,
        desired.c.output.in_(outputs),
    )
    written = tx.execute(sa.select(desired.c.ticket).where(*held).distinct()).scalars().all()
    if written:
        tx.execute(sa.update(desired).where(*held).values(held_why=otherwise))
    return [ticket for one in written if (ticket := text.load_ticket(one)) is not None]


@dataclass(frozen=True, slots=True)
class _Before:
    wanted: str
    delivered: str | None
    state: str
    seq: int
    not_before: Instant


def _hashes(tx: sa.Connection, keys: Sequence[str]) -> dict[str, _Before]:
    found: dict[str, _Before] = {}
    columns = (
        desired.c.payload_hash,
        desired.c.delivered_hash,
        desired.c.state,
        desired.c.seq,
        desired.c.not_before,
    )
    for part in batches(keys):
        query = sa.select(desired.c.key, *columns).where(desired.c.key.in_(part))
        found |= {key: _Before(*row) for key, *row in tx.execute(query)}
    return found
