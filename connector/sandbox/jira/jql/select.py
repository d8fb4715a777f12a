"""Finding the issues of a query, a page at a time, in its order.

A page goes on behind the last issue of the page before, by that issue's place in the order: as long as
nothing changes in between, every issue comes once. In the order of `updated` no more is looked at than the
page needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from connector.sandbox.jira import dates
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql.match import NO_FIELD, Asker, compiled, getter, instant
from connector.sandbox.jira.jql.syntax import (
    Both,
    Clause,
    Either,
    Function,
    JqlError,
    Listed,
    Negated,
    Node,
    Order,
    Query,
    Single,
    Value,
)
from connector.sandbox.jira.setup import Field

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

Rank = tuple[Any, ...]  # an issue's place in the order
EVER = 1 << 53
DESCENDING_BY_NATURE = {"datetime", "date", "key"}
REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Page:
    issues: list[Issue]
    rank: Rank | None  # of the last issue, when there are more
    total: int | None = None


class Selection:
    """One query of one asker. `fresh`: issues that are seen as they are, whatever the index shows."""

    def __init__(self, site: Site, query: Query, asker: Asker, fresh: frozenset[int] = frozenset()) -> None:
        self._site, self._query, self._asker, self._fresh = site, query, asker, fresh
        self._passes = compiled(site, asker, query.where)
        self._low, self._high = _bounds(query.where, asker)
        self._orders = _orders(site, query.order)
        self.rank = ranking(self._orders)

    def page(self, size: int, after: Rank | None = None) -> Page:
        """At most so many issues behind a place in the order."""
        found = list(islice(self._behind(after), size + 1))
        if len(found) <= size:
            return Page(found, None)
        return Page(found[:size], self.rank(found[size - 1]))

    def offset(self, start: int, size: int) -> Page:
        """Data Center's paging: so many issues from a position on, and how many there are in all."""
        found = self._sorted()
        return Page(found[start : start + size], None, len(found))

    def count(self) -> int:
        return sum(1 for _ in self._found())

    # -- in order

    def _behind(self, after: Rank | None) -> Iterator[Issue]:
        if self._streams():
            return self._streamed(after)
        found = self._sorted()
        return iter(found if after is None else found[_first_behind(found, self.rank, after) :])

    def _streams(self) -> bool:
        return bool(self._orders) and self._orders[0][0].id == "updated" and self._named() is None

    def _streamed(self, after: Rank | None) -> Iterator[Issue]:
        """The index has the issues in this order already; those of one instant are put in order here."""
        descending = self._orders[0][1]
        low, high = self._low, self._high
        if after is not None:
            at = after[0][1]
            low, high = (low, min(high, -at)) if descending else (max(low, at), high)
        shown = self._site.index.by_updated(low, high, self._fresh, newest_first=descending)
        for group in _by_instant(issue for issue in shown if self._seen(issue)):
            for issue in sorted(group, key=self.rank):
                if after is None or self.rank(issue) > after:
                    yield issue

    def _sorted(self) -> list[Issue]:
        """All that is found, in order; looked up only once as long as nothing is written."""
        index = self._site.index
        if not index.settled or not _timeless(self._query.where):
            return sorted(self._found(), key=self.rank)
        person = self._asker.person
        who = (person.account_id, person.projects) if person else None
        key = (self._query, who, self._asker.zone.key, index.generation)
        found = index.answers.get(key)
        if found is None:
            if len(index.answers) >= REMEMBERED:
                index.answers.clear()
            found = index.answers[key] = sorted(self._found(), key=self.rank)
        return found

    def _found(self) -> Iterator[Issue]:
        named = self._named()
        if named is None:
            issues: Iterable[Issue] = self._site.index.by_updated(self._low, self._high, self._fresh)
        else:
            issues = self._shown(named)
        return (issue for issue in issues if self._seen(issue))

    def _seen(self, issue: Issue) -> bool:
        return self._site.visible(issue, self._asker.person) and self._passes(issue)

    # -- issues named by key or id: no need to look at others

    def _named(self) -> list[str] | None:
        for clause in _conjuncts(self._query.where):
            if clause.operator in {"=", "in"} and clause.field.lower() in {"key", "id", "issuekey", "issue"}:
                values = _singles(clause)
                if all(isinstance(value, Value) for value in values):
                    return [value.text for value in values if isinstance(value, Value)]
        return None

    def _shown(self, named: list[str]) -> Iterator[Issue]:
        live = [found for name in dict.fromkeys(named) if (found := self._site.find(name))]
        shown = (self._site.index.one(issue.id, self._fresh) for issue in live)
        return (issue for issue in shown if issue)


def _by_instant(issues: Iterable[Issue]) -> Iterator[list[Issue]]:
    group: list[Issue] = []
    for issue in issues:
        if group and group[0].updated != issue.updated:
            yield group
            group = []
        group.append(issue)
    if group:
        yield group


def _first_behind(found: list[Issue], rank: Callable[[Issue], Rank], after: Rank) -> int:
    low, high = 0, len(found)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if rank(found[middle]) > after else (middle + 1, high)
    return low


def _timeless(node: Node | None) -> bool:
    """Whether a query finds the same issues whenever it is asked."""
    match node:
        case Clause(_, _, operand):
            singles = operand.values if isinstance(operand, Listed) else (operand,)
            return not any(_moves(one) for one in singles)
        case Both(parts) | Either(parts):
            return all(_timeless(part) for part in parts)
        case Negated(part):
            return _timeless(part)
    return True


def _moves(one: Single) -> bool:
    """Functions and periods (`-5m`) mean something else every time."""
    return isinstance(one, Function) or (isinstance(one, Value) and dates.is_period(one.text))


# -- bounds on `updated`


def _conjuncts(node: Node | None) -> list[Clause]:
    """The clauses that must all hold."""
    if isinstance(node, Clause):
        return [node]
    if isinstance(node, Both):
        return [clause for part in node.parts for clause in _conjuncts(part)]
    return []


def _singles(clause: Clause) -> tuple[Single, ...]:
    return clause.operand.values if isinstance(clause.operand, Listed) else (clause.operand,)


def _bounds(where: Node | None, asker: Asker) -> tuple[int, int]:
    """The stretch of `updated` outside of which nothing can be found."""
    low, high = 0, EVER
    for clause in _conjuncts(where):
        if clause.field.lower() not in {"updated", "updateddate"} or isinstance(clause.operand, Listed):
            continue
        at = instant(clause.operand, asker)
        if at is not None and clause.operator in {">", ">=", "="}:
            low = max(low, at)
        if at is not None and clause.operator in {"<", "<=", "="}:
            high = min(high, at)
    return low, high


# -- order


def _orders(site: Site, orders: tuple[Order, ...]) -> list[tuple[Field, bool]]:
    found = []
    for order in orders:
        fields = site.setup.fields.clause(order.field)
        if not fields or fields[0].kind in {"comments", "files", "links"}:
            raise JqlError(NO_FIELD.format(order.field))
        natural = fields[0].kind in DESCENDING_BY_NATURE
        found.append((fields[0], natural if order.descending is None else order.descending))
    return found


def ranking(orders: list[tuple[Field, bool]]) -> Callable[[Issue], Rank]:
    """An issue's place: the fields ordered by, empty ones last, then the newest issue first."""
    readers = [(getter(one), descending, one.kind in {"priority", "status"}) for one, descending in orders]

    def rank(issue: Issue) -> Rank:
        places = tuple(_place(get(issue), descending, numbered) for get, descending, numbered in readers)
        return (*places, (0, -issue.id))

    return rank


def _place(held: Any, descending: bool, numbered: bool) -> tuple[int, Any]:
    if held in (None, []):
        return 1, 0
    value = int(held) if numbered else held
    if isinstance(value, int | float):
        return 0, -value if descending else value
    text = str(value)
    return 0, (*(-ord(letter) for letter in text), 1) if descending else tuple(map(ord, text))
