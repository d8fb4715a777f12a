"""Reconciling with Jira's own SLA cycles: the rule that differs is named by its figures there too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from connector.authoring.reconcile.sheets import Listing, lines
from connector.model.instant import MINUTE
from connector.pull.stop import Stop
from connector.stages.reconcile import Asked, reconcile
from tests.journeys.test_sync_on_jira import Desk

AGREEMENT = """
calendar: weekdays
timezone: UTC
hours: {mon-fri: "00:00-24:00"}
---
agreement: desk
type: sla
timezone: UTC
applies_to: {record: incident}
targets:
  time-to-resolution:
"""
CLOCK = """like: jsm
start: {resolution: {set: false}}
stop: {resolution: {set: true}}
pause: {state: on_hold}
within:
  - {when: {priority: 1}, time: 8h}
  - {when: {priority: 2}, time: 24h}
  - {when: {priority: 3}, time: 153h24m, calendar: weekdays}
"""


class World:
    """A service desk whose SLA and whose agreement mean the same but for what a test changes."""

    def __init__(self, folder: Path, clock: str = CLOCK) -> None:
        self.place = Desk(folder)
        (folder / "rules" / "desk.yaml").write_text(AGREEMENT + indent(clock, "    "))
        self.jira = self.place.jira

    def after(self, minutes: int) -> None:
        self.place.pass_(minutes * MINUTE)

    def compare(self) -> Listing:
        self.after(20)  # the index lags
        self.place.clock.now += MINUTE
        (found,) = reconcile(self.place.world, self.place.load(), Asked(), Stop(self.place.world))
        return found


def held(world: World) -> None:
    """An issue that waited for its customer for an hour, resolved after three."""
    issue = world.jira.create("printer on fire", priority="1")
    world.after(60)
    world.jira.move(issue, "Waiting for customer")
    world.after(60)
    world.jira.move(issue, "Work in progress")
    world.after(60)
    world.jira.edit(issue, resolution="10000")


def still_open(world: World, priority: str = "1") -> None:
    world.jira.create("printer on fire", priority=priority)
    world.after(90)


def over_the_weekend(world: World) -> None:
    world.after(4 * 24 * 60)
    still_open(world, "3")


def lowered(world: World) -> None:
    """An issue whose priority becomes another on a Saturday, which only one of its calendars counts."""
    world.after(5 * 24 * 60)
    issue = world.jira.create("printer on fire", priority="1")
    world.after(4 * 60)
    world.jira.edit(issue, priority="3")
    world.after(60)


def reopened(world: World) -> None:
    issue = world.jira.create("printer on fire", priority="1")
    world.after(60)
    world.jira.edit(issue, resolution="10000")
    world.after(60)
    world.jira.edit(issue, resolution=None)
    world.after(60)


def resolved_from_the_start(world: World) -> None:
    world.jira.create("already mended", priority="1", resolution="10000")
    world.after(60)


@pytest.mark.parametrize("story", [held, still_open, over_the_weekend, lowered, reopened])
def test_where_both_mean_the_same_nothing_differs(story: Callable[[World], None], tmp_path: Path) -> None:
    world = World(tmp_path)
    story(world)
    found = world.compare()
    assert found.rows == [], list(lines(found))
    assert found.compared.total() == found.agreeing.total() >= 1


@pytest.mark.parametrize(
    ("clock", "story", "reason", "evidence"),
    [
        (
            CLOCK.replace("pause: {state: on_hold}\n", ""),
            held,
            "pause rule",
            "whenever the ticket is on hold",
        ),
        (CLOCK.replace(", calendar: weekdays", ""), over_the_weekend, "calendar", "weekdays"),
        (CLOCK.replace("like: jsm", "on_goal_change: recompute"), lowered, "goal change", "keeps what was"),
        (CLOCK + "reopen: ignore\n", reopened, "reopened or restarted", "a new cycle"),
        (CLOCK, resolved_from_the_start, "start rule", "at changes, not by how the ticket stands"),
        (CLOCK.replace("8h", "6h"), still_open, "another goal", "8 h, Accord's 6 h"),
    ],
    ids=["pause", "calendar", "goal change", "reopened", "hit by changes", "another goal"],
)
def test_the_rule_that_differs_is_named(
    clock: str, story: Callable[[World], None], reason: str, evidence: str, tmp_path: Path
) -> None:
    world = World(tmp_path, clock)
    story(world)
    found = world.compare()
    assert {row.difference.reason for row in found.rows} == {reason}, list(lines(found))
    assert all(evidence in row.difference.evidence for row in found.rows), list(lines(found))
