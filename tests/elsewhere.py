"""`ACCORD_TEST_STORE=postgres`: every store that a test would keep in a file lies in PostgreSQL instead, each
in a schema of its own. So the same tests run on both; those marked `file` look at the file itself."""

from __future__ import annotations

import os
from hashlib import blake2b

import sqlalchemy as sa

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
ASKED = os.environ.get("ACCORD_TEST_STORE") == "postgres"


class Elsewhere:
    """The schemas made so far, by the file they stand for."""

    def __init__(self) -> None:
        self._known = sa.make_url
        self._engine = sa.create_engine(POSTGRES)
        self._schemas: dict[str, str] = {}

    def url(self, written: str | sa.URL) -> sa.URL:
        """What `sqlalchemy.make_url` gives, files elsewhere."""
        url = self._known(written)
        if url.drivername != "sqlite" or url.database in (None, "", ":memory:"):
            return url
        schema = self._schemas.get(str(url.database)) or self._new(str(url.database))
        return self._known(f"{POSTGRES}?options=-csearch_path%3D{schema}")

    def _new(self, file: str) -> str:
        digest = blake2b(f"{os.getpid()} {file}".encode(), digest_size=8).hexdigest()
        self._schemas[file] = schema = f"accord_{digest}"
        with self._engine.begin() as connection:
            connection.exec_driver_sql(f"drop schema if exists {schema} cascade")
            connection.exec_driver_sql(f"create schema {schema}")
        return schema

    def clear(self) -> None:
        """Drop all of them."""
        with self._engine.begin() as connection:
            for schema in self._schemas.values():
                connection.exec_driver_sql(f"drop schema if exists {schema} cascade")
        self._schemas.clear()
