"""The real store as simulated processes open it, with a boundary at each of its operations."""

from __future__ import annotations

import sqlite3
from inspect import currentframe
from typing import Any

import sqlalchemy as sa

from connector.store import Store
from connector.store.opening import _greet
from connector.world import World
from tests.sim.databases import database
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


def open_here(world: World, life: Life) -> Store:
    """The store as a process opens it; its transactions are boundaries of *life*."""
    store = Store(database().engine, world, lambda what: life.cross(f"{what} {_purpose()}"))
    _greet(store)
    return store


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
