"""Stores to test with: a SQLite file, and PostgreSQL where one runs on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.store import Store, open_store
from connector.world import World

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"

OpenStore = Callable[[World], Store]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty place for a store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'accord.db'}"
        return
    schema = f"accord_{os.getpid()}"
    engine = sa.create_engine(POSTGRES, connect_args={"connect_timeout": 2})
    try:
        _make(engine, schema)
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL answers at 127.0.0.1:5432 (database `test`, user `postgres`)")
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema {schema} cascade")
    engine.dispose()


def _make(engine: sa.Engine, schema: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema if exists {schema} cascade")
        connection.exec_driver_sql(f"create schema {schema}")


@pytest.fixture
def open_place(store_url: str) -> Iterator[OpenStore]:
    """Opens the store at `store_url`; all are closed at the end."""
    opened: list[Store] = []

    def open_it(world: World) -> Store:
        opened.append(open_store(store_url, world))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()
