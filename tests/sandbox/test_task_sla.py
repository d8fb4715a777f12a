"""The instance's own SLA engine, by the reference cases of the platform and by stories of one incident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.servicenow import dates
from connector.sandbox.world import instant
from tests.vectors.reference import all_cases, needs_reference_cases

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CASES = [case for case in all_cases() if case.file == "servicenow_sla" and "requires" not in case.data]


def text(at: str) -> str:
    return dates.stored(instant(at))


def condition(given: dict[str, Any] | None) -> str:
    """The conditions of a case as an encoded query."""
    return "^".join(
        f"{name}VALCHANGES" if value == "changes" else f"{name}IN{','.join(value)}"
        for name, value in (given or {}).items()
    )


def schedule(sandbox: Sandbox, given: dict[str, Any] | None) -> str:
    """The sys_id of a schedule like the case's calendar, empty without one."""
    if given is None:
        return ""
    desk = sandbox.servicenow
    made = desk.insert("cmn_schedule", name="hours", time_zone=given["timezone"])
    for day, spans in given["weekly"].items():
        for begin, end in spans:
            desk.insert(
                "cmn_schedule_span",
                schedule=made,
                start_date_time=f"20000101T{begin.replace(':', '')}00",
                end_date_time=f"20000101T{end.replace(':', '')}00",
                repeat_type="weekly",
                days_of_week=str(DAYS.index(day) + 1),
            )
    holidays = desk.insert("cmn_schedule", name="holidays")
    for day in given["holidays"]:
        compact = day.replace("-", "")
        desk.insert(
            "cmn_schedule_span",
            schedule=holidays,
            type="excluded",
            all_day="true",
            start_date_time=f"{compact}T000000",
            end_date_time=f"{compact}T235959",
        )
    desk.insert("cmn_other_schedule", schedule=made, child_schedule=holidays, type="include")
    return made


def define(sandbox: Sandbox, case: dict[str, Any]) -> None:
    retroactive = case.get("retroactive") or {}
    hours = case["target"].removeprefix("PT")
    seconds = int(float(hours[:-1]) * {"H": 3600, "M": 60, "S": 1}[hours[-1]])
    sandbox.servicenow.insert(
        "contract_sla",
        name="it",
        collection="incident",
        active="true",
        duration=dates.duration(seconds),
        schedule=schedule(sandbox, case["calendar"]),
        start_condition=condition(case["start_when"]),
        stop_condition=condition(case["stop_when"]),
        pause_condition=condition(case["pause_when"]),
        reset_condition=condition(case.get("reset_when")),
        reset_action={"complete": "complete"}.get(case.get("reset_action", ""), "cancel"),
        when_to_cancel=case.get("when_to_cancel") or "no_match",
        when_to_resume="no_match",
        retroactive="true" if retroactive else "false",
        retroactive_pause="true" if retroactive.get("pause") else "false",
        set_start_to="sys_created_on" if retroactive else "",
    )


def play(case: dict[str, Any]) -> list[dict[str, str]]:
    """The timers that a case's incident has at its end, oldest first."""
    events: dict[str, dict[str, str]] = {}
    for event in (one for one in case["events"] if instant(one["at"]) <= instant(case["now"])):
        events.setdefault(event["at"], {})[event["field"]] = event["to"]
    first, *later = sorted(events)
    sandbox = Sandbox(now=instant(first), seed=1)
    define(sandbox, case)
    for place in {event["to"] for event in case["events"] if event["field"] == "location"}:
        sandbox.servicenow.insert("cmn_location", name=place)
    fields = events[first]
    asked = fields.pop("priority", None)
    made = sandbox.servicenow.insert("incident", **grades(asked), **fields)
    for at in later:
        sandbox.advance(instant(at))
        fields = events[at]
        asked = fields.pop("priority", None)
        sandbox.servicenow.update("incident", made, **grades(asked), **fields)
    sandbox.advance(instant(case["now"]))
    table = sandbox.servicenow.tables["task_sla"]
    for row in list(table.rows.values()):  # figures of active timers are stale between calculations
        sandbox.servicenow.instance.levels.calculate(row[0])
    return sandbox.servicenow.rows("task_sla", "ORDERBYstart_time^ORDERBYsys_created_on")


def grades(priority: str | None) -> dict[str, str]:
    """The impact and urgency that give a priority."""
    if priority is None:
        return {}
    number = int(priority) + 1
    return {"impact": str(number // 2), "urgency": str(number - number // 2)}


def seconds(duration: str) -> int:
    return dates.instant(duration) // 1000


@needs_reference_cases
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_engine_answers_the_reference_cases(case: Any) -> None:
    expect, rows = case.data["expect"], play(case.data)
    if expect["state"] == "none":
        assert rows == []
        return
    row = rows[-1]
    assert row["stage"] == expect["state"]
    assert seconds(row["business_duration"]) == expect["elapsed_s"]
    if "breached" in expect:
        assert row["has_breached"] == str(expect["breached"]).lower()
    if "due" in expect:
        assert row["planned_end_time"] == text(expect["due"])
    if "percent" in expect:
        assert float(row["business_percentage"]) == expect["percent"]
    if "actual_elapsed_s" in expect:
        assert seconds(row["duration"]) == expect["actual_elapsed_s"]
    before = [(one["stage"], seconds(one["business_duration"])) for one in rows[:-1]]
    assert before == [(one["state"], one["elapsed_s"]) for one in expect.get("previous", [])]


def test_a_breach_is_noted_after_a_restart_too(tmp_path: Path) -> None:
    first = Sandbox(now=instant("2026-03-02T08:00:00Z"), seed=1, file=tmp_path / "kept.db")
    four_hours(first)
    first.advance(instant("2026-03-02T09:00:00Z"))
    first.close()
    second = Sandbox(now=instant("2026-03-02T09:00:00Z"), seed=1, file=tmp_path / "kept.db")
    second.advance(instant("2026-03-02T13:00:00Z"))
    (row,) = second.servicenow.rows("task_sla")
    assert (row["has_breached"], row["sys_updated_on"]) == ("true", "2026-03-02 12:00:00")


def four_hours(sandbox: Sandbox) -> None:
    """An SLA of four hours, and an incident that it measures."""
    sandbox.servicenow.insert(
        "contract_sla",
        name="P3",
        collection="incident",
        active="true",
        duration=dates.duration(4 * 3600),
        start_condition="active=true",
        stop_condition="state=6",
    )
    sandbox.servicenow.insert("incident", short_description="it broke")


def test_a_breach_is_noted_when_it_comes_though_nobody_writes() -> None:
    sandbox = Sandbox(now=instant("2026-03-02T08:00:00Z"), seed=1)
    four_hours(sandbox)
    sandbox.advance(instant("2026-03-02T10:50:00Z"))
    (row,) = sandbox.servicenow.rows("task_sla")
    assert (row["has_breached"], row["planned_end_time"]) == ("false", "2026-03-02 12:00:00")
    assert seconds(row["business_duration"]) < 10200  # the last calculation lies back
    sandbox.advance(instant("2026-03-02T12:00:30Z"))
    (row,) = sandbox.servicenow.rows("task_sla")
    assert row["has_breached"] == "true"
    assert row["sys_updated_on"] == "2026-03-02 12:00:00"
