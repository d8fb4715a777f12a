"""Values sent as people see them (`sysparm_input_display_value=true`), turned into what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.tables import Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance


def displayed_values(
    instance: Instance, table: Table, sent: Mapping[str, Any], caller: Caller
) -> dict[str, Any]:
    """Labels become values, names become ids, dates are read in the caller's time zone."""
    return {name: _stored(instance, table, name, value, caller) for name, value in sent.items()}


def _stored(instance: Instance, table: Table, name: str, value: Any, caller: Caller) -> Any:
    column = table.columns.get(name)
    if column is None or not isinstance(value, str):
        return value
    if column.type == "datetime":
        return dates.accepted(value, dates.zone_of(caller.zone))
    if column.type == "reference":
        return instance.by_display(column.reference, value) or value
    labels = instance.choices(table, name)
    return next((held for held, label in labels.items() if label == value), value)
