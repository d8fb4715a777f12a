"""The desk on ServiceNow: its tables, states and journals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.model.instant import format_instant
from connector.sandbox.servicenow import dates
from tests.contract.desks import FIGURES, Desk

TABLES = {
    "incident": "incident", "problem": "problem", "request": "sc_req_item", "change": "change_request",
}  # fmt: skip
STEPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "incident": {"work": ("2",), "resolve": ("6",), "reopen": ("2",)},
    "problem": {"work": ("103",), "resolve": ("106",), "reopen": ("103",)},
    "request": {"work": ("2",), "resolve": ("3",), "reopen": ("2",)},
    "change": {"work": ("-4", "-3", "-2", "-1"), "resolve": ("0",), "reopen": ("-1",)},
}
# Only an incident's date goes by itself when it is reopened.
EMPTIED = {"problem": {"resolved_at": ""}, "request": {"closed_at": ""}}
REQUESTERS = {"incident": "caller_id", "problem": "opened_by", "change": "requested_by"}
URGENCIES = {1: "1", 3: "3"}  # with an impact of 1; a requested item has a priority of its own


class ServiceNowDesk(Desk):
    platform = "servicenow"
    auth = "{type: basic, user: accord, password: env:SECRET}"

    def furnish(self) -> None:
        self.sandbox.servicenow.add_user("alice", "alice", "itil")
        self.sandbox.servicenow.add_user("carla", "carla")
        for group in ("First line", "Vendor desk"):
            self.sandbox.servicenow.insert("sys_user_group", name=group)

    def open(self, kind: str, title: str) -> str:
        fields = {"short_description": title, "impact": "1", "urgency": "3"}
        fields |= {"assignment_group": self._group("First line")}
        if kind == "request":
            around = self.sandbox.servicenow.insert("sc_request", requested_for=self._user("carla"))
            fields |= {"request": around, "priority": "3"}
        else:
            fields[REQUESTERS[kind]] = self._user("carla")
        return self.sandbox.servicenow.insert(TABLES[kind], by="carla", **fields)

    def prioritise(self, kind: str, ticket: str, priority: int) -> None:
        new = {"priority": str(priority)} if kind == "request" else {"urgency": URGENCIES[priority]}
        self.sandbox.servicenow.update(TABLES[kind], ticket, by="alice", **new)

    def do(self, kind: str, ticket: str, what: str) -> None:
        dates = EMPTIED.get(kind, {}) if what == "reopen" else {}
        for state in STEPS[kind][what]:
            self.sandbox.servicenow.update(TABLES[kind], ticket, by="alice", state=state, **dates)

    def hold(self, ticket: str, *, is_on: bool) -> None:
        new = {"state": "3", "hold_reason": "1"} if is_on else {"state": "2"}
        self.sandbox.servicenow.update("incident", ticket, by="alice", **new)

    def hand_to(self, kind: str, ticket: str, group: str) -> None:
        new = {"assignment_group": self._group(group)}
        self.sandbox.servicenow.update(TABLES[kind], ticket, by="alice", **new)

    def reply(self, kind: str, ticket: str, text: str) -> None:
        self.sandbox.servicenow.update(TABLES[kind], ticket, by="alice", comments=text)

    def _group(self, name: str) -> str:
        return next(row["sys_id"] for row in self._rows("sys_user_group") if row["name"] == name)

    def _user(self, name: str) -> str:
        return next(row["sys_id"] for row in self._rows("sys_user") if row["user_name"] == name)

    def _rows(self, table: str) -> list[dict[str, str]]:
        return self.sandbox.servicenow.rows(table)

    def achievements(self, kind: str, ticket: str) -> list[dict[str, Any]]:
        del kind
        rows = [row for row in self._rows("u_accord_achievement") if row["u_ticket"] == ticket]
        return [{name: _figure(name, row[f"u_{name}"]) for name in FIGURES} for row in rows]

    def shown(self, kind: str, ticket: str) -> dict[str, Any]:
        row = self.sandbox.servicenow.record(TABLES[kind], ticket)
        return {name: _figure(name, row[f"u_sla_{name}"]) for name in ("state", "target", "due", "used")}

    def notes(self, ticket: str) -> list[str]:
        rows = [row for row in self._rows("sys_journal_field") if row["element_id"] == ticket]
        ours = [row for row in rows if row["sys_created_by"] == "accord" and row["element"] == "work_notes"]
        ordered = sorted(ours, key=lambda row: row["sys_created_on"])
        return [re.sub(r"\s*\[[0-9a-f]{6,}\]", "", row["value"]).strip() for row in ordered]

    def created(self, ticket: str) -> list[str]:
        number = next(row["number"] for row in self._rows("task") if row["sys_id"] == ticket)
        rows = [row for row in self._rows("sn_cim_register") if row["correlation_display"] == "Accord"]
        return sorted(row["short_description"].replace(number, "KEY") for row in rows)


def _figure(name: str, written: str) -> Any:
    """A column as a number or an instant, where it is one."""
    if name in ("started", "due", "ended", "breached_at"):
        return format_instant(dates.instant(written)) if written else None
    if name in ("version", "cycle", "elapsed_s", "time_s"):
        return int(written) if written else None
    if name == "used":
        return float(written) if written else None
    return written or None
