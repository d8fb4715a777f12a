"""What the records of a source call each other: names of references, and where one stands without.

Histories may tell an id alone. Its name is known from any record that shows both, whenever that was read, so
what a rule sees of a ticket does not depend on which tickets are judged together with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from connector.model.record import Change, Record, Reference, Value
from connector.store.rows import batches, upsert
from connector.store.schema import names, tickets, unnamed

Unnamed = Mapping[str, Mapping[tuple[str, str], str]]  # by ticket: (field, id) → name


def learn(
    tx: sa.Connection, source: str, kind: str, records: Sequence[Record], references: Collection[str]
) -> None:
    """Keep the names that *records* tell, and where they tell an id alone in the fields *references*. Tickets
    with an id whose name is new, or another than before, are to be evaluated again."""
    told = {value.id: value.name for record in records for _, value in _references(record) if value.name}
    known: dict[str, str] = {}
    for part in batches(sorted(told)):
        query = sa.select(names.c.id, names.c.name).where(names.c.source == source, names.c.id.in_(part))
        known |= dict(tx.execute(query).all())
    fresh = {id_: name for id_, name in told.items() if known.get(id_) != name}
    upsert(tx, names, [(source, id_, name) for id_, name in fresh.items()])
    _touch(tx, source, sorted(fresh))
    _keep_unnamed(tx, source, kind, records, references)


def of_tickets(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> Unnamed:
    """The names of what those tickets, at most some hundreds, tell by its id alone."""
    query = (
        sa.select(unnamed.c.id, unnamed.c.field, unnamed.c.reference, names.c.name)
        .join(names, sa.and_(names.c.source == unnamed.c.source, names.c.id == unnamed.c.reference))
        .where(unnamed.c.source == source, unnamed.c.kind == kind, unnamed.c.id.in_(ids))
    )
    found: dict[str, dict[tuple[str, str], str]] = {}
    for id_, field, reference, name in tx.execute(query):
        found.setdefault(id_, {})[field, reference] = name
    return found


def named(record: Record, told: Mapping[tuple[str, str], str]) -> Record:
    """*record* with the names that are known of what it tells by id alone."""

    def name(field: str, value: Value) -> Value:
        id_ = _bare(value)
        return Reference(id_, told[field, id_]) if id_ is not None and (field, id_) in told else value

    return replace(
        record,
        fields={field: name(field, value) for field, value in record.fields.items()},
        changes=tuple(_renamed(change, name(change.field, change.old), name(change.field, change.new))
                      for change in record.changes),
    )  # fmt: skip


def _renamed(change: Change, old: Value, new: Value) -> Change:
    return change if old is change.old and new is change.new else replace(change, old=old, new=new)


def _touch(tx: sa.Connection, source: str, references: Sequence[str]) -> None:
    for part in batches(references):
        waiting = sa.select(unnamed.c.kind, unnamed.c.id).where(
            unnamed.c.source == source, unnamed.c.reference.in_(part)
        )
        tx.execute(
            sa.update(tickets)
            .where(
                tickets.c.source == source,
                tickets.c.frozen.is_(None),
                sa.tuple_(tickets.c.kind, tickets.c.id).in_(waiting),
            )
            .values(dirty=1, revision=tickets.c.revision + 1)
        )


def _keep_unnamed(
    tx: sa.Connection, source: str, kind: str, records: Sequence[Record], references: Collection[str]
) -> None:
    for part in batches([record.id for record in records]):
        tx.execute(
            sa.delete(unnamed).where(
                unnamed.c.source == source, unnamed.c.kind == kind, unnamed.c.id.in_(part)
            )
        )
    rows = {
        (source, kind, record.id, field, id_)
        for record in records
        for field, value in _values(record)
        if field in references and (id_ := _bare(value)) is not None
    }
    upsert(tx, unnamed, sorted(rows))


def _bare(value: Value) -> str | None:
    """The id, where a reference is told by that alone."""
    if isinstance(value, Reference):
        return None if value.name else value.id
    return value if isinstance(value, str) and value else None


def _references(record: Record) -> Iterator[tuple[str, Reference]]:
    return ((field, value) for field, value in _values(record) if isinstance(value, Reference))


def _values(record: Record) -> Iterable[tuple[str, Value]]:
    for change in record.changes:
        yield change.field, change.old
        yield change.field, change.new
    yield from record.fields.items()
