"""Looks after a store: proves what must hold in it, copies it, and lets go of what nobody needs any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from connector.errors import AccordError, number_of
from connector.model.instant import Instant
from connector.store import about, sqlite
from connector.store.opening import Store, Transaction
from connector.store.schema import VERSION, deliveries, metadata, outbox, runs, unmapped
from connector.store.throwaway import copy_file

# What must never be found: words for people, and a query for the rows that break it. Each row names itself in
# its first column.
INVARIANTS: dict[str, str] = {
    "a value noted as delivered is the one that is wanted": (
        "select key from desired where state = 'done' and delivered_hash is distinct from payload_hash"
    ),
    "an act that is done says when": "select key from outbox where state = 'done' and done_at is null",
    "what is being sent has a request that was frozen first": (
        "select key from (select key, state, delivery from desired union all"
        " select key, state, delivery from outbox) as sent where state = 'sending'"
        " and not exists (select 1 from deliveries where deliveries.id = sent.delivery)"
    ),
    "a held effect says why": (
        "select key from (select key, state, held_why from desired union all"
        " select key, state, held_why from outbox) as held where state = 'held' and held_why is null"
    ),
    "the event behind an act is known": (
        "select key from outbox where event is not null"
        " and not exists (select 1 from events where events.key = outbox.event)"
    ),
    "no act was begun for a silent event": (
        "select outbox.key from outbox join events on events.key = outbox.event"
        " where events.silent = 1 and outbox.attempt > 0"
    ),
    "nothing was sent by a worker that never had the lease": (
        "select key from (select key, source, fence from desired union all"
        " select key, source, fence from outbox) as sent where fence >"
        " (select coalesce(max(leases.fence), 0) from leases where leases.source = sent.source)"
    ),
    "an effect that was sent is known": (
        "select sent.value from deliveries, EACH_OF(deliveries.keys) as sent"
        " where deliveries.state <> 'again'"  # it did nothing, and may have been withdrawn since
        " and not exists (select 1 from desired where desired.key = sent.value)"
        " and not exists (select 1 from outbox where outbox.key = sent.value)"
    ),
    "a record belongs to a source that is known": (
        "select id from tickets where not exists"
        " (select 1 from sources where sources.source = tickets.source)"
    ),
    "a name that is missing is missing in a record": (
        "select id from unnamed where not exists (select 1 from tickets where tickets.source = unnamed.source"
        " and tickets.kind = unnamed.kind and tickets.id = unnamed.id)"
    ),
    "an event tells of a cycle that is known": (
        "select key from events where events.origin is not null and not exists (select 1 from cycles where"
        " cycles.source = events.source and cycles.kind = events.kind and cycles.id = events.id"
        " and cycles.agreement = events.agreement and cycles.target = events.target"
        " and cycles.origin = events.origin)"
    ),
    "a change belongs to a record": (
        "select id from changes where not exists (select 1 from tickets where tickets.source = changes.source"
        " and tickets.kind = changes.kind and tickets.id = changes.id)"
    ),
    "a history has no gaps": (
        "select id from changes group by source, kind, id"
        " having max(place) + 1 <> count(*) or min(place) <> 0"
    ),
    "a history is in order of time": (
        "select later.id from changes as later join changes as earlier on earlier.source = later.source"
        " and earlier.kind = later.kind and earlier.id = later.id and earlier.place + 1 = later.place"
        " where earlier.at > later.at"
    ),
    "a cycle belongs to a record": (
        "select id from cycles where not exists (select 1 from tickets where tickets.source = cycles.source"
        " and tickets.kind = cycles.kind and tickets.id = cycles.id)"
    ),
    "an open cycle has no end, and any other has one": (
        "select id from cycles where gone = 0 and (state in ('running', 'paused')) <> (ended is null)"
    ),
    "a cycle was measured by an enacted text that is kept": (
        "select id from cycles where gone = 0 and not exists (select 1 from rulesets"
        " where rulesets.agreement = cycles.agreement and rulesets.version = cycles.version"
        " and rulesets.hash = cycles.rule_hash)"
    ),
    "a ticket is looked at again before its next line": (
        "select tickets.id from tickets join cycles on cycles.source = tickets.source"
        " and cycles.kind = tickets.kind and cycles.id = tickets.id"
        " where cycles.gone = 0 and tickets.frozen is null and tickets.dirty = 0"
        " and cycles.next_at is not null and (tickets.next_at is null or tickets.next_at > cycles.next_at)"
    ),
    "a watermark does not run ahead of the last complete sweep": (
        "select sources.source from sources join sweeps on sweeps.source = sources.source"
        # `reconcile` may have read the platform's own cycles once; no later watermark rests on them then.
        " where sweeps.complete_at < sources.watermark and sweeps.kind <> 'platform_cycle'"
    ),
}


# How the words of these queries are spelt where a database has its own.
DIALECT = {
    "sqlite": {"is distinct from": "is not", "EACH_OF(deliveries.keys) as sent": "json_each(keys) as sent"},
    "postgresql": {
        "EACH_OF(deliveries.keys) as sent": "json_array_elements_text(deliveries.keys::json) as sent(value)"
    },
}


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that must hold and does not: how often, and some of the rows."""

    what: str
    count: int
    samples: tuple[str, ...]

    def __str__(self) -> str:
        return f"not so: {self.what}: {number_of(self.count, 'row')}, such as {', '.join(self.samples)}"


def check(store: Store) -> Iterator[Broken]:
    """Everything in *store* that breaks an invariant; nothing where all is well."""
    with store.read() as tx:
        if tx.dialect.name == "sqlite":
            found = [row[0] for row in tx.exec_driver_sql("pragma integrity_check") if row[0] != "ok"]
            if found:
                yield Broken("the file is sound", len(found), tuple(found[:3]))
        missing = _missing(tx)
        if missing:
            yield Broken("every table and index is there", len(missing), tuple(missing[:3]))
        if all("." in name for name in missing):  # else what the invariants speak of is not there
            yield from broken(tx)


def broken(tx: Transaction) -> Iterator[Broken]:
    """The invariants that do not hold."""
    for what, query in INVARIANTS.items():
        for word, meant in DIALECT[tx.dialect.name].items():
            query = query.replace(word, meant)
        rows = [str(row[0]) for row in tx.exec_driver_sql(query)]
        if rows:
            yield Broken(what, len(rows), tuple(rows[:3]))


def _missing(tx: Transaction) -> list[str]:
    """Tables (`outbox`) and indexes (`outbox.outbox_done`) that are not there."""
    there = sa.inspect(tx)
    tables = set(there.get_table_names())
    lost = [name for name in metadata.tables if name not in tables]
    for table in metadata.sorted_tables:
        if table.name in tables:
            found = {index["name"] for index in there.get_indexes(table.name)}
            lost += [f"{table.name}.{index.name}" for index in table.indexes if index.name not in found]
    return sorted(lost)


def backup(url: str, into: Path) -> None:
    """Copy the store at *url* to the file *into*, while others go on using it. Whoever opens the copy
    doubts what was sent since, and looks it up.

    Raises AccordError for PostgreSQL, which has its own tools, and for a file that is there already.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise AccordError(
            "a store in PostgreSQL is backed up by PostgreSQL's own tools",
            hint=f"pg_dump {parsed.database}; a dump that is loaded again is noticed; after a disk was"
            " put back run `accord store doubt` before the first sync",
        )
    if into.exists():
        raise AccordError(f"{into} is there already", hint="name a new file")
    if not Path(parsed.database or "").is_file():
        raise AccordError(
            f"there is no store at {parsed.database}", hint="check `store:` in the configuration"
        )
    sqlite.make_private(into)
    copy_file(Path(parsed.database or ""), into)
    with closing(sqlite3.connect(into)) as copy, copy:
        copy.execute("insert or replace into about (name, value) values (?, ?)", (about.COPIED, VERSION))


def doubt(store: Store) -> None:
    """Treat every effect as unsure: for a store that was restored or copied by other means than `backup`."""
    with store.begin() as tx:
        about.put(tx, about.UNSURE_UNTIL, str(store.world.now()))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was let go of, by what it was."""

    requests: int
    texts: int
    runs: int


def prune(store: Store, before: Instant) -> Pruned:
    """Let go of what was settled before an instant and nobody needs: frozen requests, the texts of acts
    that were done, and the summaries of runs. What `audit` counts from, and every key, stays."""
    with store.begin() as tx:
        settled = sa.and_(deliveries.c.state.not_in(("sending", "unsure")), deliveries.c.settled_at < before)
        requests = tx.execute(sa.delete(deliveries).where(settled)).rowcount
        done = sa.and_(outbox.c.state == "done", outbox.c.done_at < before, outbox.c.payload != "{}")
        texts = tx.execute(sa.update(outbox).where(done).values(payload="{}")).rowcount
        old = sa.and_(runs.c.begun_at < before, runs.c.ended_at.is_not(None))
        ended = tx.execute(sa.delete(runs).where(old)).rowcount
        tx.execute(sa.delete(unmapped).where(unmapped.c.run.not_in(sa.select(runs.c.id))))
    return Pruned(requests, texts, ended)
