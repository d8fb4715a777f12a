"""One ServiceNow instance: its tables, its people and how a record comes, changes and goes.

What is done to a record by anyone (the API, an agent, the recorded log) goes through here, so that audit
rows, journal entries, counters and the platform's own rules follow in every case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.servicenow import dates, dictionary, rules
from connector.sandbox.servicenow.accounts import Accounts
from connector.sandbox.servicenow.quirks import Quirks
from connector.sandbox.servicenow.schema import Column, Schema, shipped
from connector.sandbox.servicenow.sla.engine import ServiceLevels
from connector.sandbox.servicenow.tables import Row, Table, Tables
from connector.sandbox.world import World

JOURNALS = ("comments", "work_notes")
NOT_AUDITED = frozenset({"sys_id", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by"})
NOT_AUDITED |= {"sys_mod_count", "sys_class_name"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the name that audit rows and `sys_updated_by` show, and the id of the user record."""

    name: str
    sys_id: str = ""


SYSTEM = Writer("system")


class Instance:
    """The tables with everything that happens on a write."""

    def __init__(self, world: World, quirks: Quirks, schema: Schema | None = None) -> None:
        self.world = world
        self.quirks = quirks
        self.tables = Tables()
        self.attachments: dict[str, bytes] = {}
        self.hidden: set[str] = set()
        self.audited: set[str] = set()
        self.prefixes: dict[str, str] = {}
        self.requests_seen = 0
        self.kept = False  # whether somebody keeps the rows in a file and wants to know what changed
        self.playing: int | None = None  # the instant of the recorded event that is happening
        self._numbers: dict[str, int] = {}
        self._choices: dict[tuple[str, str], dict[str, str]] = {}
        self._changed: dict[tuple[str, str], None] = {}
        self._checkpoint = 0
        self.levels = ServiceLevels(self)
        dictionary.install(self, schema or shipped())
        self.accounts = Accounts(self)

    # -- the present

    def now(self) -> int:
        """Epoch milliseconds."""
        return self.world.now() if self.playing is None else self.playing

    def now_text(self) -> str:
        return dates.stored(self.now())

    @property
    def rejects_invalid_queries(self) -> bool:
        """The system property that makes a query on an unknown field return nothing."""
        properties = self.tables["sys_properties"]
        held = properties.uniques["name"].get("glide.invalid_query.returns_no_rows")
        return held is not None and properties.rows[held][properties.at["value"]] == "true"

    # -- writes

    def insert(self, name: str, values: Mapping[str, Any], writer: Writer = SYSTEM) -> Row:
        """A new record, as a form or the API makes it: rules and numbering apply, no audit rows."""
        table = self.tables[name]
        fields = self._accepted(table, values)
        journals = {key: fields.pop(key) for key in JOURNALS if fields.get(key)}
        now = self.now_text()
        rules.before_insert(self, table, fields, writer)
        fields |= {"sys_created_on": now, "sys_created_by": writer.name}
        if "sys_updated_on" in table.columns:
            fields |= {"sys_updated_on": now, "sys_updated_by": writer.name, "sys_mod_count": "0"}
        fields.setdefault("sys_id", self.world.chance.fresh_identifier())
        row = self.put(table, fields)
        for key, text in journals.items():
            self._journal(table, row, key, text, writer.name, now)
        dictionary.after_insert(self, table, row)
        self.levels.task_written(table, row)
        return row

    def put(self, table: Table, fields: Mapping[str, str]) -> Row:
        """Store a row as it is given, nothing added; DuplicateKey if a unique value is taken."""
        row = table.blank()
        at = table.at
        if "sys_class_name" in at:
            row[at["sys_class_name"]] = table.name
        for key, value in fields.items():
            row[at[key]] = value
        table.put(row)
        self.mark(table, row[0])
        return row

    def update(self, table: Table, row: Row, values: Mapping[str, Any], writer: Writer = SYSTEM) -> bool:
        """Change a record by its named fields; False when that changed nothing (and counted nothing)."""
        fields = self._accepted(table, values)
        journals = {key: fields.pop(key) for key in JOURNALS if fields.get(key)}
        changed = {key: value for key, value in fields.items() if row[table.at[key]] != value}
        rules.before_update(self, table, row, changed, writer)
        changed = {key: value for key, value in changed.items() if row[table.at[key]] != value}
        if not changed and not journals:
            return False
        self.write(table, row, changed, writer.name, journals=journals)
        dictionary.after_update(self, table, row)
        self.levels.task_written(table, row, changed)
        return True

    def write(
        self,
        table: Table,
        row: Row,
        changed: Mapping[str, str],
        by: str,
        *,
        count: int = 0,
        journals: Mapping[str, str] | None = None,
    ) -> None:
        """Write changed columns with counters and audit rows; no rules. `count` is a wanted update count."""
        at, now = table.at, self.now_text()
        updates = max(count, int(row[at["sys_mod_count"]] or 0) + 1)
        audited = [(key, row[at[key]], value) for key, value in changed.items() if key not in NOT_AUDITED]
        stamps = {"sys_updated_on": now, "sys_updated_by": by, "sys_mod_count": str(updates)}
        table.change(row, {**changed, **stamps})
        self.mark(table, row[0])
        for element, text in (journals or {}).items():
            self._journal(table, row, element, text, by, now)
            audited.append((element, "", text))
        if table.name in self.audited:
            self._audit(table, row, audited, by)

    def delete(self, table: Table, row: Row, writer: Writer = SYSTEM) -> None:
        """Remove a record; what is left of it is a row in `sys_audit_delete`."""
        dictionary.before_delete(self, table, row)
        table.remove(row[0])
        self.mark(table, row[0])
        shown = row[table.at[table.display]] if table.display else row[0]
        if table.definition.base == "record" and table.name != "sys_audit_delete":
            payload = "".join(f"<{key}>{value}</{key}>" for key, value in table.values(row).items() if value)
            self.insert(
                "sys_audit_delete",
                {
                    "tablename": table.name,
                    "documentkey": row[0],
                    "display_value": shown,
                    "payload": f"<record_update>{payload}</record_update>"[:60000],
                    "user": writer.name,
                },
                writer,
            )

    # -- what a write leaves behind

    def _audit(self, table: Table, row: Row, changes: Iterable[tuple[str, str, str]], by: str) -> None:
        checkpoint = row[table.at["sys_mod_count"]]
        self._checkpoint += 1
        inner = f"{self.now():x}{self._checkpoint % 10**7:07d}"
        dated = dates.stored(self.now() + self.quirks.audit_seconds_later * 1000)
        common = {
            "tablename": table.name,
            "documentkey": row[0],
            "user": by,
            "record_checkpoint": checkpoint,
            "internal_checkpoint": inner,
            "sys_created_by": by,
            "sys_created_on": dated,
        }
        for field, old, new in changes:
            self._log_row("sys_audit", {"fieldname": field, "oldvalue": old, "newvalue": new, **common})

    def _journal(self, table: Table, row: Row, element: str, text: str, by: str, at: str) -> None:
        """Keep a comment or work note as an entry of its own."""
        entry = {"name": table.name, "element": element, "element_id": row[0], "value": text}
        self._log_row("sys_journal_field", entry | {"sys_created_by": by, "sys_created_on": at})

    def _log_row(self, name: str, fields: dict[str, str]) -> None:
        fields["sys_id"] = self.world.chance.fresh_identifier()
        table = self.tables[name]
        if name == "sys_audit" and self.quirks.audit_delay_ms:
            self.world.agenda.add(self.now() + self.quirks.audit_delay_ms, lambda: self._show(table, fields))
        else:
            self.put(table, fields)

    def _show(self, table: Table, fields: dict[str, str]) -> None:
        self.put(table, fields)

    # -- values

    def _accepted(self, table: Table, values: Mapping[str, Any]) -> dict[str, str]:
        """The values that will be stored: of known columns but the system's own, each as its type wants."""
        return {
            key: self.accepted(table.columns[key], value)
            for key, value in values.items()
            if key in table.columns and not key.startswith("sys_")
        }

    def accepted(self, column: Column, value: Any) -> str:
        """What a column holds after being sent `value`."""
        text = _as_text(value)
        match column.type:
            case "boolean":
                return "true" if text.lower() in {"true", "1", "yes"} else "false"
            case "integer" | "decimal":
                return _as_number(text, whole=column.type == "integer")
            case "datetime" | "duration":
                return dates.accepted(text) if text else ""
            case "reference":
                return self._referenced(column, text)
            case "string" | "html":
                return text[: column.length]
        return text

    def _referenced(self, column: Column, text: str) -> str:
        """A reference takes an id, or a display value that one record of the table has."""
        if not text or column.reference not in self.tables or self.tables.find(column.reference, text):
            return text
        if len(text) == 32 and all(digit in "0123456789abcdef" for digit in text):
            return text
        return self.by_display(column.reference, text)

    def by_display(self, name: str, text: str) -> str:
        """The id of the record that displays as `text`, or an empty text."""
        if name in {"sys_db_object", "sys_glide_object"}:
            return text
        for table in self.tables.family(name):
            key = table.display
            if key in table.lookups:
                return next((row[0] for row in table.with_value(key, text)), "")
            found = next((row[0] for row in table.rows.values() if key and row[table.at[key]] == text), "")
            if found:
                return found
        return ""

    # -- numbers and choices

    def next_number(self, table: Table) -> str:
        """The next number of a numbered table (`INC0010001`), or an empty text."""
        prefix = self.prefixes.get(table.name, "")
        if not prefix:
            return ""
        count = self._numbers.get(table.name, 10000) + 1
        self._numbers[table.name] = count
        return f"{prefix}{count:07d}"

    def number_seen(self, table: str, number: str) -> None:
        """Let automatic numbers go on above one that came from elsewhere."""
        digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if digits.isdigit():
            self._numbers[table] = max(self._numbers.get(table, 10000), int(digits))

    def choices(self, table: Table, field: str) -> dict[str, str]:
        """Value to label of a choice field, from the table or the nearest parent that declares any."""
        key = (table.name, field)
        if key not in self._choices:
            self._choices[key] = self._declared_choices(table, field)
        return self._choices[key]

    def forget_choices(self) -> None:
        self._choices.clear()

    def _declared_choices(self, table: Table, field: str) -> dict[str, str]:
        choice = self.tables["sys_choice"]
        at, current = choice.at, table
        while True:
            rows = [r for r in choice.with_value("name", current.name) if r[at["element"]] == field]
            if rows or current.parent is None:
                return {row[at["value"]]: row[at["label"]] for row in rows}
            current = current.parent

    # -- keeping

    def mark(self, table: Table, sys_id: str) -> None:
        """Note a row for the file, if one is kept."""
        if self.kept:
            self._changed[(table.name, sys_id)] = None

    def take_changed(self) -> list[tuple[str, str]]:
        """The rows written since the last call."""
        changed, self._changed = list(self._changed), {}
        return changed

    def counters(self) -> dict[str, Any]:
        return {"numbers": self._numbers, "checkpoint": self._checkpoint}

    def restore_counters(self, kept: Mapping[str, Any]) -> None:
        self._numbers = dict(kept["numbers"])
        self._checkpoint = kept["checkpoint"]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _as_text(value.get("value", ""))
    return str(value)


def _as_number(text: str, *, whole: bool) -> str:
    try:
        number = float(text)
    except ValueError:
        return ""
    if not whole:
        return text
    return str(int(number)) if number == number and abs(number) < 1e15 else ""
