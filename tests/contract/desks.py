"""Service desks on different platforms that the same people work at in the same words, and what a site that
looks after one makes of it: in the store, and at the desk itself.

How a platform spells what they do stands in its own module beside this one.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.model.instant import format_instant
from connector.model.record import Reference, Value
from connector.platforms.registry import open_platform
from connector.run import Options, sync
from connector.sandbox import JiraQuirks, Sandbox
from connector.site import Site, load_site
from connector.stages.summary import Summary
from connector.store import Store, cycles, open_store, tickets
from connector.store.schema import events
from connector.world import World
from tests.journeys.place import START, Clock
from tests.pull.site import OneByOne

SOURCE = "desk"
CONFIG = """
sources:
  desk:
    platform: {platform}
    url: http://localhost
    auth: {auth}
    pull: {{page_size: 20, lag: 10s, overlap: 15m}}
    limits: {{requests_per_second: 1000, acts_per_run: 1000}}
    effects: {{note: on, notify: off, create.improvement_input: on}}
rules: [rules/]
store: sqlite:///accord.db
"""
# What the two platforms both know of a ticket, whatever it is.
SHARED = ("title", "state", "priority", "assignment_group", "requester", "opened", "resolved", "hold_reason")
TOLD = (*SHARED, "public_reply", "work_note")


class Desk(ABC):
    """One service desk in time that only the test moves. People's words: `work`, `resolve`, `reopen`;
    tickets are named by the platform's ids."""

    platform: str
    auth: str

    def __init__(self, folder: Path, rules: str, jira: JiraQuirks | None = None) -> None:
        self.folder = folder
        self.clock = Clock(START)
        self.sandbox = Sandbox(now=self.clock, seed=1, jira_quirks=jira)
        self.world = World(
            now=self.clock,
            monotonic=lambda: self.clock() / 1000,
            sleep=self.clock.sleep,
            random=random.Random(1),
            adapter=lambda _n: self.sandbox.transport(self.clock.sleep),
            executor=lambda _n: OneByOne(),
            environ={"SECRET": "accord", "TOKEN": "accord-pat"},
            host="here",
            pid=1,
        )
        (folder / "rules").mkdir(parents=True)
        (folder / "rules" / "desk.yaml").write_text(rules)
        (folder / "config.yaml").write_text(CONFIG.format(platform=self.platform, auth=self.auth))
        self.furnish()
        self.setup()

    def load(self) -> Site:
        return load_site(self.folder / "config.yaml", self.world)

    def setup(self) -> None:
        """As `accord setup --apply`."""
        site = self.load()
        platform = open_platform(site.config.sources[SOURCE], site.catalogues[SOURCE], self.world)
        list(platform.provision([one for one in platform.provisions() if not one.present]))

    def sync(self) -> Summary:
        return sync(self.world, self.load(), Options())

    def pass_(self, length: int) -> None:
        self.clock.now += length
        self.sandbox.advance(self.clock.now)

    # ------------------------------------------------------------------ what people do

    @abstractmethod
    def furnish(self) -> None:
        """Have the people and groups that the story needs."""

    @abstractmethod
    def open(self, kind: str, title: str) -> str:
        """Carla, a customer, opens a ticket of priority 3."""

    @abstractmethod
    def prioritise(self, kind: str, ticket: str, priority: int) -> None:
        """Give it another priority."""

    @abstractmethod
    def do(self, kind: str, ticket: str, what: str) -> None:
        """`work` on it, `resolve` it, `reopen` it."""

    @abstractmethod
    def hold(self, ticket: str, *, is_on: bool) -> None:
        """An incident that waits for its caller, or does so no longer."""

    @abstractmethod
    def hand_to(self, kind: str, ticket: str, group: str) -> None:
        """Have another group care for it."""

    @abstractmethod
    def reply(self, kind: str, ticket: str, text: str) -> None:
        """Alice, an agent, writes to the customer."""

    # ------------------------------------------------------------------ what became of it

    def ended(self, kind: str, ticket: str) -> dict[str, Any]:
        """A ticket as the store has it, its clocks, and what was done about it at the desk."""
        with closing(open_store(f"sqlite:///{self.folder / 'accord.db'}", self.world)) as store:
            return {
                "record": _record(store, kind, ticket),
                "clocks": _clocks(store, kind, ticket),
                "events": _events(store, kind, ticket),
                "achievements": sorted(self.achievements(kind, ticket), key=_by_start),
                "shown": self.shown(kind, ticket),
                "notes": self.notes(ticket),
                "created": self.created(ticket),
            }

    @abstractmethod
    def achievements(self, kind: str, ticket: str) -> list[dict[str, Any]]:
        """The achievement records at the desk, in our words: instants as text, figures as numbers."""

    @abstractmethod
    def shown(self, kind: str, ticket: str) -> dict[str, Any]:
        """The SLA fields on the ticket: state, target, due, used."""

    @abstractmethod
    def notes(self, ticket: str) -> list[str]:
        """What Accord wrote on the ticket, its key left out."""

    @abstractmethod
    def created(self, ticket: str) -> list[str]:
        """The titles of improvement inputs that hang on the ticket."""


FIGURES = (
    "agreement", "version", "target", "cycle", "state", "started", "due", "ended", "breached_at",
    "elapsed_s", "time_s", "used",
)  # fmt: skip


def _by_start(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one["target"]), str(one["started"])


def _record(store: Store, kind: str, ticket: str) -> dict[str, Any]:
    with store.read() as tx:
        (record,) = tickets.load(tx, SOURCE, kind, [ticket])
    changes = [
        (_plain(change.at), change.field, _plain(change.old), _plain(change.new))
        for change in record.changes
        if change.field in TOLD
    ]
    return {
        "fields": {name: _plain(record.fields.get(name)) for name in SHARED},
        "changes": sorted(changes, key=str),
    }


def _clocks(store: Store, kind: str, ticket: str) -> list[dict[str, Any]]:
    names = ("target", "number", "state", "started", "ended", "due", "breached_at", "elapsed", "time", "used")
    with store.read() as tx:
        found = [cycle for cycle, _ in cycles.of_tickets(tx, SOURCE, kind, [ticket])]
    return [
        {name: _plain(getattr(cycle, name)) for name in names}
        | {"lines": [(moment.event, _plain(moment.at)) for moment in cycle.warnings]}
        for cycle in found
    ]


def _events(store: Store, kind: str, ticket: str) -> list[tuple[Any, ...]]:
    columns = [events.c[name] for name in ("at", "target", "name", "silent", "origin")]
    with store.read() as tx:
        rows = tx.execute(sa.select(*columns).where(events.c.kind == kind, events.c.id == ticket))
        return sorted((_plain(at), target, name, silent) for at, target, name, silent, _ in rows)


def _plain(value: Value) -> Any:
    """References by name, instants as text; ids and milliseconds are each platform's own."""
    if isinstance(value, Reference):
        return value.name
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**12:
        return format_instant(value)
    return value
