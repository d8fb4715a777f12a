"""Records as last read, and what is to be done with them: evaluate (`dirty`, `next_at`), read again
(`pending`), or leave alone (`frozen`: not in scope any more, nothing known of it moves)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.model.record import Change, Record, Reference, Value
from connector.store import changes, names, text
from connector.store.rows import batches, upsert
from connector.store.schema import tickets

_READ = (
    "source", "kind", "id", "key", "url", "fields", "opened", "updated", "history", "digest", "revision",
    "dirty", "next_at", "read_at", "quiet", "pending", "pending_why",
    "frozen", "belongs_to", "edition", "own_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a record, without its changes. *updated* is its last update that was not ours;
    *own_at* our latest write after it, if nothing has come between; *edition* counts both."""

    updated: Instant | None
    fields: str
    history: str
    digest: str
    revision: int
    dirty: int
    next_at: Instant | None
    read_at: Instant
    quiet: int
    pending: int
    pending_why: str | None
    frozen: str | None
    edition: int | None
    own_at: Instant | None

    @property
    def values(self) -> dict[str, Value]:
        """The fields as they were read; nothing where another mapping read them, for then they say
        nothing."""
        return {} if self.updated is None else text.load_fields(self.fields)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whether a history can be trusted yet. *tries*: how often it was found to contradict its record, 0
    when it does not (or was given up); *is_quiet*: the record's latest update has left nothing in it
    (yet)."""

    tries: int = 0
    why: str | None = None
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A record as it was just read at *read_at* (the platform's time). *digest* tells what counts for
    evaluation. *own_at*: the latest write was ours; `record.updated` is then the last one that was not."""

    record: Record
    digest: str
    read_at: Instant
    doubt: Doubt = Doubt()
    is_ticket: bool = True
    own_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A ticket to be evaluated, and the revision that this settles. *judged_at*: the instant as of which it
    was evaluated before."""

    kind: str
    id: str
    revision: int
    judged_at: Instant = 0


def _those(source: str, kind: str, ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(tickets.c.source == source, tickets.c.kind == kind, tickets.c.id.in_(ids))


def known(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> dict[str, Known]:
    """What is known of those records, by id."""
    columns = [tickets.c[name] for name in Known.__slots__]
    found: dict[str, Known] = {}
    for part in batches(ids):
        query = sa.select(tickets.c.id, *columns).where(_those(source, kind, part))
        found |= {id_: Known(*row) for id_, *row in tx.execute(query)}
    return found


def put(tx: sa.Connection, readings: Sequence[Reading], before: Mapping[str, Known]) -> int:
    """Keep records of one kind as they were read; one that differs from *before* is marked dirty and gets a
    new revision. Returns how many differ."""
    rows, differing = [], 0
    for reading in readings:
        record, doubt, old = reading.record, reading.doubt, before.get(reading.record.id)
        differs = old is None or old.digest != reading.digest or old.frozen is not None
        differing += differs
        revision = (old.revision if old else 0) + differs
        dirty = int(reading.is_ticket and (differs or bool(old and old.dirty)))
        rows.append((
            record.source, record.kind, record.id, record.key, record.url, text.dump(record.fields),
            record.fields.get("opened"), record.updated, record.history, reading.digest, revision,
            dirty, old.next_at if old else None, reading.read_at, int(doubt.is_quiet), doubt.tries,
            doubt.why, None, _ticket_of(reading), record.edition, reading.own_at,
        ))  # fmt: skip
    upsert(tx, tickets, rows, columns=_READ)
    return differing


def _ticket_of(reading: Reading) -> str | None:
    """The id of the ticket that a record is about, where it is none itself."""
    ticket = reading.record.fields.get("ticket")
    return ticket.id if isinstance(ticket, Reference) and not reading.is_ticket else None


def load(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> list[Record]:
    """Those records with their changes, in order of their ids; references by what they are called, as far as
    any record has told that."""
    found: list[Record] = []
    for part in batches(ids):
        history = changes.of(tx, source, kind, part)
        query = sa.select(tickets).where(_those(source, kind, part)).order_by(tickets.c.id)
        told = names.of_tickets(tx, source, kind, part)
        for row in tx.execute(query).mappings():
            record = _record(row, history.get(row["id"], []))
            found.append(names.named(record, told[record.id]) if record.id in told else record)
    return found


def _record(row: sa.RowMapping, history: Sequence[Change]) -> Record:
    return Record(
        kind=row["kind"],
        source=row["source"],
        id=row["id"],
        key=row["key"],
        fields=text.load_fields(row["fields"]),
        changes=tuple(history),
        url=row["url"],
        updated=row["updated"],
        history=row["history"],
    )


def to_evaluate(
    tx: sa.Connection, source: str, watermark: Instant, *, after: tuple[str, str], limit: int
) -> list[Mark]:
    """The next tickets behind *after* (kind, id) that are dirty or have something to come by *watermark*;
    those waiting for their history, those out of scope, and those evaluated as of a later instant already
    are left alone."""
    usable = sa.and_(
        tickets.c.source == source,
        tickets.c.pending == 0,
        tickets.c.frozen.is_(None),
        tickets.c.judged_at <= watermark,
    )
    place = sa.tuple_(tickets.c.kind, tickets.c.id) > sa.tuple_(*(sa.literal(part) for part in after))
    columns = (tickets.c.kind, tickets.c.id, tickets.c.revision)
    dirty = sa.select(*columns).where(usable, tickets.c.dirty == 1, place)
    coming = sa.select(*columns).where(usable, tickets.c.next_at <= watermark, place)
    both = sa.union(dirty, coming).subquery()
    query = sa.select(both).order_by(both.c.kind, both.c.id).limit(limit)
    return [Mark(*row) for row in tx.execute(query)]


def due_among(tx: sa.Connection, source: str, kind: str, ids: Sequence[str], as_of: Instant) -> list[Mark]:
    """Those of *ids* that are dirty or have something to come by *as_of*, and can be evaluated."""
    found: list[Mark] = []
    for part in batches(ids):
        query = sa.select(tickets.c.kind, tickets.c.id, tickets.c.revision).where(
            _those(source, kind, part),
            tickets.c.pending == 0,
            tickets.c.frozen.is_(None),
            sa.or_(tickets.c.dirty == 1, tickets.c.next_at <= as_of),
        )
        found += [Mark(*row) for row in tx.execute(query.order_by(tickets.c.id))]
    return found


def contradicted(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> set[str]:
    """Those of *ids* whose history does not agree with them, be it waited for or given up."""
    found: set[str] = set()
    for part in batches(ids):
        query = sa.select(tickets.c.id).where(_those(source, kind, part), tickets.c.pending_why.is_not(None))
        found.update(tx.execute(query).scalars())
    return found


def to_fill(
    tx: sa.Connection, source: str, kinds: Sequence[str], *, after: tuple[str, str], limit: int
) -> list[Mark]:
    """The next tickets of *kinds* behind *after*, for a back-fill; dirty ones are left to `to_evaluate`."""
    query = (
        sa.select(tickets.c.kind, tickets.c.id, tickets.c.revision, tickets.c.judged_at)
        .where(
            tickets.c.source == source,
            tickets.c.kind.in_(kinds),
            tickets.c.dirty == 0,
            tickets.c.frozen.is_(None),
            sa.tuple_(tickets.c.kind, tickets.c.id) > sa.tuple_(*(sa.literal(part) for part in after)),
        )
        .order_by(tickets.c.kind, tickets.c.id)
        .limit(limit)
    )
    return [Mark(*row) for row in tx.execute(query)]


def settle(
    tx: sa.Connection,
    source: str,
    marks: Sequence[Mark],
    next_at: Mapping[tuple[str, str], Instant | None],
    repairs: Mapping[tuple[str, str], Mapping[str, int]],
    as_of: Instant = 0,
) -> None:
    """Note that tickets were evaluated *as_of* an instant: when to look again, and what had to be mended. The
    dirty mark goes unless the ticket was read anew meanwhile."""
    rows = []
    for mark in marks:
        place = (mark.kind, mark.id)
        mended = repairs.get(place)
        rows.append(
            {
                "b_source": source,
                "b_kind": mark.kind,
                "b_id": mark.id,
                "b_revision": mark.revision,
                "b_next": next_at.get(place),
                "b_repairs": text.dump(mended) if mended else None,
                "b_as_of": as_of,
            }
        )
    if rows:
        tx.execute(_SETTLE, rows)


_SETTLE = (
    sa.update(tickets)
    .where(
        tickets.c.source == sa.bindparam("b_source"),
        tickets.c.kind == sa.bindparam("b_kind"),
        tickets.c.id == sa.bindparam("b_id"),
        tickets.c.revision == sa.bindparam("b_revision"),
    )
    .values(
        dirty=0,
        next_at=sa.bindparam("b_next"),
        repairs=sa.bindparam("b_repairs"),
        judged_at=sa.bindparam("b_as_of"),
    )
)


def to_read_again(
    tx: sa.Connection, source: str, watermark: Instant, own_before: Instant
) -> dict[str, list[str]]:
    """By kind, the ids whose history has not settled, of tickets that would cross a line by *watermark*
    though they were last read before it, and of those that we wrote to *own_before* an instant and have not
    read since."""
    in_scope = sa.and_(tickets.c.source == source, tickets.c.frozen.is_(None))
    unsettled = sa.select(tickets.c.kind, tickets.c.id).where(in_scope, tickets.c.pending > 0)
    crossing = sa.select(tickets.c.kind, tickets.c.id).where(
        in_scope, tickets.c.next_at <= watermark, tickets.c.read_at < watermark
    )
    own = sa.select(tickets.c.kind, tickets.c.id).where(in_scope, tickets.c.own_at < own_before)
    asked = sa.union(unsettled, crossing, own).subquery()
    return _by_kind(tx.execute(sa.select(asked).order_by(asked.c.kind, asked.c.id)))


def mark(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> None:
    """Have those tickets evaluated again, as far as they are in scope."""
    for part in batches(ids):
        tx.execute(
            sa.update(tickets).where(_those(source, kind, part), tickets.c.frozen.is_(None)).values(dirty=1)
        )


def forget_reading(tx: sa.Connection, source: str, kind: str) -> None:
    """Whatever is known of a kind's records was read by another mapping: compare nothing with it."""
    tx.execute(
        sa.update(tickets)
        .where(tickets.c.source == source, tickets.c.kind == kind)
        .values(updated=None, own_at=None)
    )


def seen(tx: sa.Connection, source: str, kind: str, ids: Sequence[str], at: Instant) -> None:
    """Those were read at *at* (the platform's time) and are as they were."""
    for part in batches(ids):
        tx.execute(sa.update(tickets).where(_those(source, kind, part)).values(read_at=at))


def freeze(tx: sa.Connection, source: str, kind: str, reasons: Mapping[str, str]) -> None:
    """Leave tickets alone from now on, each with the reason, until they are read again."""
    for id_, reason in reasons.items():
        tx.execute(
            sa.update(tickets)
            .where(tickets.c.source == source, tickets.c.kind == kind, tickets.c.id == id_)
            .values(frozen=reason, dirty=0, next_at=None, pending=0, pending_why=None)
        )


def ids(tx: sa.Connection, source: str, kind: str) -> dict[str, str | None]:
    """Every id known of a kind, with the reason it is frozen for, if it is."""
    query = sa.select(tickets.c.id, tickets.c.frozen).where(
        tickets.c.source == source, tickets.c.kind == kind
    )
    return dict(tx.execute(query).all())


def counts(tx: sa.Connection, source: str) -> Mapping[str, int]:
    """How many records there are, by kind."""
    query = sa.select(tickets.c.kind, sa.func.count()).where(tickets.c.source == source)
    return dict(tx.execute(query.group_by(tickets.c.kind)).all())


def next_line(tx: sa.Connection, source: str, after: Instant = 0) -> Instant | None:
    """The earliest instant later than *after* at which something is known to come."""
    query = sa.select(sa.func.min(tickets.c.next_at)).where(
        tickets.c.source == source, tickets.c.frozen.is_(None), tickets.c.next_at > after
    )
    return tx.execute(query).scalar()


def waiting(tx: sa.Connection, source: str) -> list[tuple[str, str, str]]:
    """Tickets whose history has not settled: kind, key, why."""
    query = sa.select(tickets.c.kind, tickets.c.key, tickets.c.pending_why).where(
        tickets.c.source == source, tickets.c.pending > 0
    )
    return [(kind, key, why or "") for kind, key, why in tx.execute(query.order_by(tickets.c.key))]


def by_key(tx: sa.Connection, key: str) -> Iterator[Record]:
    """Every record that people call *key*, whatever its source and kind."""
    query = sa.select(tickets.c.source, tickets.c.kind, tickets.c.id).where(tickets.c.key == key)
    for source, kind, id_ in tx.execute(query.order_by(*tickets.primary_key)).all():
        yield from load(tx, source, kind, [id_])


def _by_kind(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, id_ in pairs:
        found.setdefault(kind, []).append(id_)
    return found
