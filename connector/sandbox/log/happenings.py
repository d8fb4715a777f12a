"""What a recorded history consists of: records made and records changed, each at its instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.sandbox.servicenow.dates import stored
from connector.sandbox.servicenow.instance import Instance


@dataclass(frozen=True, slots=True)
class Made:
    """A record comes into being, with all its fields."""

    at: int
    table: str
    sys_id: str
    fields: Mapping[str, str]
    by: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Fields of a record change, comments are added. `count` is the update count the record then has."""

    at: int
    table: str
    sys_id: str
    changes: Mapping[str, str]
    by: str
    count: int = 0
    journals: Mapping[str, str] = field(default_factory=dict)


def happen(instance: Instance, what: Made | Changed) -> None:
    """Let it happen on the instance, at the time it happened."""
    table = instance.tables[what.table]
    if isinstance(what, Made):
        at = stored(what.at)
        stamps = {"sys_id": what.sys_id, "sys_updated_on": at, "sys_updated_by": what.by}
        instance.put(
            table,
            {"sys_created_on": at, "sys_created_by": what.by, "sys_mod_count": "0"}
            | dict(what.fields)
            | stamps,
        )
        return
    row = table.rows.get(what.sys_id)
    if row is None:  # somebody deleted it meanwhile
        return
    at_of = table.at
    changes = {key: value for key, value in what.changes.items() if row[at_of[key]] != value}
    instance.write(table, row, changes, what.by, count=what.count, journals=what.journals)
