"""What a desk does on each platform, and what Accord left there: one story in two languages."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox import JiraQuirks, Sandbox
from tests.journeys.place import MARK, SHOWN

OWN = ("sys_", "u_key", "u_ticket")  # what differs from sandbox to sandbox
EndState = dict[str, dict[str, Any]]


class Trade(ABC):
    """One platform's way with incidents."""

    login: str  # what goes behind `auth:`
    pull: str
    jira_quirks: JiraQuirks | None = None
    dumped: str  # the tables that tell the end

    @abstractmethod
    def open(self, sandbox: Sandbox, title: str, priority: str) -> str:
        """A new ticket; its id there."""

    @abstractmethod
    def move(self, sandbox: Sandbox, id_: str, state: str, words: str) -> None:
        """Take a ticket to another state, with a word to the customer."""

    @abstractmethod
    def note(self, sandbox: Sandbox, id_: str, words: str) -> None:
        """Write something down that no clock minds."""

    @abstractmethod
    def end_state(self, tables: Mapping[str, list[Any]]) -> EndState:
        """What Accord has written, by the titles of its tickets: ids and keys are each sandbox's own."""


class OnServiceNow(Trade):
    """Incidents, with audit and journal."""

    login = "{type: basic, user: env:ACCORD_USER, password: env:ACCORD_SECRET}"
    pull = "{page_size: 20, lag: 2s}"
    dumped = "u_accord_achievement,sys_journal_field,problem,incident"
    states: Mapping[str, str] = {
        "new": "1", "in progress": "2", "on hold": "3", "resolved": "6", "cancelled": "8",
    }  # fmt: skip

    def open(self, sandbox: Sandbox, title: str, priority: str) -> str:
        fields = {"short_description": title, "impact": priority, "urgency": priority}
        return sandbox.servicenow.insert("incident", by="admin", **fields)

    def move(self, sandbox: Sandbox, id_: str, state: str, words: str) -> None:
        fields = {"state": self.states[state], "comments": words}
        sandbox.servicenow.update("incident", id_, by="admin", **fields)

    def note(self, sandbox: Sandbox, id_: str, words: str) -> None:
        sandbox.servicenow.update("incident", id_, by="admin", work_notes=words)

    def end_state(self, tables: Mapping[str, list[Any]]) -> EndState:
        names = {row["sys_id"]: row["short_description"] for row in tables["incident"]}
        achievements = (
            (f"{names[row['u_ticket']]} {row['u_target']} {row['u_cycle']}",
             {name.removeprefix("u_"): value for name, value in row.items() if not name.startswith(OWN)})
            for row in tables.get("u_accord_achievement", ())
        )  # fmt: skip
        notes = (
            f"{names[row['element_id']]}: {_head(note)}"
            for row in tables.get("sys_journal_field", ())
            for note in MARK.split(row["value"])[:-1:2]  # of several in one entry each has its mark behind it
        )
        keys = {row["number"]: row["short_description"] for row in tables["incident"]}
        made = (row for row in tables.get("problem", ()) if row["correlation_id"])
        fields = {row["short_description"]: [row[name] for name in SHOWN] for row in tables["incident"]}
        return _ended(achievements, notes, (_named(row["short_description"], keys) for row in made), fields)


class OnJira(Trade):
    """Incidents of one service project, whose search index lags."""

    login = "{type: token, user: accord@example.com, token: env:ACCORD_SECRET}"
    pull = "{page_size: 20, lag: 4s}"
    jira_quirks = JiraQuirks(index_lag_ms=2_000, index_flicker=0.05)
    dumped = "issue"
    states: Mapping[str, str] = {
        "new": "Open", "in progress": "Work in progress", "on hold": "Pending", "resolved": "Resolved",
        "cancelled": "Canceled",
    }  # fmt: skip

    def open(self, sandbox: Sandbox, title: str, priority: str) -> str:
        return str(sandbox.jira.create(title, priority=priority).id)

    def move(self, sandbox: Sandbox, id_: str, state: str, words: str) -> None:
        sandbox.jira.move(id_, self.states[state])
        sandbox.jira.comment(id_, words)

    def note(self, sandbox: Sandbox, id_: str, words: str) -> None:
        sandbox.jira.comment(id_, words, public=False)

    def end_state(self, tables: Mapping[str, list[Any]]) -> EndState:
        ours = [one for one in tables["issue"] if "accord.key" in one["properties"] and one["links"]]
        incidents = [one for one in tables["issue"] if one["fields"]["summary"].startswith("it broke")]
        titles = {one["key"]: one["fields"]["summary"] for one in incidents}
        achievements = (
            (f"{titles[one['key']]} {cycle['target']} {cycle['cycle']}",
             {name: value for name, value in cycle.items() if name not in ("key", "ticket")})
            for one in incidents
            for cycle in one["properties"].get("accord.sla", {"cycles": []})["cycles"]
        )  # fmt: skip
        notes = (
            f"{titles[one['key']]}: {_head(note)}"
            for one in incidents
            for comment in one["comments"]
            if "accord.key" in comment["properties"]
            for note in comment["text"].splitlines()  # of several in one comment each has a line
            if note.strip()
        )
        made = (_named(one["fields"]["summary"], titles) for one in ours)
        return _ended(achievements, notes, made, {titles[one["key"]]: one["fields"] for one in incidents})


TRADES: Mapping[str, Trade] = {"servicenow": OnServiceNow(), "jira": OnJira()}


def _ended(
    achievements: Iterable[tuple[str, Any]],
    notes: Iterable[str],
    problems: Iterable[str],
    fields: Mapping[str, Any],
) -> EndState:
    found: dict[str, list[Any]] = {}
    for name, kept in achievements:
        found.setdefault(name, []).append(kept)
    return {
        "achievements": found,
        "notes": dict(Counter(notes)),
        "problems": dict(Counter(problems)),
        "fields": dict(fields),
    }


def _head(note: str) -> str:
    """A note as far as it does not tell how late it is."""
    return note.strip().partition(",")[0]


def _named(title: str, names: Mapping[str, str]) -> str:
    """*title* with what a ticket is called in place of its key."""
    return re.sub(r"\b[A-Z]+-?\d+\b", lambda key: names.get(key[0], key[0]), title)
