"""`explain`: the evaluation's own trace, told so that an agent can follow it."""

from __future__ import annotations

import json

from connector.evaluate.explain import Explanation, explain
from connector.mappings.kinds import shipped_kinds
from connector.model.record import Change, Record
from connector.rules.rulebook import Rulebook
from tests.evaluate.desk import OPEN, desk, t, ticket

RULES = desk(
    f"{OPEN}pause: {{state: on_hold}}\n"
    "within: [{when: {priority: 1}, time: 2h, calendar: always}, {time: 4h}]\n"
    "on: {50%: [{note: true}]}"
)
HELD = ticket(
    "mon 16:00",
    ("mon 16:30", "state", "on_hold"),
    ("tue 10:00", "state", "in_progress"),
    ("tue 11:00", "priority", 1),
)


def told(rules: Rulebook, record: Record, at: str) -> Explanation:
    return explain(record, rules, at=t(at), kinds=shipped_kinds())


def test_the_story_names_changes_rows_gaps_lines_and_due() -> None:
    story = told(RULES, HELD, "tue 11:15").text()
    for part in (
        "state: new → on_hold  → paused",
        "pause: state: on_hold",
        "rules.yaml:",
        "stood still for 17 h 30 min: nothing counted",
        "within: time: 2h, calendar always (since priority: 1); the whole cycle is judged anew by it",
        "line 50% crossed",
        "running, 1 h 45 min of 2 h used",
    ):
        assert part in story, story


def test_closed_hours_are_told_as_a_gap() -> None:
    story = told(desk(f"{OPEN}within: [{{time: 4h}}]"), ticket("mon 16:00"), "tue 10:00").text()
    assert "ran for 18 h: 2 h counted (business was closed for 16 h)" in story


def test_time_counted_step_by_step_is_the_elapsed_time() -> None:
    told_ = told(RULES, HELD, "tue 11:15")
    (clock,) = told_.clocks
    (cycle,) = clock.cycles
    assert sum(stage.open_time for stage in cycle.stages if stage.is_counted) == cycle.cycle.elapsed


def test_where_no_clock_ran_it_says_why() -> None:
    story = told(RULES, ticket("mon 16:00", state="closed"), "tue 10:00").text()
    assert "No clock ran." in story
    assert "start never held" in story


def test_data_and_page_tell_the_same_and_the_page_escapes_what_tickets_hold() -> None:
    record = ticket("mon 10:00", ("mon 11:00", "state", "<script>alert(1)</script>"), key="<b>INC</b>")
    explanation = told(RULES, record, "mon 12:00")
    assert json.loads(json.dumps(explanation.json()))["clocks"][0]["cycles"][0]["state"] == "running"
    page = explanation.html()
    assert "<script" not in page
    assert "<b>INC" not in page
    assert "<svg" in page


def test_changed_dates_are_told_as_dates() -> None:
    record = ticket(
        "mon 16:00", ("mon 16:30", "resolved", t("mon 16:20")), ("mon 16:30", "state", "resolved")
    )
    story = told(desk(f"{OPEN}within: [{{time: 4h}}]"), record, "tue 10:00").text()
    assert "resolved: nothing → 2026-03-02T16:20:00Z" in story


def test_a_dirty_history_is_told_with_what_became_of_it() -> None:
    changes = (
        Change(t("mon 09:00"), "state", None, "new", seq=0),
        Change(t("mon 11:00"), "state", None, "in_progress", seq=1),
        Change(t("mon 11:00"), "state", None, "in_progress", seq=2),
        Change(t("mon 12:00"), "state", "on_hold", "resolved", seq=3),
        Change(t("fri 12:00"), "state", "resolved", "closed", seq=4),
    )
    record = Record("incident", "acme", "1", "INC1", {"state": "closed", "opened": t("mon 10:00")}, changes)
    explanation = told(RULES, record, "tue 10:00")
    assert explanation.repairs == {
        "before the opening": 1,
        "duplicate": 1,
        "contradiction": 2,  # `new` is not what the next change began with, nor `in_progress`
        "first state missing": 1,
    }
    story = explanation.text()
    assert "Its history was mended: 1 × duplicate." in story
    assert "Changes later than that, which do not count yet: 1." in story
    assert explanation.json()["later"] == 1
