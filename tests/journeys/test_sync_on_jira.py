"""Whole runs on Jira, with the very rules that the runs on ServiceNow are told by: what the desk ends up
with, what a second run does, and what becomes of one that is killed anywhere."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.model.instant import HOUR, MINUTE
from connector.platforms.registry import open_platform
from connector.pull.stop import Stop
from connector.run import Options, run, sync
from connector.sandbox import JiraQuirks, Sandbox
from connector.sandbox.jira.issue import Issue
from connector.site import Site, load_site
from connector.stages.summary import Summary
from connector.store import open_store
from connector.store.care import check
from connector.world import World
from tests.journeys.death import Life, mortal
from tests.journeys.place import RULES, START, Clock
from tests.pull.site import Killed, OneByOne

POINTS = 20
CONFIG = """
sources:
  desk:
    platform: jira
    url: https://acme.atlassian.net
    auth: {type: token, user: accord@example.com, token: env:JIRA_TOKEN}
    pull: {page_size: 20}
    limits: {requests_per_second: 1000, acts_per_run: 1000}
    effects: {note: on, notify: off, create.problem: on}
rules: [rules/]
store: sqlite:///accord.db
"""


class Desk:
    """A service desk on Jira and a site that looks after it."""

    def __init__(self, folder: Path, quirks: JiraQuirks | None = None, *, is_set_up: bool = True) -> None:
        self.folder = folder
        self.clock = Clock(START)
        self.sandbox = Sandbox(now=self.clock, seed=1, jira_quirks=quirks)
        self.jira = self.sandbox.jira
        self.world = World(
            now=self.clock,
            monotonic=lambda: self.clock() / 1000,
            sleep=self.clock.sleep,
            random=random.Random(1),
            adapter=lambda _n: self.sandbox.transport(self.clock.sleep),
            executor=lambda _n: OneByOne(),
            environ={"JIRA_TOKEN": "accord"},
            host="here",
            pid=1,
        )
        (folder / "rules").mkdir(parents=True)
        (folder / "rules" / "desk.yaml").write_text(RULES)
        (folder / "config.yaml").write_text(CONFIG)
        if is_set_up:
            self._set_up()

    def _set_up(self) -> None:
        site = self.load()
        platform = open_platform(site.config.sources["desk"], site.catalogues["desk"], self.world)
        list(platform.provision([one for one in platform.provisions() if not one.present]))

    def load(self) -> Site:
        return load_site(self.folder / "config.yaml", self.world)

    def pass_(self, length: int) -> None:
        self.clock.now += length
        self.sandbox.advance(self.clock.now)

    def sync(self) -> Summary:
        return sync(self.world, self.load(), Options())

    def state(self) -> tuple[Any, ...]:
        """All that stands at the desk, to the last stamp."""
        issues = self.jira.site.issues.values()
        return tuple(
            (one.key, one.updated, dict(one.properties), len(one.comments), len(one.histories))
            for one in issues
        )

    def end_state(self) -> dict[str, Any]:
        """What Accord made of the desk, whenever that was."""
        issues = list(self.jira.site.issues.values())
        notes = Counter(
            key for one in issues for note in one.comments for key in note.properties["accord.key"]["keys"]
        )
        created = Counter(key for one in issues for key in keys_of(one))
        return {
            "achievements": {one.key: cycles(one) for one in issues if cycles(one)},
            "notes": dict(notes),
            "problems": dict(created),
            "shown": {one.key: self.shown(one) for one in issues if cycles(one)},
        }

    def shown(self, issue: Issue) -> dict[str, Any]:
        names = {one.id: one.name for one in self.jira.site.setup.fields if one.name.startswith("SLA ")}
        return {name: issue.fields.get(id_) for id_, name in names.items()}


def cycles(issue: Issue) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(issue.properties.get("accord.sla", '{"cycles": []}'))[
        "cycles"
    ]
    return found


def keys_of(issue: Issue) -> list[str]:
    found: list[str] = json.loads(issue.properties.get("accord.key", '{"keys": []}'))["keys"]
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Four tickets of the morning, three of which have an hour, and a site that has not seen them yet."""
    made = Desk(tmp_path / "site")
    for number in range(4):
        made.jira.create("it broke", priority=str(1 + number % 3))
    made.pass_(5 * MINUTE)
    return made


def test_first_contact_shows_every_clock_and_announces_nothing(desk: Desk) -> None:
    desk.pass_(3 * HOUR)
    summary = desk.sync()
    assert summary.exit_code == 0, "\n".join(summary.lines())
    state = desk.end_state()
    assert len(state["achievements"]) == 4
    assert (state["notes"], state["problems"]) == ({}, {})
    assert all(shown["SLA state"] for shown in state["shown"].values())


def test_a_second_sync_writes_nothing(desk: Desk) -> None:
    desk.sync()
    before = desk.state()
    second = desk.sync()
    assert desk.state() == before
    assert second.sources[0].judged.events == 0


def test_a_line_is_announced_once_however_often_sync_runs(desk: Desk) -> None:
    desk.sync()
    for _ in range(12):
        desk.pass_(10 * MINUTE)
        desk.sync()
    state = desk.end_state()
    assert set(state["notes"].values()) == {1}
    assert len(state["notes"]) == 6  # 75 % and breached of the three with an hour
    assert set(state["problems"].values()) == {1}
    assert len(state["problems"]) == 2


def test_a_pause_on_jira_stops_the_clock_as_the_rule_says(desk: Desk) -> None:
    issue = desk.jira.create("asked the caller", priority="1")
    desk.sync()
    desk.pass_(10 * MINUTE)
    desk.jira.move(issue, "Waiting for customer")
    desk.pass_(2 * HOUR)
    desk.jira.move(issue, "Work in progress")
    desk.pass_(20 * MINUTE)
    desk.jira.edit(issue, resolution="10000")
    desk.jira.move(issue, "Resolved")
    desk.pass_(20 * MINUTE)
    desk.sync()
    (cycle,) = cycles(issue)
    assert (cycle["state"], cycle["elapsed_s"], cycle["history"]) == ("met", 30 * 60, "changelog")


def test_an_index_that_lags_delays_nothing_for_good(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "site", JiraQuirks(index_lag_ms=90_000, index_flicker=0.2))
    for number in range(6):
        desk.jira.create("it broke", priority=str(1 + number % 3))
    for _ in range(12):
        desk.pass_(10 * MINUTE)
        summary = desk.sync()
        assert summary.exit_code == 0, "\n".join(summary.lines())
    state = desk.end_state()
    assert len(state["achievements"]) == 6
    assert set(state["notes"].values()) | set(state["problems"].values()) == {1}


def story(folder: Path, life: Life) -> Desk:
    """Five tickets known since the morning; by ten some have crossed lines, and the sync at ten lives so
    long."""
    desk = Desk(folder)
    issues = [desk.jira.create("it broke", priority=str(1 + n % 3)) for n in range(5)]
    desk.pass_(5 * MINUTE)
    desk.sync()
    desk.pass_(50 * MINUTE)
    desk.jira.move(issues[1], "Work in progress")
    desk.jira.move(issues[2], "Resolved")
    desk.jira.create("late", priority="1")
    desk.pass_(15 * MINUTE)
    world = mortal(desk.world, life)
    address = f"sqlite:///{desk.folder / 'accord.db'}"
    try:
        with closing(open_store(address, world, on_operation=life.step)) as store:
            run(store, desk.load(), Options(), Stop(world), sends=True)
    except Killed:
        assert life.is_over
    return desk


def recovered(desk: Desk) -> dict[str, Any]:
    """The end state after two ordinary runs, far enough apart for what was unclear to settle."""
    for _ in range(2):
        desk.pass_(8 * MINUTE)
        summary = desk.sync()
        assert summary.exit_code in (0, 4), "\n".join(summary.lines())
    with closing(open_store(f"sqlite:///{desk.folder / 'accord.db'}", desk.world)) as store:
        assert list(check(store)) == []
    return desk.end_state()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    life = Life()
    desk = story(tmp_path_factory.mktemp("alive") / "site", life)
    return recovered(desk), life.steps


def test_the_story_has_something_to_lose(undisturbed: tuple[dict[str, Any], int]) -> None:
    state, steps = undisturbed
    assert steps > 60
    assert (len(state["achievements"]), len(state["notes"]), len(state["problems"])) == (6, 4, 2)


@pytest.mark.parametrize("point", range(POINTS))
def test_a_sync_killed_anywhere_ends_as_one_that_was_not(
    point: int, undisturbed: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    expected, steps = undisturbed
    life = Life(ends_at=1 + point * steps // POINTS)
    desk = story(tmp_path / "site", life)
    assert life.is_over
    assert recovered(desk) == expected
