"""A whole site in one process: the sandbox, a configuration, rules and a store, in time that only we move."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from connector.model.instant import Instant, parse_instant
from connector.platforms.registry import open_platform
from connector.run import Options, sync
from connector.sandbox import Quirks, Sandbox
from connector.site import Site, load_site
from connector.stages.summary import Summary
from connector.store import Store, open_store
from connector.world import World
from tests.pull.site import OneByOne

START = parse_instant("2026-03-02T08:00:00Z")
URL = "http://localhost"

CONFIG = """
sources:
  acme:
    platform: servicenow
    url: http://localhost
    auth: {type: basic, user: env:SN_USER, password: env:SN_PASSWORD}
    mapping: servicenow
    pull: {page_size: 20}
    limits: {requests_per_second: 1000, acts_per_run: 1000}
    effects: {note: on, notify: off, create.problem: on}
rules: [rules/]
store: sqlite:///accord.db
"""

RULES = """
agreement: desk
type: sla
version: 1
applies_to: {record: incident}
targets:
  resolution:
    is: resolution
    pause: {state: on_hold}
    within: [{when: {priority: [1, 2]}, time: 1h}, {time: 4h}]
    on:
      75%: [{note: true}]
      breached: [{note: true}, {create: problem, when: {priority: 1}}]
objectives:
  resolved-in-time: {attained: resolution, each: priority, per: month, at_least: 95%}
"""


class Clock:
    """The one time of sandbox and client."""

    def __init__(self, now: Instant) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@dataclass(slots=True)
class Place:
    """*folder* holds the configuration, the rules and the store."""

    folder: Path
    rules: str = RULES
    config: str = CONFIG
    seed: int = 1
    quirks: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(init=False)
    sandbox: Sandbox = field(init=False)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(START)
        self.sandbox = Sandbox(now=self.clock, seed=self.seed, quirks=Quirks(**self.quirks))
        self.world = World(
            now=self.clock,
            monotonic=lambda: self.clock() / 1000,
            sleep=self.clock.sleep,
            random=random.Random(self.seed),
            adapter=lambda _n: self.sandbox.transport(self.clock.sleep),
            executor=lambda _n: OneByOne(),
            environ={"SN_USER": "accord", "SN_PASSWORD": "accord"},
            host="here",
            pid=1,
        )
        (self.folder / "rules").mkdir(parents=True)
        self.write(self.rules)
        (self.folder / "config.yaml").write_text(self.config)

    def write(self, rules: str) -> None:
        """Have these rules from now on."""
        (self.folder / "rules" / "desk.yaml").write_text(rules)

    def load(self) -> Site:
        return load_site(self.folder / "config.yaml", self.world)

    def setup(self) -> None:
        """Make what the mapping wants on the platform, as `accord setup --apply` does."""
        site = self.load()
        platform = open_platform(site.config.sources["acme"], site.catalogues["acme"], self.world)
        list(platform.provision([one for one in platform.provisions() if not one.present]))

    def sync(self, world: World | None = None, **options: Any) -> Summary:
        """One run, as `accord sync`."""
        return sync(world or self.world, self.load(), Options(**options))

    def open_store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'accord.db'}", self.world)

    def pass_(self, length: int) -> None:
        """Time goes by, at the desk too."""
        self.clock.now += length
        self.sandbox.advance(self.clock.now)

    # ------------------------------------------------------------------ what people do at the desk

    def as_person(self) -> requests.Session:
        session = requests.Session()
        session.auth = ("admin", "admin")
        session.mount("http://", self.sandbox.transport())
        return session

    def open(self, **fields: Any) -> str:
        """A new incident; its sys_id."""
        answer = self.as_person().post(
            f"{URL}/api/now/table/incident", json={"short_description": "it broke"} | fields
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["result"]["sys_id"])

    def change(self, sys_id: str, table: str = "incident", **fields: Any) -> None:
        answer = self.as_person().patch(f"{URL}/api/now/table/{table}/{sys_id}", json=fields)
        assert answer.status_code == 200, answer.text

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What the platform holds, without asking it."""
        return [dict(row) for row in self.sandbox.servicenow.dump().get(table, [])]

    def end_state(self) -> dict[str, Any]:
        """What matters of the platform once all is done: records written by Accord, whenever that was."""
        achievements = {
            row["u_key"]: _without_system_fields(row) for row in self.rows("u_accord_achievement")
        }
        assert len(achievements) == len(self.rows("u_accord_achievement")), "an achievement is there twice"
        marks = Counter(
            (row["element_id"], mark)
            for row in self.rows("sys_journal_field")
            for mark in MARK.findall(row["value"])
        )
        created = Counter(row["correlation_id"] for row in self.rows("problem") if row["correlation_id"])
        shown = {row["sys_id"]: [row[name] for name in SHOWN] for row in self.rows("incident")}
        return {"achievements": achievements, "notes": dict(marks), "problems": dict(created), "shown": shown}

    def writes_made(self) -> int:
        """How many requests that change something the sandbox has answered."""
        return sum(count for what, count in self.sandbox.requests.items() if "GET" not in what)


MARK = re.compile(r"\[([0-9a-f]{6,})\]")
SHOWN = ("u_sla_state", "u_sla_due", "u_sla_target", "u_sla_used")


def _without_system_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("sys_")}
