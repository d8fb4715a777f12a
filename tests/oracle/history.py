"""What a ticket looked like at each step of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.model.kind import FieldType, Kind
from connector.model.record import Change, Record
from connector.rules.rulebook import Rulebook
from tests.oracle.conditions import holds, normal


@dataclass(frozen=True)
class View:
    """The whole ticket as it stands at an instant, and the changes recorded at that very instant.

    `types` tells how each field's values are compared; `is_opening` marks the first step, at which nothing
    but the opening itself counts as a change.
    """

    at: int
    values: Mapping[str, Any]
    changes: tuple[Change, ...]
    types: Mapping[str, FieldType]
    book: Rulebook
    is_opening: bool = False
    events: frozenset[str] = field(default_factory=frozenset)  # of other targets, at this instant


def steps(record: Record, book: Rulebook, kind: Kind | None, at: int) -> list[View]:
    """The opening and every later instant up to *at* at which something changed; none before the opening."""
    opened = normal(record.fields.get("opened"), FieldType.DATETIME)
    if opened is None or opened > at:
        return []
    types = {name: declared.type for name, declared in kind.fields.items()} if kind else {}
    types |= {"opened": FieldType.DATETIME} | {derive.name: derive.type for derive in book.derives}
    history = sorted(record.changes, key=lambda change: (change.at, change.seq))
    instants = [opened, *sorted({change.at for change in history if opened < change.at <= at})]
    views = []
    for instant in instants:
        now = () if instant == opened else tuple(change for change in history if change.at == instant)
        values = values_after(record, history, instant)
        view = View(instant, values, now, types, book, is_opening=instant == opened)
        views.append(with_derived(view))
    return views


def values_after(record: Record, history: list[Change], instant: int) -> dict[str, Any]:
    """The fields once everything up to *instant* has happened: today's values with the later changes undone,
    newest first. What a change says its field held before is what it held."""
    values = {"key": record.key, "id": record.id} | dict(record.fields)
    for change in reversed(history):
        if change.at > instant:
            values[change.field] = change.old
    return values | {"source": record.source, "kind": record.kind}


def with_derived(view: View) -> View:
    """*view* with the derived fields, each by the first row that holds; later ones may read earlier."""
    values = dict(view.values)
    for derive in view.book.derives:
        seen = View(view.at, values, view.changes, view.types, view.book, view.is_opening)
        row = next((row for row in derive.rows if row.when is None or holds(row.when, seen)), None)
        values[derive.name] = None if row is None else values.get(row.field) if row.field else row.value
    return View(view.at, values, view.changes, view.types, view.book, view.is_opening)


def at_event(views: list[View], instant: int, events: frozenset[str]) -> View:
    """The ticket at an instant at which another target's event falls: between steps nothing has changed."""
    last = [view for view in views if view.at <= instant][-1]
    if last.at == instant:
        return replace(last, events=events)
    return replace(last, at=instant, changes=(), is_opening=False, events=events)
