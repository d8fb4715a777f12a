"""A parsed query as `jql/parse` shows it."""

from __future__ import annotations

from typing import Any

from connector.sandbox.jira.jql.syntax import (
    Both,
    Clause,
    Either,
    Empty,
    Function,
    Listed,
    Negated,
    Node,
    Operand,
    Query,
    Value,
    Words,
)


def structure(query: Query) -> dict[str, Any]:
    """The syntax tree, in the words of the API."""
    shown: dict[str, Any] = {}
    if query.where is not None:
        shown["where"] = _node(query.where)
    if query.order:
        shown["orderBy"] = {
            "fields": [
                {"field": _field(order.field)}
                | ({} if order.descending is None else {"direction": "desc" if order.descending else "asc"})
                for order in query.order
            ]
        }
    return shown


def _node(node: Node) -> dict[str, Any]:
    match node:
        case Both(parts):
            return {"operator": "and", "clauses": [_node(part) for part in parts]}
        case Either(parts):
            return {"operator": "or", "clauses": [_node(part) for part in parts]}
        case Negated(part):
            return {"operator": "not", "clauses": [_node(part)]}
        case Words(text):
            return {"field": _field("text"), "operator": "~", "operand": {"value": text}}
    return _clause(node)


def _clause(clause: Clause) -> dict[str, Any]:
    shown: dict[str, Any] = {"field": _field(clause.field), "operator": clause.operator}
    if clause.operator == "changed":
        return {**shown, "predicates": []}
    if clause.operator.startswith("was"):
        shown["predicates"] = []
    return {**shown, "operand": _operand(clause.operand)}


def _field(name: str) -> dict[str, Any]:
    return {"name": name, "encodedName": name}


def _operand(operand: Operand) -> dict[str, Any]:
    match operand:
        case Value(text):
            return {"value": text, "encodedValue": f'"{text}"' if " " in text else text}
        case Function(name, arguments):
            return {"function": name, "arguments": list(arguments)}
        case Listed(found):
            return {"values": [_operand(one) for one in found]}
        case Empty():
            return {"keyword": "empty"}
