"""A copy of a store to work in and forget: what `plan` runs on. The store itself is only read, and where
there is none yet none is made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from connector.errors import AccordError
from connector.store import text
from connector.store.opening import Store, open_store, version_at
from connector.store.rows import batches
from connector.store.schema import VERSION, leases, metadata
from connector.world import World


@contextmanager
def throwaway(url: str, world: World) -> Iterator[Store]:
    """A copy of the store at *url* as it is now, without its leases; gone at the end.

    Raises AccordError for a server's store of an older version: it would have to be changed first.
    """
    is_file, found = sa.make_url(url).get_backend_name() == "sqlite", version_at(url)
    if not is_file and found not in (None, VERSION):
        raise AccordError(
            f"the store has the tables of another version of Accord (schema {found}; this one: {VERSION})",
            hint="the next `accord sync` brings it up to date",
        )
    with (_in_a_file if is_file or found is None else _in_temporary_tables)(url, world) as copy:
        with copy.begin() as tx:
            tx.execute(sa.delete(leases))
            how = "create temporary table" if copy.only is not None else "create table"
            tx.exec_driver_sql(f"{how} delivered as {_DELIVERED}")
        yield copy


_DELIVERED = "select key, payload from desired where delivered_hash = payload_hash"


def delivered(copy: Store, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The values that the platform had been given when the *copy* was made, by key."""
    table = sa.table("delivered", sa.column("key", sa.Text), sa.column("payload", sa.Text))
    found = {}
    with copy.read() as tx:
        for part in batches(keys):
            for key, payload in tx.execute(sa.select(table).where(table.c.key.in_(part))):
                found[key] = text.load(payload)
    return found


@contextmanager
def _in_a_file(url: str, world: World) -> Iterator[Store]:
    with TemporaryDirectory(prefix="accord-") as folder:
        path = Path(folder) / "copy.db"
        if version_at(url) is not None:
            copy_file(Path(sa.make_url(url).database or ""), path)
        with closing(open_store(f"sqlite:///{path}", world)) as copy:
            yield copy


def copy_file(original: Path, path: Path) -> None:
    """Copy a SQLite store to *path*, whoever goes on writing to it."""
    with (
        closing(sqlite3.connect(f"{original.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        source.backup(target)


@contextmanager
def _in_temporary_tables(url: str, world: World) -> Iterator[Store]:
    """PostgreSQL looks for a table among the session's own before all others, so the same statements work."""
    with closing(open_store(url, world)) as store, store.engine.connect() as connection:
        connection.detach()  # the session ends with the copy
        with connection.begin():
            connection.exec_driver_sql("set transaction isolation level repeatable read")
            for table in metadata.sorted_tables:
                _copy_table(connection, table.name)
        yield replace(store, only=connection)


def _copy_table(connection: sa.Connection, name: str) -> None:
    schema = connection.exec_driver_sql(_SCHEMA_OF, (name,)).scalar()
    connection.exec_driver_sql(f"create temporary table {name} (like {name} including all)")
    connection.exec_driver_sql(f'insert into pg_temp.{name} select * from "{schema}".{name}')  # noqa: S608


_SCHEMA_OF = (
    "select schemaname from pg_tables where tablename = %s and schemaname = any (current_schemas(false))"
)
