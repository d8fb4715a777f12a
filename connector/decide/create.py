"""The fields of a record that a rule creates (`create: problem`), from the ticket behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.decide.telling import Telling
from connector.model.event import Event
from connector.model.record import Reference
from connector.rules.rulebook import Action

# What a record made about a ticket has in common with it, where its kind has such a field.
INHERITED = (
    "service",
    "ci",
    "customer",
    "company",
    "category",
    "subcategory",
    "priority",
    "impact",
    "urgency",
)


def created(telling: Telling, event: Event, action: Action) -> dict[str, Any]:
    """The new record's fields: what the rule writes, over what it has in common with the ticket, over a
    standard title and description. References are given by their platform id."""
    known, title, description = telling.record(event)
    desk = telling.desk
    written = {name: _value(telling, value, known, action) for name, value in action.fields.items()}
    kind = desk.context.kinds.get(action.create or "")
    if kind is None:
        return {"title": title, "description": description, **written}
    shared = {name: _plain(desk.record.fields.get(name)) for name in INHERITED}
    standard = {"title": title, "description": description, **shared}
    fitting = {name: value for name, value in standard.items() if name in kind.fields and value is not None}
    return {**fitting, **written}


def _value(telling: Telling, value: Any, known: Mapping[str, Any], action: Action) -> Any:
    if isinstance(value, Mapping) and set(value) == {"field"}:
        return _plain(telling.desk.record.fields.get(value["field"]))
    if isinstance(value, str):
        return telling.written(value, known, action.place)
    return value


def _plain(value: Any) -> Any:
    return value.id if isinstance(value, Reference) else value
