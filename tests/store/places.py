"""Stores to test with: a SQLite file, and PostgreSQL where one runs on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.store import Store, open_store
from connector.world import World
from tests.elsewhere import ABSENT, server, url_of

OpenStore = Callable[[World], Store]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty place for a store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'accord.db'}"
        return
    schema, engine = f"accord_{os.getpid()}", server()
    if engine is None:
        pytest.skip(ABSENT)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema if exists {schema} cascade; create schema {schema}")
    yield url_of(schema)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop schema {schema} cascade")


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
