"""Zammad's cases. Its states become ours: `pending …` is on hold; for replies closed is a pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.model.cycle import Cycle
from tests.vectors.clocks import Move, Played, instant, seconds, ticket
from tests.vectors.reference import Case
from tests.vectors.rulefile import agreement_text, calendar_text

STATES = {
    "new": "new",
    "open": "in_progress",
    "pending reminder": "on_hold",
    "pending close": "on_hold",
    "closed": "closed",
}
ALWAYS_TRUE = {"state": {"set": True}}
REPLIED = {"public_reply": {"to": "agent"}}
ASKED = {"public_reply": {"to": "requester"}}
OPENED_BY_THE_CUSTOMER = {"all": [{"opened": {"changed": True}}, {"public_reply": "requester"}]}


def played(case: Case) -> Played:
    """The case as a rule file and a ticket."""
    data = case.data
    targets = {name: target(spec) for name, spec in data["targets"].items()}
    where = {"where": {"priority": 2}} if "rule condition" in data.get("note", "") else {}
    rules = agreement_text(targets, applies_to={"record": "incident"} | where)
    created = data["events"][0]
    record = ticket(created["at"], moves(data), state=STATES[created["status"]], priority=2)
    return Played((calendar_text("reference", data["calendar"]), rules), record, data["now"])


def target(spec: Mapping[str, Any]) -> dict[str, Any]:
    """One of its targets as ours."""
    within = {"within": [{"time": f"{spec['goal_s']}s" if "goal_s" in spec else "none"}]}
    held = sorted({STATES[state] for state in spec.get("pause", {}).get("status", ())})
    match spec["start"], spec.get("stop"):
        case "created", "closed":
            pause = {"state": [state for state in held if state != "closed"]}
            return within | {"start": ALWAYS_TRUE, "stop": {"state": "closed"}, "pause": pause}
        case "created", "first_response":
            first = {"start": ALWAYS_TRUE, "stop": REPLIED, "reopen": "ignore"}
            return within | first | {"pause": {"state": held}}
        case "customer message", "agent reply":
            return within | {"start": {"any": [ASKED, OPENED_BY_THE_CUSTOMER]}, "stop": REPLIED}
        case "last contact (created when none)", "agent reply":
            contact = {"public_reply": {"changed": True}}
            return within | {"start": ALWAYS_TRUE, "reset": contact, "pause": {"state": held}}
    # A span between two times of the case, which the ticket shows as two changes.
    spanned = {"start": {"acknowledged_at": {"set": True}}, "stop": {"workaround": {"set": True}}}
    return within | spanned | {"pause": {"state": held}}


def moves(data: Mapping[str, Any]) -> Iterator[Move]:
    """Its events, and the two ends of a span."""
    for event in data["events"][1:]:
        match event["type"]:
            case "status":
                yield event["at"], "state", STATES[event["value"]]
            case "priority":
                yield event["at"], "priority", int(event["value"][0])
            case "first_response" | "agent_reply":
                yield event["at"], "public_reply", "agent"
            case "customer_message":
                yield event["at"], "public_reply", "requester"
    span = data["targets"].get("span")
    if span:
        yield span["start"], "acknowledged_at", span["start"]
        if "end" in span:
            yield span["end"], "workaround", "end of the span"


def found(case: Case, story: Played) -> dict[str, Any]:
    """What the product says of everything the case expects."""
    expect = case.data["expect"]
    targets = {name: wanted for name, wanted in expect.items() if isinstance(wanted, dict)}
    shown: dict[str, Any] = {name: figures(story.cycles(name), wanted) for name, wanted in targets.items()}
    running = [c for name in case.data["targets"] for c in story.cycles(name) if c.state.is_open]
    if "next_due" in expect:
        shown["next_due"] = instant(min(cycle.due for cycle in running if cycle.due is not None))
    if "matched" in expect:
        shown["matched"] = bool(running)
    return shown


def figures(cycles: list[Cycle], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The expected figures of one target. No due time there means that no clock runs."""
    last = cycles[-1] if cycles else None
    is_running = last is not None and last.state.is_open
    shown: dict[str, Any] = {"running": is_running}
    if last is not None:
        shown |= {
            "due": instant(last.due) if is_running or wanted.get("due") else None,
            "elapsed_s": seconds(last.elapsed),
            "remaining_s": seconds(last.remaining),
            "breached": last.breached_at is not None,
            "cycles": [{"elapsed_s": seconds(cycle.elapsed)} for cycle in cycles],
            "worst_elapsed_s": seconds(max(cycle.elapsed for cycle in cycles)),
        }
    return {key: shown.get(key) for key in wanted}
