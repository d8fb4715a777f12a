"""What the conditions of an encoded query mean: each becomes a test of a row of one concrete table.

Texts are compared without regard to case, as the platform's database does; integers and decimals as numbers;
dates as their stored texts. `=` on a reference compares ids, the text operators compare what is displayed.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.query import Clause, Condition, Related
from connector.sandbox.servicenow.schema import Column
from connector.sandbox.servicenow.tables import Row, Table, Tables, Test

Getter = Callable[[Row], str]
DYNAMIC_ME = "90d1921e5f510100a9ad2572f2b477fe"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {">": op.gt, ">=": op.ge, "<": op.lt, "<=": op.le}
COUNTS: dict[str, Callable[[Any, Any], bool]] = {**COMPARISONS, "=": op.eq, "!=": op.ne}
# Operators that only make sense in a business rule's condition: a query drops them.
CHANGE_ONLY = {"CHANGESFROM", "CHANGESTO", "VALCHANGES"}


class UnknownField(Exception):
    """A condition names a field the table does not have, or is no condition at all."""


class Compiler:
    """Makes tests for one asker; remembers which other tables the tests look into."""

    def __init__(self, tables: Tables, asker: dates.Asker) -> None:
        self._tables = tables
        self._asker = asker
        self.looked_into: set[str] = set()

    # -- reading a field

    def getter(self, table: Table, path: str) -> tuple[Getter, Column]:
        """How to read a field, dot-walked or not, from a row of this table; UnknownField if there is none."""
        name, _, rest = path.partition(".")
        column = table.columns.get(name)
        if column is None:
            raise UnknownField(path)
        position = table.at[name]
        if not rest:
            return (lambda row: row[position]), column
        return self._walk(column, position, rest)

    def _walk(self, column: Column, position: int, rest: str) -> tuple[Getter, Column]:
        if column.type != "reference" or column.reference not in self._tables:
            raise UnknownField(f"{column.name}.{rest}")
        target = column.reference
        family = self._tables.family(target)
        getters = {member.name: self.getter(member, rest) for member in family}
        self.looked_into.update(getters)

        def read(row: Row) -> str:
            found = self._tables.find(target, row[position])
            return getters[found[0].name][0](found[1]) if found else ""

        return read, getters[target][1]

    def displayed(self, table: Table, path: str) -> Getter:
        """How to read what a field shows: of a reference the target's display value, else the value."""
        read, column = self.getter(table, path)
        if column.type != "reference" or column.reference not in self._tables:
            return read
        self.looked_into.update(member.name for member in self._tables.family(column.reference))

        def show(row: Row) -> str:
            found = self._tables.find(column.reference, read(row))
            if not found or not found[0].display:
                return ""
            return found[1][found[0].at[found[0].display]]

        return show

    # -- tests

    def clause(self, table: Table, clause: Clause) -> Test:
        """A test that one alternative of a clause holds; alternatives on unknown fields are left out."""
        tests = []
        for condition in clause:
            try:
                tests.append(self.test(table, condition))
            except UnknownField:
                continue
        if not tests:
            raise UnknownField(clause[0].text)
        if len(tests) == 1:
            return tests[0]
        return lambda row: any(test(row) for test in tests)

    def test(self, table: Table, condition: Condition | Related) -> Test:
        """The test one condition stands for."""
        if isinstance(condition, Related):
            return self._related(condition)
        if condition.operator == "?" or condition.operator in CHANGE_ONLY:
            raise UnknownField(condition.field)
        return self._make(table, condition)

    def _make(self, table: Table, condition: Condition) -> Test:
        name, value = condition.operator, condition.value
        read, column = self.getter(table, condition.field)
        match name:
            case "ISEMPTY" | "EMPTYSTRING":
                return lambda row: not read(row)
            case "ISNOTEMPTY":
                return lambda row: bool(read(row))
            case "ANYTHING":
                return lambda _: True
            case "SAMEAS" | "NSAMEAS":
                other, _ = self.getter(table, value)
                same = name == "SAMEAS"
                return lambda row: (read(row).lower() == other(row).lower()) is same
            case "LIKE" | "NOT LIKE" | "STARTSWITH" | "ENDSWITH":
                return _text_test(name, self.displayed(table, condition.field), value)
            case "IN" | "NOT IN":
                return _membership(read, [self._literal(part) for part in value.split(",")], name == "IN")
            case "INSTANCEOF":
                family = {t.name for t in self._tables.family(value)} if value in self._tables else set()
                return lambda row: read(row) in family
            case "DYNAMIC":
                wanted = self._asker.user_id if value == DYNAMIC_ME else value
                return lambda row: read(row) == wanted
            case _:
                return self._ranged(read, column, name, value)

    def _ranged(self, read: Getter, column: Column, name: str, value: str) -> Test:
        if name == "BETWEEN":
            low, _, high = value.partition("@")
            above = _compare(read, column, ">=", self._literal(low))
            below = _compare(read, column, "<=", self._literal(high))
            return lambda row: above(row) and below(row)
        if name in {"ON", "NOTON"}:
            _, low, high = (*value.split("@"), "", "")[:3]
            start, end = self._literal(low), self._literal(high)
            inside = name == "ON"
            return lambda row: (start <= read(row) <= end) is inside
        if name.startswith("RELATIVE"):
            return self._relative(read, name.removeprefix("RELATIVE"), value)
        if name == "DATEPART":
            return _date_part(read, value)
        return _compare(read, column, name, self._literal(value))

    def _literal(self, value: str) -> str:
        return dates.resolve(value, self._asker)

    def _relative(self, read: Getter, name: str, value: str) -> Test:
        """`@hour@ago@3` and the like, against now."""
        _, unit, direction, count = (*value.split("@"), "", "", "", "")[:4]
        hours = {
            "minute": 1 / 60,
            "hour": 1,
            "dayofweek": 24,
            "day": 24,
            "week": 168,
            "month": 730,
            "year": 8766,
        }
        if unit not in hours or not count.isdigit():
            raise UnknownField(value)
        shift = timedelta(hours=hours[unit] * int(count)) * (-1 if direction == "ago" else 1)
        border = (self._asker.local + shift).astimezone(UTC).strftime(dates.STORED)
        if name == "EE":
            return lambda row: read(row)[:10] == border[:10]
        compare = COMPARISONS[{"GT": ">", "GE": ">=", "LT": "<", "LE": "<="}[name]]
        return lambda row: bool(read(row)) and compare(read(row), border)

    def _related(self, related: Related) -> Test:
        if related.table not in self._tables:
            raise UnknownField(related.table)
        table = self._tables[related.table]
        read, _ = self.getter(table, related.field)
        inner = [self.clause(table, clause) for clause in related.inner]
        self.looked_into.add(table.name)
        compare = COUNTS[related.operator]

        def test(row: Row) -> bool:
            pointing = (other for other in table.rows.values() if read(other) == row[0])
            return compare(sum(all(t(other) for t in inner) for other in pointing), related.count)

        return test


def _text_test(name: str, read: Getter, value: str) -> Test:
    wanted = value.lower()
    if name == "LIKE":
        return lambda row: wanted in read(row).lower()
    if name == "NOT LIKE":
        return lambda row: wanted not in read(row).lower()
    if name == "STARTSWITH":
        return lambda row: read(row).lower().startswith(wanted)
    return lambda row: read(row).lower().endswith(wanted)


def _membership(read: Getter, values: list[str], inside: bool) -> Test:
    wanted = {value.lower() for value in values}
    return lambda row: (read(row).lower() in wanted) is inside


def _compare(read: Getter, column: Column, name: str, value: str) -> Test:
    if name in {"=", "!="}:
        wanted, same = value.lower(), name == "="
        return lambda row: (read(row).lower() == wanted) is same
    compare = COMPARISONS[name]
    if column.type in {"integer", "decimal"}:
        return _numeric(read, compare, value)
    wanted = value.lower()
    return lambda row: bool(held := read(row)) and compare(held.lower(), wanted)


def _numeric(read: Getter, compare: Callable[[float, float], bool], value: str) -> Test:
    try:
        border = float(value)
    except ValueError:
        return lambda _: False
    return lambda row: bool(held := read(row)) and compare(float(held), border)


def _date_part(read: Getter, value: str) -> Test:
    """`Monday@javascript:gs.datePart('dayofweek','monday','EE')`: one part of a date, in UTC."""
    label = value.partition("@")[0].lower()
    parts: dict[str, Callable[[datetime], str]] = {
        "dayofweek": lambda moment: moment.strftime("%A").lower(),
        "month": lambda moment: moment.strftime("%B").lower(),
        "year": lambda moment: str(moment.year),
    }
    part = next((parts[name] for name in parts if f"'{name}'" in value), None)
    if part is None:
        raise UnknownField(value)
    take = part
    return lambda row: bool(held := read(row)) and take(datetime.fromisoformat(held)) == label
