"""The desk on Jira Service Management, Cloud and Data Center: its issue types, statuses and comments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.model.instant import format_instant
from connector.sandbox import JiraQuirks
from connector.sandbox.jira import adf
from connector.sandbox.jira.accounts import AGENTS, EVERYONE
from connector.sandbox.jira.issue import Issue
from tests.contract.desks import FIGURES, Desk

TYPES = {
    "incident": "[System] Incident", "problem": "[System] Problem", "change": "[System] Change",
    "request": "[System] Service request",
}  # fmt: skip
PLANNED = ("Planning", "Awaiting approval", "Awaiting implementation", "Implementing")
STEPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "incident": {"work": ("Work in progress",), "resolve": ("Resolved",), "reopen": ("Work in progress",)},
    "problem": {"work": ("Work in progress",), "resolve": ("Resolved",), "reopen": ("Work in progress",)},
    "request": {"work": ("Work in progress",), "resolve": ("Closed",), "reopen": ("Work in progress",)},
    "change": {"work": PLANNED, "resolve": ("Reviewing",), "reopen": ("Implementing",)},
}
SHOWN = {"state": "SLA state", "target": "SLA target", "due": "SLA due", "used": "SLA used"}


class JiraDesk(Desk):
    """On Cloud."""

    platform = "jira"
    auth = "{type: token, user: accord@example.com, token: env:SECRET}"

    def furnish(self) -> None:
        accounts = self.sandbox.jira.site.accounts
        accounts.add("alice", "Alice", groups=(EVERYONE, AGENTS))
        accounts.add("carla", "Carla", kind="customer")
        for group in ("First line", "Vendor desk"):
            accounts.group(group)

    def open(self, kind: str, title: str) -> str:
        group = {"Assignment group": "First line"}
        issue = self.sandbox.jira.create(title, kind=TYPES[kind], by="carla", priority="3", **group)
        return str(issue.id)

    def prioritise(self, kind: str, ticket: str, priority: int) -> None:
        del kind
        self.sandbox.jira.edit(ticket, by="alice", priority=str(priority))

    def do(self, kind: str, ticket: str, what: str) -> None:
        for status in STEPS[kind][what]:
            self.sandbox.jira.move(ticket, status, by="alice")

    def hold(self, ticket: str, *, is_on: bool) -> None:
        (field,) = (one for one in self.sandbox.jira.site.setup.fields if one.name == "Pending reason")
        (reason,) = (key for key, text in field.options.items() if text == "More info required")
        self.sandbox.jira.edit(ticket, by="alice", **{"Pending reason": reason if is_on else None})
        self.sandbox.jira.move(ticket, "Waiting for customer" if is_on else "Work in progress", by="alice")

    def hand_to(self, kind: str, ticket: str, group: str) -> None:
        del kind
        self.sandbox.jira.edit(ticket, by="alice", **{"Assignment group": group})

    def reply(self, kind: str, ticket: str, text: str) -> None:
        del kind
        self.sandbox.jira.comment(ticket, text, by="alice")

    def _issue(self, ticket: str) -> Issue:
        found = self.sandbox.jira.find(ticket)
        assert found is not None
        return found

    def achievements(self, kind: str, ticket: str) -> list[dict[str, Any]]:
        del kind
        held = json.loads(self._issue(ticket).properties["accord.sla"])
        return [{name: one[name] for name in FIGURES} for one in held["cycles"]]

    def shown(self, kind: str, ticket: str) -> dict[str, Any]:
        del kind
        issue = self._issue(ticket)
        ids = {one.name: one.id for one in self.sandbox.jira.site.setup.fields}
        found = {name: issue.fields.get(ids[ours]) for name, ours in SHOWN.items()}
        return found | {"due": format_instant(found["due"]) if found["due"] else None}

    def notes(self, ticket: str) -> list[str]:
        account = self.sandbox.jira.person("accord").account_id
        ours = [one for one in self._issue(ticket).comments if one.author == account]
        assert not any(one.public for one in ours)
        return [adf.as_text(one.body).strip() for one in ours]

    def created(self, ticket: str) -> list[str]:
        issue = self._issue(ticket)
        others = [self._issue(str(link.other)) for link in issue.links]
        return sorted(str(one.fields["summary"]).replace(issue.key, "KEY") for one in others)


class DataCenterDesk(JiraDesk):
    """On Data Center: another API, wiki text, users by name."""

    auth = "{type: pat, token: env:TOKEN}"

    def __init__(self, folder: Path, rules: str) -> None:
        super().__init__(folder, rules, JiraQuirks(deployment="datacenter"))
