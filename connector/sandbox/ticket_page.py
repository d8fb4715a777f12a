"""What the page of one record shows: its fields, its achievements, its files and all that happened to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.present import Presenter, Shape
from connector.sandbox.servicenow.tables import Row, Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow import ServiceNow
    from connector.sandbox.servicenow.select import Found

ACHIEVEMENT = "accord_achievement"
ACHIEVEMENT_COLUMNS = (
    "u_key", "u_agreement", "u_target", "u_cycle", "u_state", "u_started", "u_due", "u_used", "u_breached_at",
    "u_ended",
)  # fmt: skip
# The fields an agent looks for, in this order; others follow if they hold something.
FIRST = (
    "number", "state", "hold_reason", "priority", "impact", "urgency", "caller_id", "requested_for",
    "company", "business_service", "cmdb_ci", "category", "subcategory", "assignment_group",
    "assigned_to", "contact_type", "opened_at", "resolved_at", "closed_at", "made_sla",
)  # fmt: skip
LEFT_OUT = {
    "short_description",
    "comments",
    "work_notes",
    "incident_state",
    "problem_state",
    "sys_class_name",
}
PRIORITIES = {"1": "bad", "2": "warn"}
OUTCOMES = {"missed": "bad", "breached": "bad", "at_risk": "warn", "met": "good"}


class TicketPage:
    """One record as a page."""

    def __init__(self, instance: ServiceNow, table: str, sys_id: str) -> None:
        found = instance.tables.find(table, sys_id)
        assert found is not None, "the caller has looked"
        self._instance = instance
        self._table, self._row = found
        self._shown = _presenter(instance).show(self._table, self._row)

    def context(self) -> dict[str, Any]:
        """Everything the template needs."""
        row, table = self._shown, self._table
        name = self._display(table.display) or self._row[0]
        title = self._display("short_description") or self._display("subject")
        described = self._is_ticket()
        return {
            "table": table.name,
            "label": table.definition.label,
            "name": name,
            "title": f"{name}: {title}" if title else name,
            "badges": self._badges() if described else [],
            "fields": [self._field(field) for field in self._ordered_fields(row)],
            "achievements": self._achievements(),
            "attachments": self._attachments(),
            "timeline": self._timeline(),
        }

    def _is_ticket(self) -> bool:
        return "priority" in self._table.columns and "state" in self._table.columns

    def _display(self, field: str) -> str:
        return str(self._shown[field]["display_value"]) if field in self._shown else ""

    def _badges(self) -> list[dict[str, str]]:
        badges = [{"text": self._display("state"), "kind": ""}]
        priority = self._row[self._table.at["priority"]]
        badges.append({"text": self._display("priority"), "kind": PRIORITIES.get(priority, "")})
        if self._display("u_sla_state"):
            state = self._display("u_sla_state")
            badges.append({"text": f"SLA {state}", "kind": OUTCOMES.get(state, "")})
        return badges

    def _ordered_fields(self, shown: dict[str, Any]) -> list[str]:
        filled = [name for name in shown if shown[name]["value"] and name not in LEFT_OUT]
        own = [name for name in filled if name.startswith("u_")]
        usual = [name for name in FIRST if name in filled]
        system = [name for name in filled if name.startswith("sys_")]
        others = [name for name in filled if name not in {*own, *usual, *system}]
        return [*usual, *own, *others, *system]

    def _field(self, name: str) -> dict[str, str]:
        column = self._table.columns[name]
        value = self._shown[name]["value"]
        linked = column.type == "reference" and self._instance.tables.find(column.reference, value)
        link = f"/r/{column.reference}/{value}" if linked else ""
        return {"label": column.label, "text": self._display(name) or value, "link": link}

    # -- what hangs on the record

    def _achievements(self) -> dict[str, Any] | None:
        for table in self._instance.tables:
            if table.name.endswith(ACHIEVEMENT) and "u_ticket" in table.lookups:
                rows = [(table, row) for row in table.with_value("u_ticket", self._row[0])]
                columns = [name for name in ACHIEVEMENT_COLUMNS if name in table.columns]
                columns = columns or [name for name in table.columns if name.startswith("u_")]
                labels = [table.columns[name].label for name in columns]
                if rows:
                    return {"columns": labels, "rows": cells(self._instance, rows, columns)}
        return None

    def _attachments(self) -> list[dict[str, str]]:
        table = self._instance.tables["sys_attachment"]
        at = table.at
        return [
            {
                "sys_id": row[0],
                "name": row[at["file_name"]],
                "type": row[at["content_type"]],
                "size": row[at["size_bytes"]],
            }
            for row in table.with_value("table_sys_id", self._row[0])
        ]

    # -- what happened to it

    def _timeline(self) -> list[dict[str, Any]]:
        """Comments, notes and changes of fields, newest first; the changes of one update together."""
        entries = [*self._journal(), *self._updates()]
        return sorted(entries, key=lambda entry: str(entry["order"]), reverse=True)

    def _journal(self) -> Iterable[dict[str, Any]]:
        table = self._instance.tables["sys_journal_field"]
        at = table.at
        for count, row in enumerate(table.with_value("element_id", self._row[0])):
            yield {
                "order": f"{row[at['sys_created_on']]} 2 {count:06d}",
                "at": row[at["sys_created_on"]],
                "by": row[at["sys_created_by"]],
                "kind": row[at["element"]],
                "text": row[at["value"]],
                "changes": [],
            }

    def _updates(self) -> Iterable[dict[str, Any]]:
        table = self._instance.tables["sys_audit"]
        at = table.at
        updates: dict[str, list[Row]] = {}
        for row in table.with_value("documentkey", self._row[0]):
            if row[at["fieldname"]] not in LEFT_OUT:
                updates.setdefault(row[at["internal_checkpoint"]], []).append(row)
        for checkpoint, rows in updates.items():
            first = rows[0]
            yield {
                "order": f"{first[at['sys_created_on']]} 1 {checkpoint}",
                "at": first[at["sys_created_on"]],
                "by": first[at["user"]],
                "kind": "",
                "text": "",
                "changes": [self._change(table, row) for row in rows],
            }

    def _change(self, audit: Table, row: Row) -> dict[str, str]:
        name = row[audit.at["fieldname"]]
        column = self._table.columns.get(name)
        return {
            "label": column.label if column else name,
            "old": self._named(name, row[audit.at["oldvalue"]]),
            "new": self._named(name, row[audit.at["newvalue"]]),
        }

    def _named(self, name: str, value: str) -> str:
        """A stored value of a field as people know it."""
        column = self._table.columns.get(name)
        if column and column.type == "reference":
            found = self._instance.tables.find(column.reference, value)
            return found[1][found[0].at[found[0].display]] if found and found[0].display else value
        return self._instance.instance.choices(self._table, name).get(value, value)


def _presenter(instance: ServiceNow, fields: tuple[str, ...] = ()) -> Presenter:
    caller: Caller = instance.instance.accounts.caller("admin")
    return Presenter(instance.instance, caller, Shape(fields, "all", links=False), "")


def cells(instance: ServiceNow, found: Iterable[Found], columns: list[str]) -> list[dict[str, Any]]:
    """Records as the rows of a list."""
    presenter = _presenter(instance, tuple(columns))
    rows = []
    for table, row in found:
        shown = presenter.show(table, row)
        texts = [
            {"text": shown[name]["display_value"], "date": table.columns[name].type == "datetime"}
            for name in columns
            if name in shown
        ]
        rows.append({"table": table.name, "sys_id": row[0], "cells": texts})
    return rows
