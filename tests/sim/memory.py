"""The real store on a database in memory: the same tables and statements, none of the waiting for a disk.

One connection serves all simulated processes, for they run one after another, and keeps its compiled
statements from story to story. What lies in it can be taken out as bytes and put back: a backup.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from inspect import currentframe
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from connector.store import Store, open_store, sqlite
from connector.store.care import backup
from connector.store.opening import _greet
from connector.world import World
from tests.sim.mortal import Life

# What the transactions that matter most are for, by who begins them; the others are named after whoever does.
PURPOSES = {
    "sweep.keep": "page",
    "plant.keep": "page",  # as a planted mistake keeps it
    "sweep.complete": "sweep done",
    "sweep.sweep": "sweep begun",
    "again._keep": "record again",
    "judge.of_kind": "state",
    "plant.of_kind": "state",
    "judge.backfill": "back-fill",
    "judge.finish": "judged",
    "pull._finish": "watermark",
    "pull._prepare": "learned",
    "claims.claim": "claim",
    "plant.claim": "claim",
    "answers._note": "answer",
    "delivering._look_up": "look-up",
    "delivering._note": "settle",
    "delivering._doubt_a_restored_store": "doubt",
    "opening.leased": "lease",
    "run.run": "run",
    "run._stages": "pacing",
    "source.meet": "source",
}


def connection() -> sqlite3.Connection:
    """The database itself."""
    return _connection()


@lru_cache(maxsize=1)
def _connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.isolation_level = None
    return made


@lru_cache(maxsize=1)
def _engine() -> sa.Engine:
    made = sa.create_engine("sqlite://", creator=_connection, poolclass=sa.pool.StaticPool)
    sa.event.listen(made, "begin", sqlite._on_begin)
    return made


def open_in_memory(world: World, life: Life) -> Store:
    """The store as a process opens it; its transactions are boundaries of *life*."""
    store = Store(_engine(), world, lambda what: life.cross(f"{what} {_purpose()}"))
    _greet(store)
    return store


def keep() -> bytes:
    """All that is in the store."""
    return connection().serialize()


def put_back(kept: bytes) -> None:
    """Have the store hold what was kept, and nothing else."""
    connection().deserialize(kept)


def keep_backup() -> bytes:
    """A backup as `accord store backup` makes it."""
    with TemporaryDirectory() as folder:
        from_, into = Path(folder) / "accord.db", Path(folder) / "backup.db"
        with closing(sqlite3.connect(from_)) as file:
            connection().backup(file)
        backup(f"sqlite:///{from_}", into)
        return _bytes_of(into)


@lru_cache(maxsize=1)
def empty() -> bytes:
    """A store with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "accord.db"
        open_store(f"sqlite:///{path}", World(now=lambda: 0)).close()
        return _bytes_of(path)


def _bytes_of(path: Path) -> bytes:
    """A database file as one that needs no journal beside it."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("pragma journal_mode = delete")
        return file.serialize()


def disk_is_full() -> sa.exc.OperationalError:
    """What a transaction raises for which there is no room."""
    return sa.exc.OperationalError("commit", None, sqlite3.OperationalError("database or disk is full"))


def _purpose() -> str:
    """Who begins or ends the transaction at work: the nearest caller that is not the store's own door."""
    frame: Any = currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        who = f"{name.rpartition('.')[2]}.{frame.f_code.co_name}"
        is_ours = name.startswith("connector.") or name == "tests.sim.plant"
        if is_ours and (not name.endswith(".opening") or who == "opening.leased"):
            return PURPOSES.get(who, who)
        frame = frame.f_back
    return "opening"
