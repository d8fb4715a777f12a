"""The platform's own business rules, as far as a service level depends on them.

They run before a record is stored, for every write but the recorded log's (which carries their results).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.tables import Row, Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance, Writer

Fields = dict[str, str]

CLOSED = {
    "incident": {"7", "8"},
    "problem": {"107"},
    "change_request": {"3", "4"},
    "incident_alert": {"3", "4"},
}
CLOSED_TASK = {"3", "4", "7"}
FIRST_STATE = {"incident": "1", "problem": "101", "change_request": "-5"}
RESOLVED = {"incident": "6", "problem": "106"}
# Change states and where each may go next (the normal change's model).
CHANGE_MODEL = {
    "-5": {"-4", "4"},
    "-4": {"-5", "-3", "4"},
    "-3": {"-4", "-2", "4"},
    "-2": {"-1", "4"},
    "-1": {"0", "4"},
    "0": {"3", "-1", "4"},
}


class Aborted(Exception):
    """A business rule refused the write."""

    def __init__(self, table: str, rule: str, rule_id: str) -> None:
        super().__init__(
            f"Operation against file '{table}' was aborted by Business Rule '{rule}^{rule_id}'."
            f" Business Rule Stack:{rule}"
        )


def priority(impact: str, urgency: str) -> str:
    """The priority that impact and urgency (1 high to 3 low) give: 1 critical to 5 planning."""
    try:
        return str(int(impact) + int(urgency) - 1)
    except ValueError:
        return ""


def before_insert(instance: Instance, table: Table, fields: Fields, writer: Writer) -> None:
    """Complete a new record's fields."""
    if "number" in table.columns and not fields.get("number"):
        fields["number"] = instance.next_number(table)
    if table.name == "cmdb_ci_outage":
        _outage(fields)
    if not _is_task(table):
        return
    now = instance.now_text()
    defaults = {
        "opened_at": now,
        "opened_by": writer.sys_id,
        "active": "true",
        "state": FIRST_STATE.get(table.name, "1"),
        "impact": "3",
        "urgency": "3",
        "made_sla": "true",
        "reassignment_count": "0",
        "knowledge": "false",
        "approval": "not requested",
    }
    for name, value in defaults.items():
        if not fields.get(name):
            fields[name] = value
    fields["priority"] = _priority(table, fields["impact"], fields["urgency"], fields.get("priority", ""))
    if table.name == "incident":
        fields.setdefault("reopen_count", "0")
        _company_of_caller(instance, fields)
    _on_state(instance, table, fields, fields, "", writer)


def before_update(instance: Instance, table: Table, row: Row, changed: Fields, writer: Writer) -> None:
    """Add to a change what the platform changes along with it; Aborted when it does not allow it."""
    if table.name == "cmdb_ci_outage":
        _outage_changed(table, row, changed)
    if not _is_task(table):
        return
    if "incident_state" in changed and "state" not in changed:
        changed["state"] = changed["incident_state"]
    if "problem_state" in changed and "state" not in changed:
        changed["state"] = changed["problem_state"]
    if {"impact", "urgency"} & changed.keys() and table.name in {"incident", "problem", "change_request"}:
        held = {name: changed.get(name, row[table.at[name]]) for name in ("impact", "urgency")}
        changed["priority"] = priority(held["impact"], held["urgency"]) or row[table.at["priority"]]
    elif table.name == "incident":
        changed.pop("priority", None)
    if "assignment_group" in changed and row[table.at["assignment_group"]]:
        changed["reassignment_count"] = str(int(row[table.at["reassignment_count"]] or 0) + 1)
    before = row[table.at["state"]]
    if changed.get("state", before) != before:
        _check_change_model(instance, table, before, changed["state"])
        _on_state(instance, table, changed, table.values(row) | changed, before, writer)


def _is_task(table: Table) -> bool:
    current: Table | None = table
    while current is not None and current.name != "task":
        current = current.parent
    return current is not None


def _priority(table: Table, impact: str, urgency: str, sent: str) -> str:
    if table.name in {"incident", "problem", "change_request"}:
        return priority(impact, urgency)
    return sent or "4"


def _company_of_caller(instance: Instance, fields: Fields) -> None:
    caller = instance.tables.find("sys_user", fields.get("caller_id", ""))
    if caller and not fields.get("company"):
        fields["company"] = caller[1][caller[0].at["company"]]


def _on_state(
    instance: Instance, table: Table, changed: Fields, record: Fields, before: str, writer: Writer
) -> None:
    state, now = record["state"], instance.now_text()
    for mirror in ("incident_state", "problem_state"):
        if mirror in table.columns:
            changed[mirror] = state
    closed = CLOSED.get(table.name, CLOSED_TASK)
    changed["active"] = "false" if state in closed else "true"
    if state == RESOLVED.get(table.name):
        changed.setdefault("resolved_at", now)
        changed.setdefault("resolved_by", writer.sys_id)
        _durations(table, changed, record, now)
    if state in closed and before not in closed:
        changed.setdefault("closed_at", now)
        changed.setdefault("closed_by", writer.sys_id)
    if table.name == "incident":
        _on_incident_state(changed, record, before, state, now)


def _on_incident_state(changed: Fields, record: Fields, before: str, state: str, now: str) -> None:
    if before == "3" and state != "3":
        changed["hold_reason"] = ""
    if before in {"6", "7"} and state not in {"6", "7", "8"}:
        changed["reopen_count"] = str(int(record.get("reopen_count") or 0) + 1)
        changed["reopened_time"] = now
        changed |= {"resolved_at": "", "resolved_by": "", "closed_at": "", "closed_by": ""}


def _durations(table: Table, changed: Fields, record: Fields, now: str) -> None:
    try:
        seconds = (dates.instant(now) - dates.instant(record["opened_at"])) // 1000
    except ValueError:
        return
    changed["calendar_duration"] = dates.duration(seconds)
    if "calendar_stc" in table.columns:
        changed["calendar_stc"] = str(seconds)


def _check_change_model(instance: Instance, table: Table, before: str, after: str) -> None:
    if table.name == "change_request" and after not in CHANGE_MODEL.get(before, set()):
        rule = "Change Model: Check State Transition"
        raise Aborted("change_request", rule, instance.world.chance.identifier("rule", rule))


def _outage(fields: Fields) -> None:
    if fields.get("begin") and fields.get("end"):
        seconds = (dates.instant(fields["end"]) - dates.instant(fields["begin"])) // 1000
        fields["duration"] = dates.duration(seconds)


def _outage_changed(table: Table, row: Row, changed: Fields) -> None:
    if {"begin", "end"} & changed.keys():
        held = {name: changed.get(name, row[table.at[name]]) for name in ("begin", "end")}
        _outage(held)
        changed["duration"] = held.get("duration", "")
