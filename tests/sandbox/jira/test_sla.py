"""The site's own SLA engine: recorded and documented cycles, and the exact shape they are shown in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.jira.sla.calendar import Always, Calendar
from connector.sandbox.jira.sla.engine import Event, Goal, walk
from connector.sandbox.jira.sla.show import friendly_length
from connector.sandbox.world import instant
from tests.sandbox.jira.conftest import START, JiraClient

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "jsm_sla.json"
HOUR = 3_600_000
MINUTE = 60_000


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"no recorded cycles at {VECTORS}"))]
    found = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(one, id=one["id"]) for one in found]


def length(text: str) -> int:
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text)
    assert found is not None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (hours * 3600 + minutes * 60 + seconds) * 1000


def events_of(vector: dict[str, Any], goal: Goal) -> list[Event]:
    """A vector's events with its conditions applied; the pause holds while a field has the value."""
    state: dict[str, str] = {}
    found = []
    for event in vector["events"]:
        told = {name: event[name] for name in ("field", "to")}
        state[told["field"]] = told["to"]
        paused = any(state.get(one["field"]) == one["to"] for one in vector["pause_when"])
        starts, stops = told in vector["start_when"], told in vector["stop_when"]
        found.append(Event(instant(event["at"]), starts, stops, paused, goal))
    return found


@pytest.mark.shared
@pytest.mark.parametrize("vector", vectors())
def test_recorded_and_documented_cycles(vector: dict[str, Any]) -> None:
    calendar = vector["calendar"]
    hours = Calendar(calendar["timezone"], calendar["weekly"], calendar["holidays"]) if calendar else Always()
    goal = Goal(length(vector["target"]), hours)
    cycles = walk(events_of(vector, goal), instant(vector["now"])).cycles
    assert len(cycles) == len(vector["expect"]["cycles"])
    for cycle, wanted in zip(cycles, vector["expect"]["cycles"], strict=True):
        state = "completed" if cycle.stopped else "paused" if cycle.paused else "running"
        assert state == wanted["state"]
        assert cycle.elapsed == round(wanted["elapsed_s"] * 1000)
        assert cycle.due == instant(wanted["due"])
        assert cycle.breached is wanted["breached"]
        if "within_calendar_hours" in wanted:
            assert cycle.within_hours is wanted["within_calendar_hours"]


def level(client: JiraClient, key: str = "DESK-1", metric: str = "2") -> dict[str, Any]:
    found: dict[str, Any] = client.desk("GET", f"request/{key}/sla/{metric}").json()
    return found


class TestShape:
    def test_an_ongoing_cycle(self, sandbox: Sandbox, client: JiraClient) -> None:
        sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + HOUR)
        shown = level(client)
        assert shown.keys() == {"id", "name", "_links", "completedCycles", "ongoingCycle", "slaDisplayFormat"}
        cycle = shown["ongoingCycle"]
        assert cycle.keys() == {
            "startTime", "breachTime", "breached", "paused", "withinCalendarHours", "goalDuration",
            "elapsedTime", "remainingTime",
        }  # fmt: skip
        assert cycle["startTime"] == {
            "iso8601": "2026-03-02T19:00:00+1100",
            "jira": "2026-03-02T19:00:00.000+1100",
            "friendly": "Today 7:00 PM",
            "epochMillis": START,
        }
        assert cycle["remainingTime"] == {"millis": 7 * HOUR, "friendly": "7h"}

    def test_a_completed_one_keeps_its_deadline_and_nothing_goes_on(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + HOUR)
        sandbox.jira.move("DESK-1", "Resolved")
        shown = level(client)
        assert "ongoingCycle" not in shown
        cycle = shown["completedCycles"][0]
        assert "paused" not in cycle
        assert cycle["breachTime"]["epochMillis"] == START + 8 * HOUR
        assert cycle["elapsedTime"]["millis"] + cycle["remainingTime"]["millis"] == 8 * HOUR

    def test_the_issues_field_is_the_same_object(self, sandbox: Sandbox, client: JiraClient) -> None:
        sandbox.jira.create("Mail", priority="1")
        found = client.search("project = DESK", fields=["customfield_10031"])["issues"][0]
        assert found["fields"]["customfield_10031"] == level(client)

    def test_another_project_has_none(self, client: JiraClient) -> None:
        made = client.post(
            "issue", {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}}
        ).json()
        assert client.get(f"issue/{made['key']}").json()["fields"]["customfield_10031"] is None

    @pytest.mark.parametrize(
        ("millis", "shown"),
        [(62_412, "1m"), (1_737_588, "28m"), (-13_129_216, "-3h 38m"), (14_400_000, "4h")],
    )
    def test_lengths_for_people_are_cut_to_the_minute(self, millis: int, shown: str) -> None:
        assert friendly_length(millis) == shown


class TestMeaning:
    def test_a_breach_by_time_alone_leaves_no_trace(self, sandbox: Sandbox, client: JiraClient) -> None:
        sandbox.jira.create("Mail", priority="1")
        before = client.get("issue/DESK-1").json()["fields"]["updated"]
        assert client.keys('"Time to resolution" = breached()') == []
        sandbox.advance(START + 9 * HOUR)
        assert level(client)["ongoingCycle"]["breached"] is True
        assert level(client)["ongoingCycle"]["remainingTime"]["friendly"] == "-1h"
        assert client.get("issue/DESK-1").json()["fields"]["updated"] == before
        assert client.get("issue/DESK-1/changelog").json()["total"] == 0
        assert client.keys('"Time to resolution" = breached()') == ["DESK-1"]

    def test_waiting_for_the_customer_pauses_and_moves_the_deadline(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + HOUR)
        sandbox.jira.move("DESK-1", "Waiting for customer")
        sandbox.advance(START + 4 * HOUR)
        paused = level(client)["ongoingCycle"]
        assert (paused["paused"], paused["elapsedTime"]["millis"]) == (True, HOUR)
        sandbox.jira.move("DESK-1", "Work in progress")
        assert level(client)["ongoingCycle"]["breachTime"]["epochMillis"] == START + 11 * HOUR

    def test_another_priority_keeps_the_time_and_changes_the_goal(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        sandbox.jira.create("Mail", priority="2")
        sandbox.advance(START + 10 * HOUR)
        assert level(client)["ongoingCycle"]["breached"] is False
        sandbox.jira.edit("DESK-1", priority="1")
        cycle = level(client)["ongoingCycle"]
        assert (cycle["breached"], cycle["elapsedTime"]["millis"]) == (True, 10 * HOUR)
        assert cycle["breachTime"]["epochMillis"] == START + 8 * HOUR

    def test_a_reopened_issue_has_a_second_cycle_from_zero(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + HOUR)
        sandbox.jira.move("DESK-1", "Resolved")
        sandbox.advance(START + 3 * HOUR)
        sandbox.jira.move("DESK-1", "Work in progress")
        shown = level(client)
        assert len(shown["completedCycles"]) == 1
        assert shown["ongoingCycle"]["elapsedTime"]["millis"] == 0

    def test_the_first_public_reply_of_somebody_else_answers(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        sandbox.jira.create("Mail", priority="1", by="reader")
        sandbox.jira.comment("DESK-1", "still broken", by="reader")
        sandbox.jira.comment("DESK-1", "internal", by="accord", public=False)
        assert "ongoingCycle" in level(client, metric="1")
        sandbox.advance(START + 30 * MINUTE)
        sandbox.jira.comment("DESK-1", "we look", by="accord")
        assert level(client, metric="1")["completedCycles"][0]["elapsedTime"]["millis"] == 30 * MINUTE

    def test_a_new_goal_leaves_what_is_completed_alone(self, sandbox: Sandbox, client: JiraClient) -> None:
        for _ in range(2):
            sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + 2 * HOUR)
        sandbox.jira.move("DESK-1", "Resolved")
        sandbox.advance(START + 3 * HOUR)
        levels = sandbox.jira.site.levels
        levels.configure(levels.metrics[1], [{"jql": "", "minutes": 60}], since=START + 3 * HOUR)
        assert level(client)["completedCycles"][0]["breached"] is False
        assert level(client, "DESK-2")["ongoingCycle"]["breached"] is True

    @pytest.mark.parametrize(
        ("jql", "found"),
        [
            ("= running()", ["DESK-1"]), ("= paused()", []), ("= completed()", []),
            ("!= breached()", ["DESK-1"]),
            ('< remaining("6h")', []), ('> remaining("6h")', ["DESK-1"]), ('<= elapsed("1h")', ["DESK-1"]),
            ('> elapsed("1h")', []), ("= withinCalendarHours()", ["DESK-1"]), ("= everBreached()", []),
        ],
    )  # fmt: skip
    def test_queries_on_slas(self, sandbox: Sandbox, client: JiraClient, jql: str, found: list[str]) -> None:
        sandbox.jira.create("Mail", priority="1")
        sandbox.advance(START + HOUR)
        assert client.keys(f'"Time to resolution" {jql}') == found
