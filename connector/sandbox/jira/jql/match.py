"""Conditions on issues: a query's clauses, each turned into a test that one issue passes or not.

Compiling checks names and values first, so that a query is refused as a whole with everything that is wrong
in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.sandbox.jira import adf, dates
from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql.sla_match import sla_test
from connector.sandbox.jira.jql.syntax import (
    Both,
    Clause,
    Either,
    Empty,
    Function,
    JqlError,
    Listed,
    Negated,
    Node,
    Single,
    Value,
    Words,
)
from connector.sandbox.jira.jql.words import all_texts, candidates, plain, says
from connector.sandbox.jira.setup import Field

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

Test = Callable[[Issue], bool]
Get = Callable[[Issue], Any]
Compare = Callable[[Any, Any], bool]
TEXTS = {"line", "rich", "comments"}
COMPARED: dict[str, Compare] = {"<": lt, "<=": le, ">": gt, ">=": ge}
NO_FIELD = "Field '{0}' does not exist or you do not have permission to view it."
NO_FIELD_ANONYMOUS = "Field '{0}' does not exist or this field cannot be viewed by anonymous users."
NO_VALUE = "The value '{0}' does not exist for the field '{1}'."
HISTORIC = {"status", "priority", "resolution", "user"}


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a query runs: dates without a zone are read in this one's. *lenient*: a value that is
    none finds nothing, rather than being refused."""

    person: Person | None
    zone: ZoneInfo
    now: int
    lenient: bool = False


def is_field(site: Site, name: str) -> bool:
    """Whether a name is a field's in JQL."""
    return name.lower() == "text" or ".property[" in name or bool(site.setup.fields.clause(name))


def compiled(site: Site, asker: Asker, node: Node | None) -> Test:
    """The test for a query's conditions; JqlError with all that is wrong in them."""
    if node is None:
        return lambda _: True
    matcher = _Matcher(site, asker)
    test = matcher.node(node)
    if matcher.wrong and not asker.lenient:
        raise JqlError(*dict.fromkeys(matcher.wrong))
    return test


class _Matcher:
    def __init__(self, site: Site, asker: Asker) -> None:
        self._site, self._asker = site, asker
        self.wrong: list[str] = []

    def node(self, node: Node) -> Test:
        match node:
            case Both(parts):
                tests = [self.node(part) for part in parts]
                return lambda issue: all(test(issue) for test in tests)
            case Either(parts):
                tests = [self.node(part) for part in parts]
                return lambda issue: any(test(issue) for test in tests)
            case Negated(part):
                inner = self.node(part)
                return lambda issue: not inner(issue)
            case Words(text):
                return lambda issue: says(all_texts(issue), text)
        return self._clause(node)

    def _clause(self, clause: Clause) -> Test:
        if ".property[" in clause.field:
            return _nothing  # no app has declared an index for it
        if clause.field.lower() == "text":
            return self._text(clause, all_texts)
        fields = self._site.setup.fields.clause(clause.field)
        if not fields:
            text = NO_FIELD if self._asker.person else NO_FIELD_ANONYMOUS
            return self._refuse(text.format(clause.field))
        tests = [self._of_field(one, clause) for one in fields]
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def _refuse(self, message: str) -> Test:
        self.wrong.append(message)
        return _nothing

    def _unsupported(self, clause: Clause) -> Test:
        return self._refuse(
            f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        )

    def _of_field(self, one: Field, clause: Clause) -> Test:
        get = getter(one)
        if one.kind == "sla":
            test = sla_test(self._site, one, clause, self._asker.now)
            return test or self._unsupported(clause)
        if clause.operator in {"is", "is not"} or (
            isinstance(clause.operand, Empty) and clause.operator in {"=", "!="}
        ):
            empty = clause.operator in {"is", "="}
            return lambda issue: (get(issue) in (None, [], "")) is empty
        if clause.operator.startswith(("was", "changed")):
            return self._historic(one, clause)
        if one.kind in TEXTS:
            return self._text(clause, get)
        if one.kind in {"datetime", "date"}:
            return self._dated(one, clause, get)
        if one.kind == "number":
            return self._number(clause, get)
        if one.kind == "key":
            return self._key(clause)
        return self._among(one, clause, get)

    # -- texts, numbers, dates

    def _text(self, clause: Clause, get: Get) -> Test:
        if clause.operator not in {"~", "!~"} or not isinstance(clause.operand, Value):
            return self._unsupported(clause)
        wanted, text = clause.operator == "~", clause.operand.text
        return lambda issue: (said := get(issue)) is not None and says(plain(said), text) is wanted

    def _number(self, clause: Clause, get: Get) -> Test:
        try:
            numbers = {float(value.text) for value in _singles(clause) if isinstance(value, Value)}
        except ValueError:
            text = next(v.text for v in _singles(clause) if isinstance(v, Value))
            return self._refuse(f"The value '{text}' for field '{clause.field}' is not a number.")
        return self._compared(clause, get, numbers)

    def _dated(self, one: Field, clause: Clause, get: Get) -> Test:
        instants = {at for value in _singles(clause) if (at := self._instant(clause, value)) is not None}
        if one.kind == "date":
            zone = self._asker.zone
            return self._compared(clause, lambda issue: _midnight(get(issue), zone), instants)
        return self._compared(clause, get, instants)

    def _compared(self, clause: Clause, get: Get, wanted: set[Any]) -> Test:
        operator = clause.operator
        if operator in {"=", "in"}:
            return lambda issue: get(issue) in wanted
        if operator in {"!=", "not in"}:
            return lambda issue: (held := get(issue)) is not None and held not in wanted
        compare = COMPARED.get(operator)
        if compare is None:
            return self._unsupported(clause)
        limit = next(iter(wanted), 0)
        return lambda issue: (held := get(issue)) is not None and compare(held, limit)

    def _instant(self, clause: Clause, value: Single) -> int | None:
        at = instant(value, self._asker)
        if at is None:
            shown = value.text if isinstance(value, Value) else getattr(value, "name", "EMPTY")
            self.wrong.append(dates.INVALID.format(shown, clause.field))
        return at

    # -- keys

    def _key(self, clause: Clause) -> Test:
        if clause.operator in COMPARED:
            return self._beyond(clause)
        ids: set[int] = set()
        for value in _singles(clause):
            ids |= self._keyed(clause, value)
        if clause.operator not in {"=", "!=", "in", "not in"}:
            return self._unsupported(clause)
        wanted = clause.operator in {"=", "in"}
        return lambda issue: (issue.id in ids) is wanted

    def _beyond(self, clause: Clause) -> Test:
        """Before or behind an issue; a bare id need not be one's."""
        held = clause.operand
        given = isinstance(held, Value) and held.text.isdigit()
        ids = (
            {int(held.text)}
            if isinstance(held, Value) and given
            else self._keyed(clause, _singles(clause)[0])
        )
        compare, limit = COMPARED[clause.operator], next(iter(ids), 0)
        return lambda issue: compare(issue.id, limit)

    def _keyed(self, clause: Clause, value: Single) -> set[int]:
        if isinstance(value, Function):
            return self._function_issues(value)
        text = value.text if isinstance(value, Value) else ""
        found = self._site.find(text)
        if found is None or not self._site.visible(found, self._asker.person):
            told = f"A value with ID '{text}'" if text.isdigit() else f"An issue with key '{text}'"
            self.wrong.append(f"{told} does not exist for field '{clause.field}'.")
            return set()
        return {found.id}

    def _function_issues(self, function: Function) -> set[int]:
        if function.name.lower() != "linkedissues" or not function.arguments:
            self.wrong.append(
                f"Unable to find JQL function '{function.name}({', '.join(function.arguments)})'."
            )
            return set()
        issue = self._site.find(function.arguments[0])
        if issue is None:
            self.wrong.append(
                f"Issue '{function.arguments[0]}' could not be found in function 'linkedIssues'."
            )
            return set()
        names = {name.lower() for name in function.arguments[1:]}
        kinds = self._site.setup.link_types
        told = {
            one.other: kinds[one.type].outward if one.outward else kinds[one.type].inward
            for one in issue.links
        }
        return {other for other, words in told.items() if not names or words.lower() in names}

    # -- one of several known values

    def _among(self, one: Field, clause: Clause, get: Get) -> Test:
        wanted: set[Any] = set()
        for value in _singles(clause):
            wanted |= self._known(one, clause, value)
        if clause.operator in {"<", "<=", ">", ">="} and one.kind == "priority":
            return self._ranked(clause, get, wanted)
        if clause.operator not in {"=", "!=", "in", "not in"}:
            return self._unsupported(clause)
        positive = clause.operator in {"=", "in"}
        if None in wanted:  # Unresolved, or EMPTY within a list
            return lambda issue: _held(get(issue), wanted, empty=True) is positive
        return lambda issue: get(issue) not in (None, []) and _held(get(issue), wanted) is positive

    def _ranked(self, clause: Clause, get: Get, wanted: set[Any]) -> Test:
        compare, limit = COMPARED[clause.operator], -int(next(iter(wanted), 0) or 0)
        return lambda issue: (held := get(issue)) is not None and compare(-int(held), limit)

    def _known(self, one: Field, clause: Clause, value: Single) -> set[Any]:
        """The stored values a word stands for."""
        if isinstance(value, Empty):
            return {None}
        if isinstance(value, Function):
            return self._function_people(one, value)
        if one.kind == "resolution" and value.text.lower() == "unresolved":
            return {None}
        found = {key for key, names in candidates(self._site, one) if value.text.lower() in names}
        if not found and one.kind != "labels":
            self.wrong.append(NO_VALUE.format(value.text, clause.field))
        return found or {value.text}

    def _function_people(self, one: Field, function: Function) -> set[Any]:
        name = function.name.lower()
        if one.kind in {"user", "users"} and name == "currentuser":
            return {self._asker.person.account_id} if self._asker.person else {""}
        if one.kind in {"user", "users"} and name == "membersof" and function.arguments:
            return {person.account_id for person in self._site.accounts.members(function.arguments[0])} or {
                ""
            }
        self.wrong.append(f"Unable to find JQL function '{function.name}({', '.join(function.arguments)})'.")
        return {""}

    # -- what was

    def _historic(self, one: Field, clause: Clause) -> Test:
        if one.kind not in HISTORIC:
            return self._refuse(f"History searches do not support the '{clause.field}' field.")
        if clause.operator == "changed":
            return lambda issue: any(item.field == one.id for past in issue.histories for item in past.items)
        wanted: set[Any] = set()
        for value in _singles(clause):
            wanted |= self._known(one, clause, value)
        positive = "not" not in clause.operator
        return lambda issue: (not wanted.isdisjoint(_ever(issue, one.id))) is positive


def _nothing(_: Issue) -> bool:
    return False


def _ever(issue: Issue, field_id: str) -> set[Any]:
    """Every value a field has had."""
    items = [item for past in issue.histories for item in past.items if item.field == field_id]
    return {issue.fields.get(field_id), *(item.before for item in items), *(item.after for item in items)}


def _held(held: Any, wanted: set[Any], *, empty: bool = False) -> bool:
    if held in (None, []):
        return empty
    return not wanted.isdisjoint(held) if isinstance(held, list) else held in wanted


def _singles(clause: Clause) -> tuple[Single, ...]:
    return clause.operand.values if isinstance(clause.operand, Listed) else (clause.operand,)


def getter(one: Field) -> Get:
    """How a field's stored value is read off an issue."""
    match one.id:
        case "created":
            return lambda issue: issue.created
        case "updated":
            return lambda issue: issue.updated
        case "issuekey":
            return lambda issue: issue.id
        case "comment":
            return lambda issue: "\n".join(adf.as_text(c.body) for c in issue.comments) or None
        case "issuelinks":
            return lambda issue: [link.other for link in issue.links]
        case "attachment":
            return lambda issue: [one.name for one in issue.files]
    field_id = "status" if one.kind == "category" else one.id
    return lambda issue: issue.fields.get(field_id)


def instant(value: Single, asker: Asker) -> int | None:
    """Epoch milliseconds of a date in a query: literal, period, function, or that very number, bare."""
    if isinstance(value, Function):
        if value.name.lower() in {"now", "currentlogin"}:
            return asker.now
        return dates.edge(value.name, asker.zone, asker.now, "".join(value.arguments[:1]))
    if isinstance(value, Empty):
        return None
    if not value.quoted and value.text.isdigit():
        return int(value.text)
    return dates.literal(value.text, asker.zone, asker.now)


def _midnight(day: str | None, zone: ZoneInfo) -> int | None:
    return dates.literal(day, zone, 0) if day else None
