"""How a ticket stood at an instant: later changes undone, derived fields filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.mappings.kinds import shipped_kinds
from connector.model.instant import HOUR, parse_instant
from connector.model.record import Change, Record, Reference
from connector.rules import load_rulebook
from connector.rules.rulebook import Rulebook
from connector.stages.standing import Standing, objective_fields

NINE = parse_instant("2026-03-02T09:00:00Z")  # a Monday

RULES = """
calendar: office
timezone: {field: location, default: Europe/London}
hours: {mon-fri: "09:00-17:00"}
---
derive: class
type: string
from:
  - {when: {priority: 1}, is: urgent}
  - {when: {plan: {set: true}}, is: {field: plan}}
default: ordinary
---
agreement: desk
type: sla
timezone: UTC
applies_to: {record: incident}
targets: {resolution: {is: resolution, within: [{time: 4h}]}}
exclude: [{when: {resolution: not_an_incident}, reason: not an incident}]
objectives:
  resolved: {attained: resolution, where: {class: urgent, opened: {inside: office}}, each: location, per:
  month, at_least: 95%}
"""


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    (tmp_path / "desk.yaml").write_text(RULES)
    return load_rulebook([tmp_path / "desk.yaml"], shipped_kinds(), at=NINE)


def ticket(**fields: object) -> Record:
    changes = (
        Change(NINE + HOUR, "priority", 3, 2, "ann"),
        Change(NINE + 2 * HOUR, "priority", 2, 1, "ann"),
        Change(NINE + 2 * HOUR, "state", "new", "resolved", "ann", 1),
    )
    values = {"opened": NINE, "priority": 1, "state": "resolved", **fields}
    return Record("incident", "acme", "1", "INC1", values, changes)


@pytest.mark.parametrize(
    ("hours", "priority", "state"),
    [(0, 3, "new"), (1, 2, "new"), (1.99, 2, "new"), (2, 1, "resolved"), (9, 1, "resolved")],
)
def test_later_changes_are_undone(hours: float, priority: int, state: str, book: Rulebook) -> None:
    values = Standing(book).values(ticket(), NINE + int(hours * HOUR))
    assert (values["priority"], values["state"]) == (priority, state)
    assert (values["kind"], values["source"]) == ("incident", "acme")


def test_derived_fields_are_read_as_the_ticket_stood(book: Rulebook) -> None:
    standing = Standing(book)
    assert standing.values(ticket(), NINE)["class"] == "ordinary"
    assert standing.values(ticket(plan="gold"), NINE)["class"] == "gold"
    assert standing.values(ticket(plan="gold"), NINE + 2 * HOUR)["class"] == "urgent"


@pytest.mark.parametrize(
    ("zone", "is_open"), [(None, True), ("America/New_York", False), (Reference("l1", "Asia/Kolkata"), True)]
)
def test_a_calendar_is_read_in_the_tickets_own_zone(zone: object, is_open: bool, book: Rulebook) -> None:
    condition = book.agreements[0].objectives["resolved"].where
    assert condition is not None
    late = ticket(location=zone, priority=1)
    assert Standing(book).holds(condition, late, NINE + 2 * HOUR) is is_open


def test_only_what_objectives_read_is_kept_with_a_cycle(book: Rulebook) -> None:
    assert objective_fields(book.agreements[0]) == {"class", "opened", "location", "resolution"}
