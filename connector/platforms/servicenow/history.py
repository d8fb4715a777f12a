"""A record's changes from the audit and the journals, in canonical words.

Asked for in bulk, by record: the audit is one of the largest tables of an instance and may only be asked by
`documentkey`. What Accord itself wrote is left out. Coarser sources are in `coarse`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.mappings.catalogue import DESK_FIELDS, FieldMapping
from connector.mappings.translate import Translation, Unmapped, Unreadable
from connector.model.record import Change, Record, Reference, Value
from connector.platforms.port import History
from connector.platforms.servicenow.authors import Authors
from connector.platforms.servicenow.client import Client, Raw
from connector.platforms.servicenow.keymark import is_ours
from connector.platforms.servicenow.pages import named
from connector.platforms.servicenow.references import References
from connector.platforms.servicenow.spelling import parse_instant
from connector.platforms.servicenow.steps import AuditRow, dated

_AUDIT = [
    "documentkey",
    "fieldname",
    "oldvalue",
    "newvalue",
    "user",
    "record_checkpoint",
    "internal_checkpoint",
    "sys_created_on",
]
# The canonical fields that a change of each of the platform's fields changes.
Audited = Mapping[str, Sequence[FieldMapping]]
_JOURNAL = ["element_id", "element", "value", "sys_created_on", "sys_created_by"]


@dataclass(frozen=True, slots=True)
class Told:
    """What the platform says of some records, by their ids."""

    audit: Mapping[str, Sequence[Raw]]
    journal: Mapping[str, Sequence[Raw]]


@dataclass(frozen=True, slots=True)
class Histories:
    """Reads the histories of one kind."""

    client: Client
    translation: Translation
    references: References
    authors: Authors
    own_name: Callable[[], str]
    reads_journals: Callable[[], bool]

    def read(self, records: Sequence[Record]) -> dict[str, History]:
        """The history of each of *records* by its id; one without changes is there too."""
        ids = [record.id for record in records]
        rows = self._audit(ids) if self.translation.mapping.history.source == "sys_audit" else {}
        told = Told(rows, self._journal(ids))
        self._learn_names(records, told)
        audited = self.audited()
        return {record.id: self._history(record, told, audited) for record in records}

    def audited(self) -> Audited:
        """The canonical fields that a change of each of the platform's fields changes."""
        found: dict[str, list[FieldMapping]] = defaultdict(list)
        for given in self.translation.mapping.fields.values():
            if not given.journal and given.since is None and given.origin not in _NEVER_AUDITED:
                found[given.origin.partition(".")[0]].append(given)
        return found

    def _audit(self, ids: Sequence[str]) -> dict[str, list[Raw]]:
        table = self.translation.mapping.table
        conditions = [f"tablename={table}"] if table != "task" else []
        conditions.append(f"fieldnameIN{','.join(self.audited())}")
        rows = named(self.client, "sys_audit", "documentkey", ids, _AUDIT, *conditions)
        return _grouped(rows, "documentkey")

    def _journal(self, ids: Sequence[str]) -> dict[str, list[Raw]]:
        journals = self.translation.mapping.journals
        if not journals or not self.reads_journals():
            return {}
        elements = ",".join(sorted({given.origin for given in journals.values()}))
        rows = named(self.client, "sys_journal_field", "element_id", ids, _JOURNAL, f"elementIN{elements}")
        return _grouped(rows, "element_id")

    def _learn_names(self, records: Sequence[Record], told: Told) -> None:
        mapping = self.translation.mapping
        writers = {str(row.get("sys_created_by") or "") for rows in told.journal.values() for row in rows}
        if writers:
            self.authors.learn(mapping, writers)
        self.references.remember(mapping, records)
        audited = self.audited()
        self.references.learn(
            mapping,
            (
                (given, str(id_))
                for rows in told.audit.values()
                for row in rows
                for given in audited.get(str(row.get("fieldname")), ())
                for id_ in (row.get("oldvalue"), row.get("newvalue"))
                if id_ and (given.display or "." in given.origin)
            ),
        )

    def _history(self, record: Record, told: Told, audited: Audited) -> History:
        unmapped: Unmapped = Counter()
        changes = list(self._changes(record, dated(told.audit.get(record.id, ())), audited, unmapped))
        entries = list(self._entries(record, told.journal.get(record.id, ())))
        ordered = sorted([*changes, *entries], key=lambda change: change.at)
        return History(
            changes=tuple(replace(change, seq=seq) for seq, change in enumerate(ordered)),
            source=self.translation.mapping.history.source,
            unmapped=unmapped,
        )

    def _changes(
        self, record: Record, rows: Iterable[AuditRow], audited: Audited, unmapped: Unmapped
    ) -> Iterator[Change]:
        """What *rows* mean in our fields. Two of the platform's words that mean one of ours are no change."""
        own = self.own_name()
        shown = {
            origin for name, origin in self.translation.mapping.write.fields.items() if name in DESK_FIELDS
        }
        for row in rows:
            if row.user == own and row.field in shown:
                continue
            for given in audited.get(row.field, ()):
                old, new = (self._value(record, given, raw, unmapped) for raw in (row.old, row.new))
                if old != new:
                    yield Change(row.at, given.name, old, new, by=row.user or None)

    def _value(self, record: Record, given: FieldMapping, raw: str, unmapped: Unmapped) -> Value:
        present = record.fields.get(given.name)
        if isinstance(present, Reference) and present.id == raw:
            return present
        name = self.references.name(self.translation.mapping, given, raw) if raw else None
        try:
            if "." in given.origin:
                return self.translation.value(name or raw, given, unmapped)
            value = self.translation.value(raw, given, unmapped)
        except Unreadable:
            return raw
        return replace(value, name=name) if isinstance(value, Reference) and name else value

    def _entries(self, record: Record, rows: Iterable[Raw]) -> Iterator[Change]:
        """Comments and notes as changes of their fields to the role of who wrote them; not our own notes."""
        fields = {given.origin: name for name, given in self.translation.mapping.journals.items()}
        before: dict[str, str] = {}
        for row in sorted(rows, key=lambda row: (str(row["sys_created_on"]), str(row.get("sys_id")))):
            name, writer = fields.get(str(row.get("element")), ""), str(row.get("sys_created_by") or "")
            if not name:
                continue
            if writer == self.own_name() and is_ours(str(row.get("value") or "")):
                continue
            role = self.authors.role(self.translation.mapping, record, writer)
            at = parse_instant(str(row["sys_created_on"]))
            yield Change(at, name, before.get(name), role, by=writer or None)
            before[name] = role


_NEVER_AUDITED = frozenset({"sys_updated_on", "sys_created_on", "sys_id", "number"})


def _grouped(rows: Iterable[Raw], by: str) -> dict[str, list[Raw]]:
    found: dict[str, list[Raw]] = defaultdict(list)
    for row in rows:
        found[str(row.get(by))].append(row)
    return found
