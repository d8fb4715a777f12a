"""Coarser histories, where the audit cannot be read: from date fields, or from metric instances.

Which source a figure rests on is kept with it, so that a coarse one is never mistaken for an exact one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from connector.mappings.catalogue import FieldMapping
from connector.mappings.translate import Translation, Unmapped
from connector.model.instant import Instant
from connector.model.record import Change, Record, Value
from connector.platforms.port import History
from connector.platforms.servicenow.client import Client, Raw
from connector.platforms.servicenow.pages import named
from connector.platforms.servicenow.spelling import parse_instant

_METRIC = ["id", "field", "field_value", "value", "start", "definition.field"]


def from_dates(client: Client, translation: Translation, records: Sequence[Record]) -> dict[str, History]:
    """Changes told by date fields: a value began at its date, the present one at the latest update."""
    mapping = translation.mapping
    wanted = sorted({path for dates in mapping.history.dates.values() for path in dates.values()})
    ids = [record.id for record in records]
    raw = {str(row[mapping.id]): row for row in named(client, mapping.table, mapping.id, ids, wanted)}
    return {
        record.id: History(tuple(_dated(record, mapping.history.dates, raw.get(record.id, {}))), "timestamps")
        for record in records
    }


def _dated(record: Record, dates: Mapping[str, Mapping[str, str]], raw: Raw) -> Iterator[Change]:
    found: list[tuple[Instant, str, str]] = []
    for field, values in dates.items():
        found += [
            (parse_instant(str(raw[path])), field, value) for value, path in values.items() if raw.get(path)
        ]
    before: dict[str, Value] = {}
    last: Instant = 0
    for at, field, value in sorted(found):
        if field in before and before[field] != value:
            yield Change(at, field, before[field], value)
        before[field], last = value, max(last, at)
    for field, value in before.items():
        present = record.fields.get(field)
        if present != value:
            yield Change(max(last, record.updated or last), field, value, present)


def from_metrics(client: Client, translation: Translation, records: Sequence[Record]) -> dict[str, History]:
    """Changes told by metric instances: each says from when on a field had a value."""
    fields = {g.origin.partition(".")[0]: g for g in translation.mapping.fields.values() if not g.journal}
    rows: dict[str, list[Raw]] = defaultdict(list)
    ids = [record.id for record in records]
    for row in named(client, "metric_instance", "id", ids, _METRIC):
        rows[str(row.get("id"))].append(row)
    return {record.id: _measured(translation, fields, rows.get(record.id, ())) for record in records}


def _measured(translation: Translation, fields: Mapping[str, FieldMapping], rows: Sequence[Raw]) -> History:
    unmapped: Unmapped = Counter()
    before: dict[str, Value] = {}
    changes: list[Change] = []
    for row in sorted(rows, key=lambda row: str(row.get("start") or "")):
        given = fields.get(str(row.get("field") or row.get("definition.field") or ""))
        if given is None or not row.get("start"):
            continue
        value = translation.value(row.get("field_value") or row.get("value"), given, unmapped)
        if given.name in before and before[given.name] != value:
            at = parse_instant(str(row["start"]))
            changes.append(Change(at, given.name, before[given.name], value, seq=len(changes)))
        before[given.name] = value
    return History(tuple(changes), "metric_instance", unmapped=unmapped)
