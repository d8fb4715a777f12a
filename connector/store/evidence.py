"""What reports count from: tickets beside their cycles. Reads only; the tables have files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from connector.model.cycle import TicketId
from connector.model.instant import Instant
from connector.store.schema import cycles, tickets

_SAME = sa.and_(
    cycles.c.source == tickets.c.source, cycles.c.kind == tickets.c.kind, cycles.c.id == tickets.c.id
)


def addresses(tx: sa.Connection, agreement: str) -> dict[tuple[str, str, str], str | None]:
    """Where a person sees each ticket that the agreement measures, by (source, kind, id)."""
    measured = sa.exists().where(_SAME, cycles.c.agreement == agreement)
    query = sa.select(tickets.c.source, tickets.c.kind, tickets.c.id, tickets.c.url).where(measured)
    return {(source, kind, id_): url for source, kind, id_, url in tx.execute(query)}


def opened(tx: sa.Connection, kinds: Iterable[str], start: Instant, end: Instant) -> int:
    """How many tickets of *kinds* were opened from *start* up to, not including, *end*."""
    query = sa.select(sa.func.count()).where(*_opened(kinds, start, end))
    return tx.execute(query).scalar_one()


def without_cycle(
    tx: sa.Connection, kinds: Iterable[str], start: Instant, end: Instant
) -> Sequence[TicketId]:
    """Those of them on which no clock ever ran, by key."""
    query = sa.select(tickets.c.source, tickets.c.kind, tickets.c.id, tickets.c.key).where(
        *_opened(kinds, start, end), ~sa.exists().where(_SAME, cycles.c.gone == 0)
    )
    return [TicketId(*row) for row in tx.execute(query.order_by(tickets.c.key))]


def _opened(kinds: Iterable[str], start: Instant, end: Instant) -> list[sa.ColumnElement[bool]]:
    return [tickets.c.kind.in_(list(kinds)), tickets.c.opened >= start, tickets.c.opened < end]
