"""Records that are about a ticket, such as its cycles on the platform: found by their ticket, which is to be
evaluated again when one of them has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from connector.model.record import Record, Reference
from connector.store import text
from connector.store.rows import batches
from connector.store.schema import tickets


def of_tickets(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> dict[str, list[Record]]:
    """The records of *kind* about those tickets, by the ticket's id and in order of their own; without those
    that are not there any more."""
    found: dict[str, list[Record]] = {}
    for part in batches(ids):
        for record in _records(tx, source, kind, tickets.c.belongs_to.in_(part)):
            found.setdefault(record.fields["ticket"].id, []).append(record)
    return found


def every(tx: sa.Connection, source: str, kind: str) -> Iterator[Record]:
    """All records of *kind* that are there and about a ticket."""
    return _records(tx, source, kind, tickets.c.belongs_to.is_not(None))


def ids_of(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> list[str]:
    """The ids of the records of *kind* about those tickets."""
    found: list[str] = []
    for part in batches(ids):
        query = sa.select(tickets.c.id).where(
            tickets.c.source == source,
            tickets.c.kind == kind,
            tickets.c.frozen.is_(None),
            tickets.c.belongs_to.in_(part),
        )
        found += tx.execute(query).scalars()
    return sorted(found)


def touch(tx: sa.Connection, source: str, kinds: Sequence[str], ids: Iterable[str]) -> None:
    """Have those tickets evaluated again: what is known about them has changed."""
    for part in batches(sorted(set(ids))):
        tx.execute(
            sa.update(tickets)
            .where(tickets.c.source == source, tickets.c.kind.in_(kinds), tickets.c.id.in_(part))
            .values(dirty=1, revision=tickets.c.revision + 1)
        )


def about(records: Iterable[Record]) -> set[str]:
    """The ids of the tickets that *records* are about."""
    found = (record.fields.get("ticket") for record in records)
    return {ticket.id for ticket in found if isinstance(ticket, Reference)}


def _records(tx: sa.Connection, source: str, kind: str, which: sa.ColumnElement[bool]) -> Iterator[Record]:
    query = (
        sa.select(tickets)
        .where(tickets.c.source == source, tickets.c.kind == kind, tickets.c.frozen.is_(None), which)
        .order_by(tickets.c.id)
    )
    for row in tx.execute(query).mappings():
        yield Record(
            kind=row["kind"],
            source=row["source"],
            id=row["id"],
            key=row["key"],
            fields=text.load_fields(row["fields"]),
            url=row["url"],
            updated=row["updated"],
        )
