"""Stores in PostgreSQL for tests that would keep them in a file, each in a schema of its own.

`ACCORD_TEST_STORE=postgres` (`make test STORE=postgres`) takes every test's stores there; those marked
`both_stores` run on both wherever a server answers. Those marked `file` look at the file itself.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from connector.store.schema import VERSION, metadata

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
ABSENT = "no PostgreSQL answers at 127.0.0.1:5432 (database `test`, user `postgres`)"
ASKED = {"": False, "file": False, "postgres": True}[os.environ.get("ACCORD_TEST_STORE", "")]


@lru_cache(maxsize=1)
def server() -> sa.Engine | None:
    """The server, if one answers."""
    engine = sa.create_engine(POSTGRES, connect_args={"connect_timeout": 2})
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        return None
    return engine


def url_of(schema: str) -> str:
    """The address of a store in *schema*; what it commits need not survive a power cut."""
    return f"{POSTGRES}?options=-csearch_path%3D{schema}%20-csynchronous_commit%3Doff"


def made_anew(schema: str) -> str:
    """The statements that leave *schema* with an empty store in it."""
    return (
        f"drop schema if exists {schema} cascade; create schema {schema};"
        f" set local search_path = {schema}; {_tables()}"
    )


@lru_cache(maxsize=1)
def _tables() -> str:
    """What all migrations together make, at once."""
    written: list[str] = []

    def write(made: Any, *_: object, **__: object) -> None:
        written.append(str(made.compile(dialect=mock.dialect)))

    mock: Any = sa.create_mock_engine(POSTGRES, write)
    metadata.create_all(mock, checkfirst=False)
    version = f"create table alembic_version as select '{VERSION}'::varchar(32) as version_num"
    return ";\n".join([*written, version])


class Elsewhere:
    """The schemas made so far, by the file they stand for."""

    def __init__(self, engine: sa.Engine) -> None:
        self._known = sa.make_url
        self._engine = engine
        self._schemas: dict[str, str] = {}

    def url(self, written: str | sa.URL) -> sa.URL:
        """What `sqlalchemy.make_url` gives, files elsewhere."""
        url = self._known(written)
        if url.drivername != "sqlite" or url.database in (None, "", ":memory:"):
            return url
        return self._known(url_of(self._schemas.get(str(url.database)) or self._new(str(url.database))))

    def _new(self, file: str) -> str:
        digest = blake2b(f"{os.getpid()} {file}".encode(), digest_size=8).hexdigest()
        self._schemas[file] = schema = f"accord_{digest}"
        with self._engine.begin() as connection:
            connection.exec_driver_sql(made_anew(schema))
        return schema

    def clear(self) -> None:
        """Drop all of them."""
        for schema in self._schemas.values():  # in one transaction they could need more locks than there are
            with self._engine.begin() as connection:
                connection.exec_driver_sql(f"drop schema if exists {schema} cascade")
        self._schemas.clear()
