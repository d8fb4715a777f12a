"""Conditions over all steps of a batch at once: each test is a table over a field's dictionary (rules:
Conditions).

What the tests mean for one value is in `judge`; here they become columns. Clocks are not known here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import NONE, Bools, Codes, Ints, looked_up
from connector.evaluate.columns import Coded, numbers
from connector.evaluate.frame import Frame
from connector.evaluate.judge import passes, spellings
from connector.evaluate.opentime import OpenTime, open_time
from connector.evaluate.zone import known_zone
from connector.model.kind import FieldType
from connector.model.record import Reference, Value
from connector.rules.rulebook import (
    All,
    Any_,
    Calendar,
    Changed,
    Condition,
    Derive,
    FieldZone,
    Not,
    Op,
    Test,
)  # fmt: skip

_COMPARE: Mapping[Op, Callable[[Ints, int], Bools]] = {
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


@dataclass(slots=True)
class Hoursbook:
    """Calendars ready to be asked, one for each zone in which they are used. Lives as long as the
    evaluation."""

    calendars: Mapping[str, Calendar]
    _made: dict[tuple[str, str], OpenTime] = field(default_factory=dict)

    def hours(self, name: str, zone_name: str) -> OpenTime:
        """The calendar *name* in a zone."""
        key = (name, zone_name)
        if key not in self._made:
            self._made[key] = open_time(self.calendars[name], zone_name)
        return self._made[key]


@dataclass(slots=True)
class Masks:
    """Answers about every step of a batch: where a condition holds, what a field is."""

    frame: Frame
    hoursbook: Hoursbook
    derives: Mapping[str, Derive]
    _tests: dict[object, Bools] = field(default_factory=dict)
    _derived: dict[str, tuple[Sequence[Value], Codes]] = field(default_factory=dict)

    def holds(self, condition: Condition | None, *, between: bool = False) -> Bools:
        """Where *condition* holds; None never does. *between* steps nothing changes, so `changed` does
        not hold."""
        match condition:
            case None:
                return self._all(False)
            case All(parts):
                return _reduce(
                    np.logical_and, [self.holds(p, between=between) for p in parts], self._all(True)
                )
            case Any_(parts):
                return _reduce(
                    np.logical_or, [self.holds(p, between=between) for p in parts], self._all(False)
                )
            case Not(part):
                return ~self.holds(part, between=between)
            case Changed():
                return self._all(False) if between else self._remembered(condition, self._changed)
            case Test():
                return self._remembered(condition, self._test)

    def values(self, name: str) -> tuple[Sequence[Value] | Ints, Codes]:
        """A field's dictionary and its code at each step; `source`, `kind` and derived fields too."""
        if name in ("source", "kind"):
            column: Coded = getattr(self.frame.tickets, name)
            return column.values, column.codes[self.frame.steps.ticket]
        if name in self.derives:
            if name not in self._derived:
                self._derived[name] = self._derive(self.derives[name])
            return self._derived[name]
        return self.frame.tickets.fields[name].values, self.frame.codes(name)

    def instants(self, name: str, steps: Ints | None = None) -> Ints:
        """A datetime field at each step, or at *steps*; NONE where empty."""
        return self._numbers(name, FieldType.DATETIME, steps)

    def lengths(self, name: str) -> Ints:
        """A field that gives a length at each step, NONE where empty or no length."""
        return self._numbers(name, FieldType.DURATION)

    def zones(self, zone: str | FieldZone) -> tuple[list[str], Codes | None]:
        """The zones of a calendar's *zone* and the code of the one at each step (None: the same
        everywhere)."""
        if isinstance(zone, str):
            return [zone], None
        values, codes = self.values(zone.field)
        names = [_zone_name(value, zone.default) for value in values]
        distinct = list(dict.fromkeys(names))
        return distinct, np.array([distinct.index(name) for name in names], np.int32)[codes]

    def _all(self, value: bool) -> Bools:
        return np.full(len(self.frame.steps.at), value)

    def _remembered(self, test: Test | Changed, make: Callable[..., Bools]) -> Bools:
        # Presets and packages put the same test at several places.
        if isinstance(test, Test):
            key: object = (test.field, test.op, test.values)
        else:
            key = (test.field, test.old, test.new)
        if key not in self._tests:
            self._tests[key] = make(test)
        return self._tests[key]

    def _numbers(self, name: str, kind: FieldType, steps: Ints | None = None) -> Ints:
        values, codes = self.values(name)
        return numbers(values, kind)[codes if steps is None else codes[steps]]

    def _test(self, test: Test) -> Bools:
        values, codes = self.values(test.field)
        if test.op in (Op.INSIDE, Op.OUTSIDE):
            return self._inside(test)
        return looked_up(_table(test, values), codes)

    def _inside(self, test: Test) -> Bools:
        """`inside` and `outside` a calendar; neither holds where the field is empty."""
        instants = self.instants(test.field)
        names, codes = self.zones(self.hoursbook.calendars[test.values[0]].timezone)
        holds = self._all(False)
        for number, name in enumerate(names):
            here = (instants != NONE) if codes is None else (instants != NONE) & (codes == number)
            hours = self.hoursbook.hours(test.values[0], name)
            holds[here] = hours.is_open(instants[here]) == (test.op is Op.INSIDE)
        return holds

    def _changed(self, test: Changed) -> Bools:
        """Where a change of the field was recorded that matches `from` and `to` together. At the opening only
        `opened` counts as changed."""
        holds = self._all(False)
        steps = self.frame.steps
        if test.field == "opened" and test.old is None and test.new is None:
            holds[steps.first] = True
        if test.field not in self.frame.tickets.fields:
            return holds
        column = self.frame.tickets.fields[test.field]
        positions, at = self.frame.recorded(test.field)
        matches = np.ones(len(positions), np.bool_)
        for wanted, codes in ((test.old, column.old), (test.new, column.new)):
            if wanted is not None:
                found = _table(Test(test.field, Op.IN, wanted, test.place), column.values)
                matches &= found[codes[positions]]
        holds[at[matches]] = True
        return holds

    def _derive(self, derive: Derive) -> tuple[Sequence[Value], Codes]:
        """A derived field: the first row that holds gives the value, or what its field holds."""
        values: list[Value] = [None]
        codes = np.zeros(len(self.frame.steps.at), np.int32)
        for row in reversed(derive.rows):
            if row.field is not None:
                dictionary, own = self.values(row.field)
                outcome = own + np.int32(len(values))
                values.extend(_listed(dictionary))
            else:
                outcome = np.full(len(codes), len(values), np.int32)
                values.append(row.value)
            codes = outcome if row.when is None else np.where(self.holds(row.when), outcome, codes)
        return values, codes


def _reduce(combine: Callable[[Bools, Bools], Bools], parts: Sequence[Bools], start: Bools) -> Bools:
    for part in parts:
        start = combine(start, part)
    return start


def _table(test: Test, values: Sequence[Value] | Ints) -> Bools:
    """Which values of a dictionary pass *test*."""
    if isinstance(values, np.ndarray):
        return _table_of_numbers(test, values)
    if test.op is Op.CONTAINS:
        return np.array([_contains(test, value) for value in values], np.bool_)
    return np.array([passes(test, spellings(value)) for value in values], np.bool_)


def _contains(test: Test, value: Value) -> bool:
    if isinstance(value, tuple | list):  # of a list it means membership
        return any(word in spellings(value) for word in test.values)
    return passes(test, spellings(value))


def _table_of_numbers(test: Test, values: Ints) -> Bools:
    is_set = np.asarray(values != NONE, np.bool_)
    wanted = test.values
    match test.op:
        case Op.IN | Op.NOT_IN:
            found = np.isin(values, [value for value in wanted if value is not None]) & is_set
            if None in wanted:
                found |= ~is_set
            return found if test.op is Op.IN else ~found
        case Op.SET:
            return is_set if wanted[0] else ~is_set
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return is_set & _COMPARE[test.op](values, wanted[0])
        case _:
            raise ValueError(f"{test.place}: `{test.op}` cannot be asked of a datetime")


def _listed(values: Sequence[Value] | Ints) -> list[Value]:
    if isinstance(values, np.ndarray):
        return [None if value == NONE else value for value in values.tolist()]
    return list(values)


def _zone_name(value: Value, default: str) -> str:
    name = (value.name or value.id) if isinstance(value, Reference) else value
    return known_zone(str(name) if name else None, default)
