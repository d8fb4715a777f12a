"""NUL characters are left out of what a platform tells: PostgreSQL cannot keep them, and nobody means them.

They get into tickets by mail gateways and imports. What was left out is counted and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.model.record import Change, Record, Reference, Value
from connector.platforms.port import History, Page

NUL = "\x00"


def of_page(page: Page) -> Page:
    """*page* without them; `mended` counts the records that had some."""
    records = [_record(record) for record in page.records]
    mended = sum(1 for one, other in zip(records, page.records, strict=True) if one is not other)
    aside = [(_text(key), _text(reason)) for key, reason in page.aside]
    return replace(page, records=records, aside=aside, unmapped=_counts(page.unmapped), mended=mended)


def of_histories(found: Mapping[str, History]) -> dict[str, History]:
    """Histories without them."""
    return {_text(id_): _history(history) for id_, history in found.items()}


def _record(record: Record) -> Record:
    if not (_has(record.id) or _has(record.key) or any(_has(value) for value in record.fields.values())):
        return record
    fields = {name: _value(value) for name, value in record.fields.items()}
    return replace(record, id=_text(record.id), key=_text(record.key), fields=fields)


def _history(history: History) -> History:
    if not any(_has(value) for one in history.changes for value in (one.old, one.new, one.by)):
        return history
    changes = tuple(_change(change) for change in history.changes)
    return replace(history, changes=changes, unmapped=_counts(history.unmapped))


def _change(change: Change) -> Change:
    by = None if change.by is None else _text(change.by)
    return replace(change, old=_value(change.old), new=_value(change.new), by=by)


def _counts(unmapped: Mapping[tuple[str, str, str], int]) -> Mapping[tuple[str, str, str], int]:
    return {(kind, name, _text(value)): count for (kind, name, value), count in unmapped.items()}


def _has(value: Value) -> bool:
    if isinstance(value, str):
        return NUL in value
    if isinstance(value, Reference):
        return NUL in value.id or NUL in (value.name or "")
    return isinstance(value, list | tuple) and any(_has(item) for item in value)


def _value(value: Value) -> Value:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Reference):
        return Reference(_text(value.id), None if value.name is None else _text(value.name))
    return [_value(item) for item in value] if isinstance(value, list | tuple) else value


def _text(text: str) -> str:
    return text.replace(NUL, "")
