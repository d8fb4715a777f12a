"""The encoded query taken apart into conditions, groups and orders. What they mean is in `conditions`.

query  := group ("^NQ" group)* order*      ^NQ joins whole groups by OR
group  := cond (("^" | "^OR") cond)*       ^OR binds to the condition right before it
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Longest first: an operator must not be taken for the beginning of a longer one.
OPERATORS = (
    "CHANGESFROM", "CHANGESTO", "VALCHANGES", "EMPTYSTRING", "ISNOTEMPTY", "INSTANCEOF", "RELATIVEGE",
    "RELATIVEGT", "RELATIVELE", "RELATIVELT", "RELATIVEEE", "STARTSWITH", "ENDSWITH", "NOT LIKE", "NOTLIKE",
    "DATEPART", "ANYTHING", "BETWEEN", "ISEMPTY", "NSAMEAS", "DYNAMIC", "NOT IN", "SAMEAS", "NOTIN", "NOTON",
    "LIKE", "IN", "ON", "!=", ">=", "<=", "!*", "=", ">", "<", "*", "%",
)  # fmt: skip
SPELLINGS = {"*": "LIKE", "!*": "NOT LIKE", "NOTLIKE": "NOT LIKE", "NOTIN": "NOT IN", "%": "ENDSWITH"}

_CONDITION = re.compile(
    r"(?P<field>[a-z0-9_.]+)(?P<operator>" + "|".join(map(re.escape, OPERATORS)) + r")(?P<value>.*)",
    re.DOTALL,
)
_RELATED = re.compile(r"(?P<table>\w+)\.(?P<field>\w+),(?P<operator>>=|<=|!=|=|>|<)(?P<count>\d+)")


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    value: str = ""

    @property
    def text(self) -> str:
        return f"{self.field}{self.operator}{self.value}"


@dataclass(frozen=True, slots=True)
class Related:
    """`^RLQUERYtable.field,>=1^…^ENDRLQUERY`: how many rows of a table must point at the record."""

    table: str
    field: str
    operator: str
    count: int
    inner: tuple[Clause, ...] = ()

    @property
    def text(self) -> str:
        return f"RLQUERY{self}"


# What must hold, as alternatives of which one is enough.
Clause = tuple[Condition | Related, ...]


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool = False


@dataclass(slots=True)
class Query:
    groups: list[list[Clause]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    group_by: list[str] = field(default_factory=list)


def parse(text: str) -> Query:
    """Take an encoded query apart; a term that is none becomes a condition on a field that does not exist."""
    query = Query(groups=[[]])
    terms = _terms(text)
    position = 0
    while position < len(terms):
        term = terms[position]
        position += 1
        if not _is_suffix(term, query):
            if term.startswith("RLQUERY"):
                related, position = _related(term, terms, position)
                query.groups[-1].append((related,))
            else:
                _add(term, query)
    query.groups = [group for group in query.groups if group] or [[]]
    return query


def _terms(text: str) -> list[str]:
    """The terms between carets; a doubled caret is one caret inside a value."""
    return [term.replace("\0", "^") for term in text.replace("^^", "\0").split("^") if term]


def _is_suffix(term: str, query: Query) -> bool:
    if term.startswith("ORDERBYDESC"):
        query.orders.append(Order(term.removeprefix("ORDERBYDESC"), descending=True))
    elif term.startswith("ORDERBY"):
        query.orders.append(Order(term.removeprefix("ORDERBY")))
    elif term.startswith("GROUPBY"):
        query.group_by.append(term.removeprefix("GROUPBY"))
    else:
        return term == "EQ"
    return True


def _add(term: str, query: Query) -> None:
    if term.startswith("NQ"):
        query.groups.append([])
        term = term.removeprefix("NQ")
        if not term or _is_suffix(term, query):
            return
    group = query.groups[-1]
    if term.startswith("OR") and group:
        group[-1] = (*group[-1], _condition(term.removeprefix("OR")))
    else:
        group.append((_condition(term.removeprefix("OR")),))


def _condition(term: str) -> Condition:
    match = _CONDITION.fullmatch(term)
    if match is None:
        return Condition(term, "?")
    operator = SPELLINGS.get(match["operator"], match["operator"])
    return Condition(match["field"], operator, match["value"])


def _related(term: str, terms: list[str], position: int) -> tuple[Condition | Related, int]:
    inner = Query(groups=[[]])
    while position < len(terms) and terms[position] != "ENDRLQUERY":
        _add(terms[position], inner)
        position += 1
    match = _RELATED.match(term.removeprefix("RLQUERY"))
    if match is None:
        return Condition(term, "?"), position + 1
    clauses = tuple(clause for group in inner.groups for clause in group)
    related = Related(match["table"], match["field"], match["operator"], int(match["count"]), clauses)
    return related, position + 1
