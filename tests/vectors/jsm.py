"""Jira Service Management's cases: start and stop are hits (`to`), pause is a state (rules: `like: jsm`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connector.evaluate.hours import is_open
from connector.model.cycle import Cycle
from connector.model.instant import parse_instant
from tests.vectors.clocks import Move, Played, instant, seconds, ticket
from tests.vectors.reference import Case
from tests.vectors.rulefile import agreement_text, calendar_text, length

FIELDS = {"status": "state", "resolution": "resolution"}
STATES = {"running": ("running",), "paused": ("paused",), "completed": ("met", "missed")}


def played(case: Case) -> Played:
    """The case as a rule file and a ticket; one whose creation is left out was opened a day before."""
    data = case.data
    created = [event["at"] for event in data["events"] if event["field"] == "issue"]
    opened = created[0] if created else a_day_before(data["events"][0]["at"])
    calendars = [calendar_text("reference", data["calendar"])] if data["calendar"] else []
    rules = (*calendars, *agreements(data))
    return Played(rules, ticket(opened, moves(data), state="Open"), data["now"])


def agreements(data: Mapping[str, Any]) -> list[str]:
    """The agreement; a later change of the configuration is its next version, from the next day on."""
    spec = {"like": "jsm", "start": hits(data["start_when"]), "stop": hits(data["stop_when"])}
    if data["pause_when"]:
        spec["pause"] = {"any": [{FIELDS[row["field"]]: row["to"]} for row in data["pause_when"]]}
    basic = {"calendar": "reference" if data["calendar"] else "always", "timezone": "UTC"}
    first = agreement_text({"reference": spec | {"within": [{"time": length(data["target"])}]}}, **basic)
    change = data.get("config_change")
    if not change:
        return [first]
    tomorrow = (datetime.fromisoformat(change["at"]) + timedelta(days=1)).date().isoformat()
    changed = spec | {"within": [{"time": length(change["target"])}]}
    return [first, agreement_text({"reference": changed}, **basic, version=2, valid={"from": tomorrow})]


def hits(rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Any of some hits."""
    return {"any": [hit(row) for row in rows]}


def hit(row: Mapping[str, str]) -> dict[str, Any]:
    if row["field"] == "issue":
        return {"opened": {"changed": True}}
    return {FIELDS[row["field"]]: {"to": value_of(row)}}


def value_of(row: Mapping[str, str]) -> str | None:
    return None if row["to"] == "cleared" else row["to"]


def moves(data: Mapping[str, Any]) -> list[Move]:
    return [(e["at"], FIELDS[e["field"]], value_of(e)) for e in data["events"] if e["field"] in FIELDS]


def a_day_before(at: str) -> str:
    return (datetime.fromisoformat(at) - timedelta(days=1)).isoformat()


def found(case: Case, story: Played) -> dict[str, Any]:
    """What the product says of everything the case expects."""
    wanted = case.data["expect"]["cycles"]
    cycles = story.cycles()
    asked = [*wanted, *([{}] * (len(cycles) - len(wanted)))]
    shown = [figures(cycle, keys, story) for cycle, keys in zip(cycles, asked, strict=False)]
    return {"cycles": shown}


def figures(cycle: Cycle, wanted: Mapping[str, Any], story: Played) -> dict[str, Any]:
    shown = {
        "state": next(name for name, ours in STATES.items() if cycle.state in ours),
        "elapsed_s": seconds(cycle.elapsed),
        "due": instant(cycle.due),
        "breached": cycle.breached_at is not None,
        "paused": cycle.state == "paused",
        "within_calendar_hours": within_hours(story),
    }
    return {key: shown[key] for key in wanted}


def within_hours(story: Played) -> bool:
    calendars = story.book.calendars
    return is_open(calendars.get("reference", calendars["always"]), parse_instant(story.now))
