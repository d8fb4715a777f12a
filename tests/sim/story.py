"""Random stories: people work on tickets while runs come and go, requests fail and processes die.

A seed tells the whole story; told again it is the same, word for word. After it everything is left in peace
for two runs, and by then all must be as if nothing had ever gone wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.sandbox.faults import ALL
from connector.sandbox.servicenow import Quirks
from tests.sim.checks import written, wrong
from tests.sim.deployment import Deployment
from tests.sim.model import History
from tests.sim.mortal import Dead, chance

NAMES = {"1": "new", "2": "in progress", "3": "on hold", "6": "resolved", "7": "closed", "8": "cancelled"}
NEXT = {"1": "2368", "2": "1368", "3": "268", "6": "267", "7": "2", "8": "1"}
# Where faults and death strike: anywhere, or again and again at what matters most.
ROUTES = ("*", "*", "POST *", "PATCH *", "item *", "GET */incident", "GET */sys_[aj]*", "GET */u_accord*")
DEATHS = ("*", "store *", "store commit", "* POST *", "* PATCH *", "* GET */incident", "* GET */sys_[aj]*")
SETTLED_S = 400.0  # longer than the platform's longest transaction and a lease


@dataclass
class Story:
    """What happened under a seed, what of it was wrong in the end, and which boundaries it touched."""

    seed: int
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)  # (fault, boundary)

    def __str__(self) -> str:
        end = [f"  WRONG: {what}" for what in self.wrong] or ["  all is as it must be"]
        return "\n".join([f"seed {self.seed}", *self.lines, *end])


@dataclass
class Telling:
    """A story while it is told."""

    story: Story
    deployment: Deployment
    luck: random.Random
    histories: dict[str, History] = field(default_factory=dict)
    busy: bool = False

    def say(self, words: str) -> None:
        self.story.lines.append(f"  {written(self.deployment.now)[11:]} {words}")

    def people(self) -> None:
        """Somebody opens a ticket or moves one on."""
        self._to_a_whole_second()
        if not self.histories or self.luck.random() < 0.25:
            sys_id = self.deployment.open()
            self.histories[sys_id] = [(self.deployment.now, "1")]
            return self.say(f"{self._number(sys_id)} is opened")
        sys_id = self.luck.choice(sorted(self.histories))
        history = self.histories[sys_id]
        if history[-1][0] >= self.deployment.now:
            return None  # one change a second, so that everybody agrees on their order
        state = self.luck.choice(NEXT[history[-1][1]])
        self.deployment.change(sys_id, state=state, **_with(state))
        history.append((self.deployment.now + self.deployment.quirks.audit_seconds_later * 1000, state))
        return self.say(f"{self._number(sys_id)} is {NAMES[state]}")

    def meanwhile(self) -> None:
        """What happens between two steps of a run: now and then, somebody works."""
        if self.busy and self.luck.random() < 0.02:
            self.people()

    def run(self) -> None:
        """A run with bad luck."""
        faults, seed = dict(self._rates()), self.luck.getrandbits(32)
        self.deployment.sandbox.faults.rates(faults, seed, self.luck.choice(ROUTES))
        dies_on = self.luck.choice(DEATHS)
        soon = self.luck.choice([4, 40]) if "store" in dies_on or dies_on == "*" else 4
        dies_at = self.luck.randint(1, soon) if self.luck.random() < 0.5 else None
        self.busy = True
        self._sync(dies_at, dies_on)
        self.busy = False
        self.deployment.sandbox.faults.clear()

    def calm_runs(self) -> None:
        """Two runs in peace."""
        for _ in range(2):
            self.deployment.pass_by(SETTLED_S)
            self._sync()

    def _rates(self) -> Iterator[tuple[str, float]]:
        if self.luck.random() < 0.2:
            return
        for kind in self.luck.sample(ALL, self.luck.randint(1, 3)):
            yield kind, self.luck.choice([0.1, 0.3, 0.6])

    def _sync(self, dies_at: int | None = None, dies_on: str = "*") -> None:
        faults, before = self.deployment.sandbox.faults, len(self.deployment.sandbox.faults.met)
        try:
            summary = self.deployment.sync(dies_at, dies_on)
            told = summary.sources[0].failed or f"ends with {summary.exit_code}"
            self.say(f"a run {told}")
        except Dead:
            where = self.deployment.lives[-1].crossed[-1]
            self.say(f"a run dies {where}")
            self.story.met["death", _family(where)] += 1
        for request, kind in faults.met[before:]:
            self.story.met[kind, _family(request)] += 1
            self.say(f"  {kind} met {request}")

    def _to_a_whole_second(self) -> None:
        self.deployment.pass_by((-self.deployment.now % 1000) / 1000)

    def _number(self, sys_id: str) -> str:
        return self.deployment.incident(sys_id)["number"]


def tell(seed: int) -> Story:
    """The story of *seed*."""
    luck = chance(seed, "story")
    deployment = Deployment(seed, _quirks(luck), page_size=luck.choice([20, 1000, 1000]))
    telling = Telling(Story(seed), deployment, luck)
    deployment.meanwhile = telling.meanwhile
    deployment.sync()
    since = deployment.first_run
    for _ in range(luck.randint(3, 9)):
        deployment.pass_by(luck.choice([1, 20, 200, 600, 1800, 3600]))
        for _ in range(luck.choice([0, 1, 1, 2, 4])):
            telling.people()
            deployment.pass_by(luck.choice([0, 1, 7, 60, 600]))
        telling.run()
    telling.calm_runs()
    telling.story.wrong = wrong(deployment, telling.histories, since)
    return telling.story


def _quirks(luck: random.Random) -> Quirks:
    return Quirks(
        audit_delay_ms=luck.choice([0, 0, 3_000]),
        audit_seconds_later=luck.choice([0, 0, 1]),
        stable_order=luck.random() < 0.5,
    )


def _with(state: str) -> dict[str, str]:
    if state == "3":
        return {"hold_reason": "1"}
    return {"close_code": "Solved", "close_notes": "done"} if state in "67" else {}


def _family(boundary: str) -> str:
    """A boundary without the ids in it."""
    words = boundary.split(" ")
    path = words[-1].removeprefix("/api/now/").split("/")
    return " ".join([*words[:-1], "/".join(part for part in path if len(part) != 32)])
