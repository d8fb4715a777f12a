"""A whole deployment in one process: the sandbox, a site's files, the real store, and processes that may
die."""

from __future__ import annotations

import atexit
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import sqlalchemy as sa

from connector.platforms.registry import open_platform
from connector.pull.stop import Stop
from connector.run import Options, run
from connector.sandbox import Sandbox
from connector.sandbox.servicenow import Quirks
from connector.sandbox.servicenow.instance import Writer
from connector.site import Site, load_site
from connector.stages.summary import Summary
from connector.store import Store, open_store, sqlite
from connector.world import World
from tests.sim.mortal import Life, MortalTransport, OneAfterAnother, chance

START = 1_772_438_400_000  # 2026-03-02T08:00:00Z
AGENT = Writer("beth")

CONFIG = """
sources:
  acme:
    platform: servicenow
    url: http://localhost
    auth: {type: basic, user: env:SN_USER, password: env:SN_PASSWORD}
    mapping: servicenow
    pull: {page_size: 1000, workers: 2}
    limits: {requests_per_second: 1000, acts_per_run: 1000}
    effects: {note: on, create.problem: on}
rules: [rules/]
store: sqlite:///accord.db
"""

RULES = """
agreement: simulated
type: sla
applies_to: {record: incident}
targets:
  hour:
    start: {state: {not_in: [resolved, closed, cancelled]}}
    pause: {state: on_hold}
    stop: {state: [resolved, closed]}
    cancel: {state: cancelled}
    within: [{time: 1h}]
    on:
      50%: [{note: half}]
      breached: [{note: whole}, {create: problem}]
"""


@dataclass
class Deployment:
    """*seed* makes everything that is left to chance the same in every replay. The store lies in one place
    for all deployments of this process, one after the other: a new one begins with an empty one."""

    seed: int
    quirks: Quirks = field(default_factory=Quirks)
    page_size: int = 1000
    now: int = START
    meanwhile: Callable[[], None] = lambda: None
    lives: list[Life] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(now=lambda: self.now, seed=self.seed, quirks=self.quirks)
        site = _site()
        self.folder = _place()
        self.url = f"sqlite:///{self.folder / 'accord.db'}"
        source = site.config.sources["acme"]
        source = replace(source, pull=replace(source.pull, page_size=self.page_size))
        self.site = replace(site, config=replace(site.config, store=self.url, sources={"acme": source}))
        _begin_anew(self.folder)
        self._set_up()

    def sync(self, dies_at: int | None = None, dies_on: str = "*") -> Summary:
        """One run by a process of its own, which may die at its *dies_at*-th boundary that *dies_on* fits."""
        life = Life(dies_at, dies_on, self.meanwhile)
        self.lives.append(life)
        world = self._world(life)
        store = _quick(open_store(self.url, world, on_operation=lambda what: life.cross(f"store {what}")))
        try:
            return run(store, self.site, Options(), Stop(world), sends=True)
        finally:
            store.close()

    @property
    def watermark(self) -> int:
        """Up to when Accord knows the truth."""
        return self._of_source("watermark")

    @property
    def first_run(self) -> int:
        """Since when Accord acts."""
        return self._of_source("start_at")

    def pass_by(self, seconds: float) -> None:
        """Time goes by, for the platform too."""
        self.now += int(seconds * 1000)
        self.sandbox.advance(self.now)

    def open(self, **values: str) -> str:
        """Somebody opens an incident; its sys_id."""
        instance = self.sandbox.servicenow.instance
        table = instance.tables["incident"]
        row = instance.insert("incident", {"short_description": "it broke", "state": "1", **values}, AGENT)
        return table.values(row)["sys_id"]

    def change(self, sys_id: str, **values: str) -> None:
        """Somebody changes an incident."""
        instance = self.sandbox.servicenow.instance
        table = instance.tables["incident"]
        instance.update(table, table.rows[sys_id], values, AGENT)

    def rows(self, table: str) -> list[dict[str, str]]:
        """What the platform holds, without asking it."""
        found = self.sandbox.servicenow.tables[table]
        return [found.values(row) for row in found.rows.values()]

    def incident(self, sys_id: str) -> dict[str, str]:
        """One incident as it stands."""
        found = self.sandbox.servicenow.tables["incident"]
        return found.values(found.rows[sys_id])

    def _of_source(self, column: str) -> int:
        with closing(sqlite3.connect(self.folder / "accord.db")) as database:
            (value,) = database.execute(f"select {column} from sources").fetchone()
        return int(value)

    def _world(self, life: Life) -> World:
        def now() -> int:
            life.breathe()
            return self.now

        def sleep(seconds: float) -> None:
            life.breathe()
            self.now += round(seconds * 1000)

        return World(
            now=now,
            monotonic=lambda: now() / 1000,
            sleep=sleep,
            random=chance(self.seed, f"life {len(self.lives)}"),
            adapter=lambda _: MortalTransport(life, self.sandbox.transport(sleep)),
            executor=lambda _: OneAfterAnother(),
            environ={"SN_USER": "accord", "SN_PASSWORD": "accord"},
            host="simulated",
            pid=len(self.lives),
            process_is_alive=lambda _: False,
        )

    def _set_up(self) -> None:
        world = self._world(Life())
        platform = open_platform(self.site.config.sources["acme"], self.site.catalogues["acme"], world)
        list(platform.provision([one for one in platform.provisions() if not one.present]))


def _quick(store: Store) -> Store:
    """The store without what only a power cut would need, on an engine that has compiled its statements
    before."""
    store.engine.dispose()
    return replace(store, engine=_engine(str(store.engine.url)))


@lru_cache(maxsize=1)
def _engine(url: str) -> sa.Engine:
    engine = sqlite.engine(sa.make_url(url))

    def relax(connection: Any, _record: object) -> None:
        connection.execute("pragma synchronous = off")

    sa.event.listen(engine, "connect", relax)
    return engine


def _begin_anew(folder: Path) -> None:
    for name in ("accord.db", "accord.db-wal", "accord.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(_empty_store(), folder / "accord.db")


@lru_cache(maxsize=1)
def _place() -> Path:
    folder = Path(mkdtemp(prefix="accord-sim-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=1)
def _site() -> Site:
    """The site's files, read once: no simulation changes them."""
    folder = _place()
    (folder / "rules").mkdir()
    (folder / "rules" / "simulated.yaml").write_text(RULES)
    (folder / "config.yaml").write_text(CONFIG)
    world = World(now=lambda: START, random=random.Random(0), environ={})
    return load_site(folder / "config.yaml", world)


@lru_cache(maxsize=1)
def _empty_store() -> Path:
    """A store with its tables and nothing in them; copying it is quicker than making one."""
    path = _place() / "empty.db"
    open_store(f"sqlite:///{path}", World(now=lambda: START, random=random.Random(0))).close()
    return path
