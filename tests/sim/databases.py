"""Databases that stories are told in: SQLite without a file and so without the waiting for a disk, and
PostgreSQL. What lies in one can be taken out and put back."""

from __future__ import annotations

import atexit
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import sqlalchemy as sa

from connector.store import about, open_store, postgres, sqlite
from connector.store.care import backup, broken
from connector.store.schema import VERSION, metadata
from connector.world import World
from tests import elsewhere


class Database(Protocol):
    """A database that holds one store."""

    engine: sa.Engine

    def rows(self, query: str, *values: str) -> Sequence[Any]:
        """What a query finds, whoever is in the middle of a transaction."""

    def unsound(self) -> list[str]:
        """What `accord store check` finds."""

    def keep(self) -> Any:
        """All that is in the store."""

    def put_back(self, kept: Any) -> None:
        """Have the store hold what was kept, and nothing else."""

    def keep_backup(self) -> Any:
        """A backup as `accord store backup` makes it."""

    def empty(self) -> Any:
        """A store with its tables and nothing in them, kept."""


class InMemory:
    """SQLite without a file. One connection serves all processes, for they run one after another, and keeps
    its compiled statements from story to story."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.isolation_level = None
        self.engine = sa.create_engine(
            "sqlite://", creator=lambda: self._database, poolclass=sa.pool.StaticPool
        )
        sa.event.listen(self.engine, "begin", sqlite._on_begin)

    def rows(self, query: str, *values: str) -> Sequence[Any]:
        return self._database.execute(query, values).fetchall()

    def unsound(self) -> list[str]:
        """In a copy: statements on JSON do not survive `put_back`."""
        with closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(self.keep())
            pool = sa.pool.StaticPool
            with sa.create_engine("sqlite://", creator=lambda: copy, poolclass=pool).connect() as tx:
                return [str(one) for one in broken(tx)]

    def keep(self) -> bytes:
        return self._database.serialize()

    def put_back(self, kept: bytes) -> None:
        self._database.deserialize(kept)

    def keep_backup(self) -> bytes:
        with TemporaryDirectory() as folder:
            from_, into = Path(folder) / "accord.db", Path(folder) / "backup.db"
            with closing(sqlite3.connect(from_)) as file:
                self._database.backup(file)
            backup(f"sqlite:///{from_}", into)
            return _bytes_of(into)

    @lru_cache(maxsize=1)  # noqa: B019 (there is one, for as long as the process lives)
    def empty(self) -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "accord.db"
            open_store(f"sqlite:///{path}", World(now=lambda: 0)).close()
            return _bytes_of(path)


Rows = Mapping[str, list[dict[str, Any]]]


class OnServer:
    """PostgreSQL. One schema serves all processes; what is kept are its rows."""

    def __init__(self, server: sa.Engine) -> None:
        schema = f"accord_sim_{os.getpid()}"
        with server.begin() as connection:
            connection.exec_driver_sql(elsewhere.made_anew(schema))
        self.engine = postgres.engine(sa.make_url(elsewhere.url_of(schema)))
        self._tables = list(metadata.sorted_tables)
        atexit.register(self._drop, server, schema)

    def rows(self, query: str, *values: str) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(query.replace("?", "%s"), values).all()

    def unsound(self) -> list[str]:
        with self.engine.connect() as tx:
            return [str(one) for one in broken(tx)]

    def keep(self) -> Rows:
        with self.engine.connect() as connection:
            found = {table.name: connection.execute(sa.select(table)).mappings() for table in self._tables}
            return {name: [dict(row) for row in rows] for name, rows in found.items()}

    def put_back(self, kept: Rows) -> None:
        names = ", ".join(kept) or ", ".join(table.name for table in self._tables)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"truncate {names} restart identity")
            for table in self._tables:
                if rows := kept.get(table.name):
                    connection.execute(sa.insert(table), rows)
                    self._count_on(connection, table)

    def keep_backup(self) -> Rows:
        kept = dict(self.keep())
        return kept | {"about": [*kept["about"], {"name": about.COPIED, "value": VERSION}]}

    def empty(self) -> Rows:
        return {}

    @staticmethod
    def _count_on(connection: sa.Connection, table: sa.Table) -> None:
        """Numbers that the database gives go on above those that were put back, as SQLite's do."""
        for column in table.primary_key:
            if column.autoincrement is True:
                connection.exec_driver_sql(
                    f"select setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                    f" max({column.name})) from {table.name}"
                )

    def _drop(self, server: sa.Engine, schema: str) -> None:
        self.engine.dispose()
        with server.begin() as connection:
            connection.exec_driver_sql(f"drop schema {schema} cascade")


def _bytes_of(path: Path) -> bytes:
    """A database file as one that needs no journal beside it."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("pragma journal_mode = delete")
        return file.serialize()


@lru_cache(maxsize=1)
def database() -> Database:
    """Where this process tells its stories."""
    if not elsewhere.ASKED:
        return InMemory()
    server = elsewhere.server()
    if server is None:
        sys.exit(elsewhere.ABSENT)
    return OnServer(server)
