"""ServiceNow's cases: its engine's habits are `like: servicenow`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.model.cycle import Cycle
from tests.vectors.clocks import Move, Played, instant, seconds, ticket
from tests.vectors.reference import Case
from tests.vectors.rulefile import agreement_text, calendar_text, length

STATE_VALUES = {"1": "new", "2": "in_progress", "3": "on_hold", "6": "resolved", "7": "closed"}
STAGES = {"running": "in_progress", "paused": "paused", "met": "completed", "missed": "completed"}
NOT_OURS = ("actual_elapsed_s",)  # wall time, which the product does not tell


def played(case: Case) -> Played:
    """The case as a rule file and a ticket; the first update creates the task."""
    data = case.data
    opened = data["events"][0]["at"]
    first = {e["field"]: value(e["field"], e["to"]) for e in data["events"] if e["at"] == opened}
    later = [move(event) for event in data["events"] if event["at"] != opened]
    if "due_date" in first:
        first.pop("due_date")
        later += [move(event) for event in data["events"] if event["field"] == "due_date"]
    calendars = [calendar_text("reference", data["calendar"])] if data["calendar"] else []
    hours = "reference" if data["calendar"] else "always"
    rules = agreement_text({"reference": target(data)}, calendar=hours, timezone="UTC")
    return Played((*calendars, rules), ticket(opened, later, **first), data["now"])


def target(data: Mapping[str, Any]) -> dict[str, Any]:
    """The SLA definition as a target."""
    spec: dict[str, Any] = {"like": "servicenow", "within": [goal(data["target"])]}
    for name in ("start", "stop", "pause", "resume", "cancel", "reset"):
        if data.get(f"{name}_when"):
            spec[name] = condition(data[f"{name}_when"])
    if data.get("when_to_cancel") == "never":
        spec["start_must_hold"] = False
    if "reset_action" in data:
        spec["count_resets"] = data["reset_action"] == "complete"
    if data.get("retroactive"):
        spec |= {"start_at": "opened", "retroactive_pause": data["retroactive"]["pause"]}
    return spec


def goal(written: str) -> dict[str, Any]:
    """A duration, the task's due date, or an hour of the next business day."""
    if written.startswith("relative:field:"):
        return {"until": {"field": written.removeprefix("relative:field:")}}
    if written.startswith("relative:next_business_day:"):
        return {"time": f"1bd by {written.removeprefix('relative:next_business_day:')}"}
    return {"time": length(written)}


def condition(when: Mapping[str, Any]) -> dict[str, Any]:
    """AND over fields; a list is one of, `changes` differs from the update before."""
    return {
        name: {"changed": True} if values == "changes" else [value(name, one) for one in values]
        for name, values in when.items()
    }


def move(event: Mapping[str, Any]) -> Move:
    return event["at"], event["field"], value(event["field"], event["to"])


def value(field: str, raw: str) -> Any:
    """A platform value in canonical words."""
    if field == "state":
        return STATE_VALUES[raw]
    return int(raw) if field == "priority" else raw


def found(case: Case, story: Played) -> dict[str, Any]:
    """What the product says of everything the case expects."""
    cycles, wanted = story.cycles(), expected(case)
    shown = figures(cycles[-1] if cycles else None)
    before = zip(cycles[:-1], wanted.get("previous", ()), strict=False)
    shown["previous"] = [{key: figures(cycle)[key] for key in keys} for cycle, keys in before]
    return {key: shown[key] for key in wanted}


def expected(case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.data["expect"].items() if key not in NOT_OURS}


def figures(cycle: Cycle | None) -> dict[str, Any]:
    """The latest record of the task, in the platform's words; a cancelled or uncounted one is cancelled."""
    if cycle is None:
        return {"state": "none", "elapsed_s": 0}
    return {
        "state": STAGES.get(cycle.state, "cancelled"),
        "elapsed_s": seconds(cycle.elapsed),
        "due": instant(cycle.due),
        "breached": cycle.breached_at is not None,
        "percent": None if cycle.used is None else round(cycle.used * 100, 2),
    }
