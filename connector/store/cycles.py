"""Cycles as last evaluated, with the values of their ticket that objectives read. Evidence: reports and
audits count from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from connector.model.cycle import Cycle, Moment, State, TicketId
from connector.model.instant import Instant
from connector.model.record import Value
from connector.store import text
from connector.store.rows import Row, batches, upsert
from connector.store.schema import cycles

Found = tuple[Cycle, Mapping[str, Value]]

_PLAIN = (
    "version", "number", "started", "ended", "elapsed", "time", "remaining", "due", "breached_at", "used",
    "excluded", "paused", "next_at", "entry", "rule_hash", "history",
)  # fmt: skip


def put(tx: sa.Connection, source: str, kind: str, ids: Sequence[str], found: Sequence[Found]) -> None:
    """Keep the cycles *found* of those tickets. One that was known and is not found any more stays as gone:
    late history has taken it away, but it may have been reported."""
    rows = [_row(cycle, values) for cycle, values in found]
    fresh = {row[: len(_KEY)] for row in rows}
    known = _keys(tx, source, kind, ids)
    upsert(tx, cycles, rows)
    for key in sorted(known - fresh):
        where = [cycles.c[name] == part for name, part in zip(_KEY, key, strict=True)]
        tx.execute(sa.update(cycles).where(*where).values(gone=1, next_at=None))


def of_tickets(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> Iterator[Found]:
    """The cycles of those tickets, in order of ticket, agreement, target, origin."""
    for part in batches(ids):
        query = sa.select(cycles).where(
            cycles.c.source == source, cycles.c.kind == kind, cycles.c.id.in_(part), cycles.c.gone == 0
        )
        yield from map(_found, tx.execute(query.order_by(*cycles.primary_key)).mappings())


def of_agreement(
    tx: sa.Connection, agreement: str, *, since: Instant | None = None, until: Instant | None = None
) -> Iterator[Found]:
    """The cycles of an agreement that were started before *until* and were not over before *since*."""
    query = sa.select(cycles).where(cycles.c.agreement == agreement, cycles.c.gone == 0)
    if since is not None:
        query = query.where(
            sa.or_(cycles.c.ended.is_(None), cycles.c.ended >= since, cycles.c.outcome_at >= since)
        )
    if until is not None:
        query = query.where(cycles.c.started < until)
    yield from map(_found, tx.execute(query.order_by(*cycles.primary_key)).mappings())


def counts(tx: sa.Connection, source: str) -> Mapping[str, int]:
    """How many cycles there are, by state."""
    query = sa.select(cycles.c.state, sa.func.count()).where(cycles.c.source == source, cycles.c.gone == 0)
    return dict(tx.execute(query.group_by(cycles.c.state)).all())


def outcome_at(cycle: Cycle) -> Instant | None:
    """The instant by which a cycle's outcome is counted: the breach of a missed one, open or not, and the
    end of a met one. None where there is no outcome yet, or never."""
    if cycle.state is State.MISSED or (cycle.state.is_open and cycle.breached_at is not None):
        return cycle.breached_at
    return cycle.ended if cycle.state is State.MET else None


_KEY = ("source", "kind", "id", "agreement", "target", "origin")


def _keys(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> set[Row]:
    columns = [cycles.c[name] for name in _KEY]
    found: set[Row] = set()
    for part in batches(ids):
        query = sa.select(*columns).where(
            cycles.c.source == source, cycles.c.kind == kind, cycles.c.id.in_(part), cycles.c.gone == 0
        )
        found.update(tuple(row) for row in tx.execute(query))
    return found


def _row(cycle: Cycle, values: Mapping[str, Value]) -> Row:
    ticket = cycle.ticket
    named = {name: getattr(cycle, name) for name in _PLAIN} | {
        "source": ticket.source,
        "kind": ticket.kind,
        "id": ticket.id,
        "agreement": cycle.agreement,
        "target": cycle.target,
        "origin": cycle.origin,
        "ticket_key": ticket.key,
        "state": str(cycle.state),
        "warnings": _moments_as_text(cycle.warnings),
        "timeline": _moments_as_text(cycle.timeline),
        "outcome_at": outcome_at(cycle),
        "dimensions": text.dump(values),
        "gone": 0,
    }
    return tuple(named[name] for name in cycles.columns.keys())  # noqa: SIM118 (a collection, not a mapping)


def _found(row: sa.RowMapping) -> Found:
    cycle = Cycle(
        ticket=TicketId(row["source"], row["kind"], row["id"], row["ticket_key"]),
        agreement=row["agreement"],
        target=row["target"],
        origin=row["origin"],
        state=State(row["state"]),
        warnings=_moments(row["warnings"]),
        timeline=_moments(row["timeline"]),
        **{name: row[name] for name in _PLAIN},
    )
    return cycle, text.load_fields(row["dimensions"])


def _moments_as_text(moments: Sequence[Moment]) -> str:
    return text.dump([[moment.at, moment.event, moment.elapsed] for moment in moments])


def _moments(kept: str) -> tuple[Moment, ...]:
    return tuple(Moment(at, event, elapsed) for at, event, elapsed in text.load(kept))
