"""Conditions: what each test of the language becomes, typed by the field. What is refused: `wrong/`."""

from __future__ import annotations

from typing import Any

import pytest

from connector.model.instant import HOUR, parse_instant
from connector.model.kind import FieldType
from connector.rules.rulebook import All, Any_, Changed, Condition, Not
from connector.rules.rulebook import Test as Asked
from tests.rules.given import KINDS, MINIMAL, condition, kind, told


def bare(tree: Condition | None) -> Any:
    """The tree without places and types, as nested tuples."""
    match tree:
        case All(parts):
            return ("all", *map(bare, parts))
        case Any_(parts):
            return ("any", *map(bare, parts))
        case Not(part):
            return ("not", bare(part))
        case Changed():
            return ("changed", tree.field, tree.old, tree.new)
        case Asked():
            return (str(tree.op), tree.field, *tree.values)
        case None:
            return None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{priority: 1}", ("in", "priority", 1)),
        ('{priority: "1"}', ("in", "priority", 1)),
        ("{priority: {is: 1}}", ("in", "priority", 1)),
        ("{priority: [1, 2, 1]}", ("in", "priority", 1, 2)),
        ("{priority: {in: [1, 2]}}", ("in", "priority", 1, 2)),
        ("{priority: {not: 1}}", ("not_in", "priority", 1)),
        ("{state: {not: [Resolved, closed]}}", ("not_in", "state", "resolved", "closed")),
        ("{state: {not_in: [resolved]}}", ("not_in", "state", "resolved")),
        ("{customer: ACME}", ("in", "customer", "acme")),
        ("{score: {ge: 4.5, lt: 7}}", ("all", ("ge", "score", 4.5), ("lt", "score", 7))),
        ("{major: true}", ("in", "major", True)),
        ("{tags: vip}", ("in", "tags", "vip")),
        ("{tags: {contains: VIP}}", ("contains", "tags", "vip")),
        ("{title: {starts_with: Re}}", ("starts_with", "title", "re")),
        ('{title: {matches: "^RE: \\\\d+"}}', ("matches", "title", "^RE: \\d+")),
        ("{agreed_time: {le: 4h}}", ("le", "agreed_time", 4 * HOUR)),
        ("{agreed_time: PT4H}", ("in", "agreed_time", 4 * HOUR)),
        ("{opened: {inside: always}}", ("inside", "opened", "always")),
        ("{source: acme, kind: incident}", ("all", ("in", "source", "acme"), ("in", "kind", "incident"))),
        ("{assignee: {set: true}}", ("set", "assignee", True)),
        ("{assignee: null}", ("set", "assignee", False)),
        ('{assignee: ""}', ("set", "assignee", False)),
        ("{assignee: {not: null}}", ("set", "assignee", True)),
        ("{assignee: [null, bob]}", ("any", ("in", "assignee", "bob"), ("set", "assignee", False))),
        ("{assignee: {not_in: [null, a]}}", ("all", ("not_in", "assignee", "a"), ("set", "assignee", True))),
        ("{state: {changed: true}}", ("changed", "state", None, None)),
        ("{state: {changed: false}}", ("not", ("changed", "state", None, None))),
        ("{state: {from: new, to: [a, b]}}", ("changed", "state", ("new",), ("a", "b"))),
        ("{assignee: {from: null}}", ("changed", "assignee", (None,), None)),
        ("{score: {changed: true, to: 1}}", ("changed", "score", None, (1,))),
        ("{any: [{priority: 1}, {major: true}]}", ("any", ("in", "priority", 1), ("in", "major", True))),
        ("{all: [{priority: 1}]}", ("in", "priority", 1)),
        ("{not: {priority: 1, major: true}}", ("not", ("all", ("in", "priority", 1), ("in", "major", True)))),
        ("{}", ("all",)),
    ],
)  # fmt: skip
def test_a_condition_becomes_a_typed_tree(text: str, tree: Any) -> None:
    assert bare(condition(text)) == tree


def test_a_datetime_in_a_condition_is_an_instant() -> None:
    tree = condition("{opened: {ge: 2026-01-01T00:00:00+01:00}}")
    assert bare(tree) == ("ge", "opened", parse_instant("2025-12-31T23:00:00Z"))


def test_every_part_knows_where_it_was_written() -> None:
    tree = condition("{any: [{priority: 1}, {major: true}]}")
    assert isinstance(tree, Any_)
    assert [(part.place.line, part.place.column) for part in tree.parts] == [(4, 47), (4, 62)]


def test_a_field_of_one_of_the_kinds_is_known_to_all_of_them() -> None:
    text = MINIMAL.replace("record: incident", "record: [incident, problem], where: {known_error: true}")
    assert told(text) == []


def test_a_field_that_only_another_kind_has_is_unknown() -> None:
    text = MINIMAL.replace("record: incident", "record: incident, where: {known_error: true}")
    assert told(text) == ["4:40 unknown field `known_error` for kind incident [unknown-field]"]


def test_a_field_found_in_the_file_is_known_too() -> None:
    tree = condition("{shoe_size: {gt: 41}}", extra_fields={"shoe_size": FieldType.INTEGER})
    assert bare(tree) == ("gt", "shoe_size", 41)


def test_a_field_whose_type_differs_between_kinds_is_refused() -> None:
    kinds = {
        **KINDS,
        "problem": kind("problem", is_ticket=True, priority="string", state="string", opened="datetime"),
    }
    text = MINIMAL.replace("record: incident", "record: [incident, problem], where: {priority: 1}")
    assert told(text, kinds=kinds) == [
        "4:51 `priority` is not one field: integer in incident, string in problem [field-conflict]"
    ]
