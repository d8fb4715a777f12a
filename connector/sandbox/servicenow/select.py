"""Answering a query from the tables: which rows, in which order, how many, without reading more than needed.

Three ways in, cheapest first: an indexed column's exact value; a range of a date column kept in order (keyset
paging); all rows. Where the order asked for does not decide, chance does, as on the platform.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from zlib import crc32

from connector.sandbox.servicenow.conditions import Compiler, UnknownField
from connector.sandbox.servicenow.dates import Asker, resolve
from connector.sandbox.servicenow.query import Clause, Condition, Order, Query
from connector.sandbox.servicenow.tables import Row, Table, Tables, Test, View

Found = tuple[Table, Row]
Literal = Callable[[str], str]
KEPT_IN_ORDER = ("sys_updated_on", "sys_created_on")
RANGES = {"=", ">", ">=", "<", "<=", "BETWEEN"}
LOW, HIGH = "", "\U0010ffff"


@dataclass(slots=True)
class Answer:
    """The rows that match, before any access rule: their number, and any page of them."""

    total: int
    _rows: Iterable[Found]

    def page(self, offset: int, limit: int) -> list[Found]:
        return list(islice(self._rows, offset, offset + limit))

    def __iter__(self) -> Iterator[Found]:
        return iter(self._rows)


class Selection:
    """One query on one table, for one asker."""

    def __init__(self, tables: Tables, name: str, query: Query, asker: Asker, salt: int) -> None:
        self._tables = tables
        self._family = tables.family(name)
        self._base = tables[name]
        self._asker = asker
        self._salt = salt
        self._compiler = Compiler(tables, asker)
        self.unknown: list[str] = []
        self._groups = [self._known(group) for group in query.groups]
        self._orders = [order for order in query.orders if self._can_order(order)]

    def _known(self, group: list[Clause]) -> list[Clause]:
        """The clauses whose fields exist: the platform silently drops the others."""
        kept = []
        for clause in group:
            try:
                self._compiler.clause(self._base, clause)
                kept.append(clause)
            except UnknownField as unknown:
                self.unknown.append(str(unknown))
        return kept

    def _can_order(self, order: Order) -> bool:
        try:
            self._compiler.getter(self._base, order.field)
        except UnknownField:
            return False
        return True

    def answer(self) -> Answer:
        if len(self._groups) == 1:
            group = self._groups[0]
            indexed = self._by_index(group)
            if indexed is not None:
                return self._ordered(indexed)
            keyset = self._keyset(group)
            if keyset is not None:
                return keyset
        return self._ordered(self._all())

    # -- the ways in

    def _tests(self, table: Table, group: list[Clause]) -> Test | None:
        tests = [self._compiler.clause(table, clause) for clause in group]
        if not tests:
            return None
        if len(tests) == 1:
            return tests[0]
        if len(tests) == 2:
            first, second = tests
            return lambda row: first(row) and second(row)
        return lambda row: all(test(row) for test in tests)

    def _all(self) -> list[Found]:
        found: list[Found] = []
        for table in self._family:
            test = _any_of([self._tests(table, group) for group in self._groups])
            rows = table.rows.values()
            found.extend((table, row) for row in (filter(test, rows) if test else rows))
        return found

    def _by_index(self, group: list[Clause]) -> list[Found] | None:
        for position, clause in enumerate(group):
            condition = clause[0]
            if (
                len(clause) > 1
                or not isinstance(condition, Condition)
                or condition.operator not in {"=", "IN"}
            ):
                continue
            if condition.field != "sys_id" and condition.field not in self._base.lookups:
                continue
            values = [self._literal(part) for part in condition.value.split(",")]
            values = values if condition.operator == "IN" else [self._literal(condition.value)]
            return self._looked_up(condition.field, values, group[:position] + group[position + 1 :])
        return None

    def _looked_up(self, field: str, values: list[str], rest: list[Clause]) -> list[Found]:
        found: list[Found] = []
        for table in self._family:
            test = self._tests(table, rest)
            for value in dict.fromkeys(values):
                found.extend((table, row) for row in _exact(table, field, value) if test is None or test(row))
        return found

    def _literal(self, value: str) -> str:
        return resolve(value, self._asker)

    # -- keyset

    def _keyset(self, group: list[Clause]) -> Answer | None:
        """Use an ordered view when the query ranges over a date column or wants its order."""
        if len(self._family) > 1:
            return None
        column = self._kept_column(group)
        if column is None:
            return None
        ranges = [c[0] for c in group if _is_range(c, column)]
        ids = [c for c in group if column != "sys_id" and _is_range(c, "sys_id")]
        rest = [c for c in group if not _is_range(c, column) and not _is_range(c, "sys_id")]
        view = self._view(column, rest)
        bounds = _Bounds()
        for condition in ranges:
            assert isinstance(condition, Condition)
            bounds.narrow(condition, self._literal)
        return self._slice(view, column, bounds, ids)

    def _kept_column(self, group: list[Clause]) -> str | None:
        for column in KEPT_IN_ORDER:
            if column in self._base.columns and any(_is_range(clause, column) for clause in group):
                return column
        leading = self._orders[0] if self._orders else None
        if leading and not leading.descending and leading.field in {*KEPT_IN_ORDER, "sys_id"}:
            return leading.field
        return None

    def _view(self, column: str, rest: list[Clause]) -> View:
        meaning = "^".join("|".join(self._meaning(part.text) for part in clause) for clause in rest)
        test = self._tests(self._base, rest)
        return self._base.view(column, meaning, test, self._stamp)

    def _meaning(self, text: str) -> str:
        """A condition with its `gs` calls replaced: the same text at another time is another test."""
        head, mark, call = text.partition("javascript:")
        return f"{head}{self._literal(mark + call)}" if mark else text

    @cached_property
    def _stamp(self) -> tuple[tuple[str, int], ...]:
        names = sorted(self._compiler.looked_into)
        return tuple((name, self._tables[name].version) for name in names if name in self._tables)

    def _slice(self, view: View, column: str, bounds: _Bounds, ids: list[Clause]) -> Answer:
        test = self._tests(self._base, ids)
        if bounds.exact and ids:
            bounds, test = bounds.narrowed_by_ids(ids, self._literal), None
        start, end = bounds.positions(view.keys)
        end = max(start, end)
        if test is None and self._in_view_order(column, exact=bounds.exact):
            return Answer(end - start, _Lazy(self._base, view, start, end))
        rows = self._base.rows
        chosen = (rows[key[1]] for key in view.keys[start:end])
        return self._ordered([(self._base, row) for row in chosen if test is None or test(row)])

    def _in_view_order(self, column: str, *, exact: bool) -> bool:
        wanted = [(order.field, order.descending) for order in self._orders]
        if exact and wanted[:1] == [(column, False)]:
            wanted = wanted[1:]
        if exact or column == "sys_id":
            return wanted[:1] == [("sys_id", False)]
        return wanted[:2] == [(column, False), ("sys_id", False)]

    # -- order

    def _ordered(self, found: list[Found]) -> Answer:
        """In the order asked for; where that says nothing, as chance will have it."""
        found = self._shuffled(found)
        for order in reversed(self._orders):
            self._sort(found, order)
        return Answer(len(found), found)

    def _shuffled(self, found: list[Found]) -> list[Found]:
        if not self._salt or len(found) < 2:
            return found
        if self._orders and any(order.field == "sys_id" for order in self._orders):
            return found
        if not self._orders:
            turn = self._salt % len(found)
            return found[turn:] + found[:turn]
        return sorted(found, key=lambda item: crc32(item[1][0].encode(), self._salt))

    def _sort(self, found: list[Found], order: Order) -> None:
        column = self._compiler.getter(self._base, order.field)[1]
        readers = {
            table.name: self._compiler.displayed(table, order.field)
            if column.type == "reference"
            else self._compiler.getter(table, order.field)[0]
            for table in self._family
        }
        if column.type in {"integer", "decimal"}:
            found.sort(
                key=lambda item: float(readers[item[0].name](item[1]) or "-inf"), reverse=order.descending
            )
        else:
            found.sort(key=lambda item: readers[item[0].name](item[1]).lower(), reverse=order.descending)


@dataclass(slots=True)
class _Lazy:
    """A part of a view, whose rows are looked up only when they are wanted."""

    table: Table
    view: View
    start: int
    end: int

    def __iter__(self) -> Iterator[Found]:
        rows, keys = self.table.rows, self.view.keys
        return ((self.table, rows[keys[position][1]]) for position in range(self.start, self.end))


@dataclass(slots=True)
class _Bounds:
    """The part of an ordered view that some range conditions leave.

    A key is (value, id): with the highest id a bound lies behind all keys of its value, with the empty one
    before them. `after` and `before` say that the bound's own key is out.
    """

    low: tuple[str, str] = (LOW, LOW)
    high: tuple[str, str] = (HIGH, HIGH)
    exact: bool = False
    after: bool = False
    before: bool = False

    def narrow(self, condition: Condition, literal: Literal) -> None:
        value = condition.value
        match condition.operator:
            case "=":
                self.exact = True
                self._from(literal(value))
                self._to(literal(value))
            case "BETWEEN":
                low, _, high = value.partition("@")
                self._from(literal(low))
                self._to(literal(high))
            case ">=":
                self._from(literal(value))
            case ">":
                self._from(literal(value), beyond=True)
            case "<=":
                self._to(literal(value))
            case "<":
                self._to(literal(value), short_of=True)

    def _from(self, value: str, *, beyond: bool = False) -> None:
        # An empty cell is in no range, so the lowest text that counts is the first after the empty one.
        self.low = max(self.low, (value or "\0", HIGH if beyond else LOW))

    def _to(self, value: str, *, short_of: bool = False) -> None:
        self.high = min(self.high, (value, LOW if short_of else HIGH))

    def narrowed_by_ids(self, ids: list[Clause], literal: Literal) -> _Bounds:
        """Within one exact value the ids are in order as well, so a range of ids is a range of keys."""
        inner = _Bounds()
        for clause in ids:
            assert isinstance(clause[0], Condition)
            inner.narrow(clause[0], literal)
        value = self.low[0]
        return _Bounds(
            low=max(self.low, (value, inner.low[0])),
            high=min(self.high, (value, inner.high[0])),
            exact=True,
            after=inner.low[1] == HIGH,
            before=inner.high[1] == LOW,
        )

    def positions(self, keys: list[tuple[str, str]]) -> tuple[int, int]:
        start = bisect_right(keys, self.low) if self.after else bisect_left(keys, self.low)
        end = bisect_left(keys, self.high) if self.before else bisect_right(keys, self.high)
        return start, end


def _any_of(tests: list[Test | None]) -> Test | None:
    """A test that one of several holds; None where one of them lets every row through."""
    wanted = [test for test in tests if test]
    if len(wanted) < len(tests):
        return None
    return wanted[0] if len(wanted) == 1 else (lambda row: any(test(row) for test in wanted))


def _is_range(clause: Clause, column: str) -> bool:
    condition = clause[0]
    return (
        len(clause) == 1
        and isinstance(condition, Condition)
        and condition.field == column
        and condition.operator in RANGES
        and bool(condition.value)
    )


def _exact(table: Table, field: str, value: str) -> Iterable[Row]:
    if field == "sys_id":
        row = table.rows.get(value.lower())
        return () if row is None else (row,)
    if field not in table.lookups:
        return chain(())
    return table.with_value(field, value)
