"""Reconciling with ServiceNow's own engine: in each world one rule differs, and is named by its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from connector.authoring.reconcile.sheets import Listing, lines
from connector.model.instant import MINUTE
from connector.pull.stop import Stop
from connector.sandbox.servicenow import dates
from connector.stages.reconcile import Asked, reconcile
from tests.journeys.place import Place

CALENDAR = """
calendar: office
timezone: UTC
hours: {mon-fri: "09:00-17:00"}
holidays: [2026-03-03]
---
"""
AGREEMENT = """
agreement: desk
type: sla
timezone: UTC
applies_to: {record: incident}
targets:
  resolution:
"""
CLOCK = """is: resolution
pause: {state: on_hold}
retroactive: every
reconcile_with: Resolve
within: [{when: {priority: 1}, time: 2h}, {time: 4h}]
"""


@dataclass
class World:
    """A desk with an SLA of its own and an agreement, which mean the same but for what a test changes."""

    folder: Path
    clock: str = CLOCK
    definition: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = Place(self.folder / "site", rules=CALENDAR + AGREEMENT + indent(self.clock, "    "))
        self.desk = self.place.sandbox.servicenow
        values = {
            "name": "Resolve",
            "collection": "incident",
            "active": "true",
            "duration": dates.duration(4 * 3600),
            "start_condition": "active=true",
            "stop_condition": "stateIN6,7",
            "pause_condition": "state=3",
            "when_to_cancel": "never",
            "when_to_resume": "no_match",
            "retroactive": "true",
            "retroactive_pause": "true",
            "set_start_to": "opened_at",
        }
        self.desk.insert("contract_sla", **values | self.definition)

    def after(self, minutes: int) -> None:
        self.place.pass_(minutes * MINUTE)

    def compare(self, **asked: Any) -> Listing:
        """What a reconciliation finds, a while after the last thing that happened."""
        self.after(1)
        (found,) = reconcile(self.place.world, self.place.load(), Asked(**asked), Stop(self.place.world))
        return found


def schedule(world: World, opens: int, closes: int, zone: str = "UTC") -> None:
    """Give the SLA a schedule on weekdays, without holidays."""
    made = world.desk.insert("cmn_schedule", name="office", time_zone=zone)
    world.desk.insert(
        "cmn_schedule_span",
        schedule=made,
        start_date_time=f"20260105T{opens:02}0000",
        end_date_time=f"20260105T{closes:02}0000",
        repeat_type="weekdays",
    )
    (definition,) = world.desk.rows("contract_sla")
    world.desk.update("contract_sla", definition["sys_id"], schedule=made)


def held_for_half_an_hour(world: World, reason: str = "1") -> str:
    """A ticket that was on hold for half an hour, resolved after two hours and a half."""
    ticket = world.place.open()
    world.after(60)
    world.place.change(ticket, state="3", hold_reason=reason)
    world.after(30)
    world.place.change(ticket, state="2")
    world.after(60)
    world.place.change(ticket, state="6", close_code="x", close_notes="y")
    return ticket


def still_open(world: World) -> str:
    ticket = world.place.open()
    world.after(90)
    return ticket


def raised_to_the_top(world: World) -> str:
    """A ticket that becomes a priority 1 after an hour."""
    ticket = world.place.open()
    world.after(60)
    world.place.change(ticket, impact="1", urgency="1")
    world.after(30)
    return ticket


def reopened(world: World) -> str:
    """A ticket that was resolved after an hour and taken up again an hour later."""
    ticket = world.place.open()
    world.after(60)
    world.place.change(ticket, state="6", close_code="x", close_notes="y")
    world.after(60)
    world.place.change(ticket, state="2")
    world.after(30)
    return ticket


def entered_late(world: World) -> str:
    """A ticket entered half an hour after it was opened by telephone."""
    made = world.place.open(opened_at=dates.stored(world.place.clock.now - 30 * MINUTE))
    world.after(60)
    return made


@pytest.mark.parametrize("story", [held_for_half_an_hour, still_open, reopened, entered_late])
def test_where_both_mean_the_same_nothing_differs(story: Callable[[World], str], tmp_path: Path) -> None:
    world = World(tmp_path)
    world.clock = CLOCK
    story(world)
    found = world.compare()
    assert (found.rows, found.compared.total() >= 1) == ([], True)
    assert found.compared == found.agreeing


def in_turn(*steps: Callable[[World], object]) -> Callable[[World], None]:
    """One story after another."""

    def told(world: World) -> None:
        for step in steps:
            step(world)

    return told


def hours(opens: int, closes: int, zone: str = "UTC") -> Callable[[World], None]:
    return lambda world: schedule(world, opens, closes, zone)


def wait(minutes: int) -> Callable[[World], None]:
    return lambda world: world.after(minutes)


def work_begins(world: World) -> None:
    world.place.change(still_open(world), state="2")
    world.after(9)


OFFICE = CLOCK + "calendar: office\n"
STORIES: dict[str, tuple[str, dict[str, Any], Callable[[World], object], str, str]] = {
    "the platform counts round the clock": (
        OFFICE,
        {},
        still_open,
        "calendar",
        "it counts round the clock",
    ),
    "the platform counts by a calendar of the rules": (
        CLOCK,
        {},
        in_turn(hours(9, 17), still_open),
        "calendar",
        "office",
    ),
    "the platform has hours that the rules do not know": (
        CLOCK,
        {},
        in_turn(hours(10, 18), still_open, wait(7 * 60), still_open),
        "calendar",
        "10:00-18:00",
    ),
    "the platform knows no holidays": (
        OFFICE,
        {},
        in_turn(hours(9, 17), wait(7 * 60), still_open),
        "calendar",
        "no holidays",
    ),
    "the platform reads its hours in another zone": (
        OFFICE,
        {},
        in_turn(hours(9, 17, "America/New_York"), still_open),
        "time zone",
        "America/New_York",
    ),
    "the platform does not pause": (
        CLOCK,
        {"pause_condition": ""},
        held_for_half_an_hour,
        "pause rule",
        "it does not pause",
    ),
    "the platform pauses for more reasons": (
        CLOCK.replace("{state: on_hold}", "{state: on_hold, hold_reason: awaiting_vendor}"),
        {},
        held_for_half_an_hour,
        "pause rule",
        "whenever the ticket is on hold",
    ),
    "the platform does not start retroactively": (
        CLOCK,
        {"retroactive": "false"},
        entered_late,
        "retroactive start",
        "30 min later",
    ),
    "only the platform starts retroactively": (
        CLOCK + "start: {state: in_progress}\nstart_at: match\n",
        {"start_condition": "state=2"},
        work_begins,
        "retroactive start",
        "from the opening",
    ),
    "the platform keeps to the goal of the beginning": (
        CLOCK,
        {},
        raised_to_the_top,
        "goal change",
        "4h",
    ),
    "the platform has another goal": (
        CLOCK,
        {"duration": dates.duration(6 * 3600)},
        still_open,
        "another goal",
        "6 h, Accord's 4 h",
    ),
    "only Accord begins anew when a ticket is reopened": (
        CLOCK,
        {"start_condition": "active=true^state!=2"},
        reopened,
        "reopened or restarted",
        "does nothing",
    ),
    "the platform measures nothing": (
        CLOCK,
        {"start_condition": "priority=5^state=7"},
        still_open,
        "not measured by the platform",
        "it has none",
    ),
    "Accord's start is narrower": (
        CLOCK + "start: {priority: 4}\n",
        {},
        still_open,
        "start rule",
        "does not hold",
    ),
    "Accord measures nothing": (
        CLOCK + "cancel: {category: network}\n",
        {},
        in_turn(lambda world: world.place.open(category="network"), wait(90)),
        "not measured by Accord",
        "did not run",
    ),
    "two rules differ at once": (
        OFFICE,
        {"pause_condition": ""},
        in_turn(wait(7 * 60), held_for_half_an_hour),
        "pause rule and calendar",
        "round the clock",
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_the_rule_that_differs_is_named(name: str, tmp_path: Path) -> None:
    clock, definition, story, reason, evidence = STORIES[name]
    world = World(tmp_path, clock, definition)
    story(world)
    found = world.compare()
    assert {row.difference.reason for row in found.rows} == {reason}, list(lines(found))
    assert all(evidence in row.difference.evidence for row in found.rows), list(lines(found))
