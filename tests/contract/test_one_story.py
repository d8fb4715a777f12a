"""One story on every platform, for every kind of ticket: what becomes of it is the same to the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from connector.model.instant import MINUTE, parse_instant
from tests.contract.desks import Desk
from tests.contract.jira_desk import DataCenterDesk, JiraDesk
from tests.contract.servicenow_desk import ServiceNowDesk

RULES = """
agreement: desk
type: sla
version: 1
applies_to: {record: [incident, problem, request, change]}
targets:
  response:
    is: response
    stop: {public_reply: {to: agent}}
    within: [{time: 30m}]
    on:
      breached: [{note: true}]
  resolution:
    is: resolution
    pause: {any: [{state: on_hold, hold_reason: awaiting_caller}, {assignment_group: Vendor desk}]}
    within: [{when: {priority: 1}, time: 1h}, {time: 2h}]
    on:
      75%: [{note: true}]
      breached: [{note: true}, {create: improvement_input}]
"""
PLATFORMS: Mapping[str, Callable[[Path, str], Desk]] = {
    "servicenow": ServiceNowDesk, "jira-cloud": JiraDesk, "jira-data-center": DataCenterDesk,
}  # fmt: skip
KINDS = ("incident", "problem", "request", "change")


def story(desk: Desk, kind: str) -> str:
    """A ticket's morning, from eight to eleven; the site syncs after everything that happens. Its id."""

    def pass_to(time: str) -> None:
        desk.pass_(parse_instant(f"2026-03-02T{time}:00Z") - desk.clock())

    def synced(minutes: int = 1) -> None:
        desk.pass_(minutes * MINUTE)
        summary = desk.sync()
        assert summary.exit_code == 0, "\n".join(summary.lines())

    ticket = desk.open(kind, "the lights are out")
    synced()
    pass_to("08:10")
    desk.reply(kind, ticket, "we are on our way")
    desk.do(kind, ticket, "work")
    synced()
    pass_to("08:30")
    desk.prioritise(kind, ticket, 1)
    synced()
    pass_to("08:35")
    _pause(desk, kind, ticket, is_on=True)
    synced(15)
    pass_to("09:05")
    _pause(desk, kind, ticket, is_on=False)
    for time in ("09:06", "09:16", "09:32"):
        pass_to(time)
        synced()
    pass_to("09:40")
    desk.do(kind, ticket, "resolve")
    synced()
    pass_to("10:00")
    desk.do(kind, ticket, "reopen")
    synced()
    pass_to("10:20")
    desk.do(kind, ticket, "resolve")
    synced()
    pass_to("11:00")
    synced()
    return ticket


def _pause(desk: Desk, kind: str, ticket: str, *, is_on: bool) -> None:
    """Incidents wait for their callers; what has no such state is the vendor's for a while."""
    if kind == "incident":
        desk.hold(ticket, is_on=is_on)
    else:
        desk.hand_to(kind, ticket, "Vendor desk" if is_on else "First line")


@cache
def ended(platform: str, kind: str) -> dict[str, Any]:
    """What the story ends with."""
    desk = PLATFORMS[platform](Path(mkdtemp()) / "site", RULES)
    return desk.ended(kind, story(desk, kind))


def at(time: str) -> str:
    return f"2026-03-02T{time}:00Z"


on_every_platform = pytest.mark.parametrize("platform", PLATFORMS)
of_every_kind = pytest.mark.parametrize("kind", KINDS)


@of_every_kind
@on_every_platform
def test_the_clocks_are_what_the_rules_say(platform: str, kind: str) -> None:
    found = [
        (one["target"], one["number"], one["state"], one["started"], one["ended"], one["breached_at"])
        for one in ended(platform, kind)["clocks"]
    ]
    assert found == [
        ("resolution", 1, "missed", at("08:00"), at("09:40"), at("09:30")),
        ("resolution", 2, "met", at("10:00"), at("10:20"), None),
        ("response", 1, "met", at("08:00"), at("08:10"), None),
    ]
    assert [one["elapsed"] for one in ended(platform, kind)["clocks"]] == [
        70 * MINUTE,
        20 * MINUTE,
        10 * MINUTE,
    ]


@of_every_kind
@on_every_platform
def test_what_was_done_is_what_the_rules_say(platform: str, kind: str) -> None:
    outcome = ended(platform, kind)
    assert [note.partition(";")[0] for note in outcome["notes"]] == [
        "Resolution for desk: 75 % used, due 09:30 UTC, 13 min 10 s left",
        "Resolution for desk: time is up, was due 09:30 UTC, 2 min 50 s over",
    ]
    assert len(outcome["created"]) == 1
    assert [one["state"] for one in outcome["achievements"]] == ["missed", "met", "met"]


@of_every_kind
@pytest.mark.parametrize("platform", [name for name in PLATFORMS if name != "servicenow"])
def test_every_platform_ends_with_the_same(platform: str, kind: str) -> None:
    here, there = ended(platform, kind), ended("servicenow", kind)
    for part in ("record", "clocks", "events", "achievements", "shown", "notes", "created"):
        assert here[part] == there[part]
