"""Conditions: from mappings of field → test to typed trees (rules: Conditions).

Fields are known and typed by the place a condition stands at (`Scope`). Nothing is evaluated here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from connector.errors import Position
from connector.model.kind import FieldType
from connector.rules.fields import ORDERED, TEXTS, Fields, typed
from connector.rules.patterns import PatternError, compile_pattern
from connector.rules.reading import Reading, Spot, unknown
from connector.rules.rulebook import All, Any_, Changed, Condition, Not, Op, Test
from connector.rules.values import WrongValue, a, shown

OPERATORS = (
    "is", "not", "in", "not_in", "lt", "le", "gt", "ge", "contains", "starts_with", "matches", "set",
    "changed", "from", "to", "inside", "outside",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition at a place may refer to. *no_change*: why `changed` is not allowed here."""

    fields: Fields
    calendars: Collection[str]
    no_change: str | None = None

    def without_change(self, why: str) -> Scope:
        """The same, with `changed`, `from` and `to` refused."""
        return replace(self, no_change=why)


def read_condition(reading: Reading, spot: Spot, scope: Scope) -> Condition:
    """The condition at *spot*; what is wrong is noted and left out of it."""
    if not isinstance(spot.data, dict):
        hint = "write {field: value}, with any, all and not to combine"
        reading.wrong("bad-condition", spot, f"a condition is a mapping, not {shown(spot.data)}", hint)
        return All((), spot.place)
    parts: list[Condition] = []
    for key, below in spot.pairs():
        combine = _COMBINERS.get(key)
        parts += combine(reading, below, scope) if combine else _field_tests(reading, key, below, scope)
    return _all(parts, spot.place)


def optional_condition(reading: Reading, spot: Spot | None, scope: Scope) -> Condition | None:
    """As `read_condition`; None where there is no spot."""
    return None if spot is None else read_condition(reading, spot, scope)


def _all(parts: list[Condition], place: Position) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts), place)


def _any(parts: list[Condition], place: Position) -> Condition:
    return parts[0] if len(parts) == 1 else Any_(tuple(parts), place)


def _branches(reading: Reading, spot: Spot, scope: Scope) -> list[Condition]:
    if not isinstance(spot.data, list) or not spot.data:
        word = spot.loc[-1]
        reading.wrong(
            "bad-condition", spot, f"`{word}` needs a list of conditions", f"write {word}: [{{…}}, {{…}}]"
        )
        return []
    return [read_condition(reading, item, scope) for item in spot.items()]


def _read_any(reading: Reading, spot: Spot, scope: Scope) -> list[Condition]:
    return [_any(_branches(reading, spot, scope), spot.place)]


def _read_all(reading: Reading, spot: Spot, scope: Scope) -> list[Condition]:
    return [_all(_branches(reading, spot, scope), spot.place)]


def _read_not(reading: Reading, spot: Spot, scope: Scope) -> list[Condition]:
    return [Not(read_condition(reading, spot, scope), spot.place)]


WRITTEN_NOT_HELD = frozenset({"public_reply", "work_note"})  # changes of them are all that records have
_OF_A_CHANGE = frozenset({"changed", "from", "to"})
_COMBINERS: dict[str, Callable[[Reading, Spot, Scope], list[Condition]]] = {
    "any": _read_any,
    "all": _read_all,
    "not": _read_not,
}


def _field_tests(reading: Reading, name: str, spot: Spot, scope: Scope) -> list[Condition]:
    try:
        kind = scope.fields.type_of(name)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot.key_place, wrong.what, wrong.hint)
        return []
    test = _FieldTest(reading, name, kind, spot, scope)
    if name in WRITTEN_NOT_HELD and not (isinstance(spot.data, dict) and _OF_A_CHANGE & spot.data.keys()):
        word = spot.data if isinstance(spot.data, str) else "agent"
        what = f"`{name}` is written at a moment and not held: no step has it to compare"
        reading.doubt("never-held", spot.key_place, what, f"write {name}: {{to: {word}}}")
    if isinstance(spot.data, dict):
        return test.operators()
    return test.among(spot, "in")


class _FieldTest:
    """The tests of one field at one place of the rules."""

    def __init__(self, reading: Reading, name: str, kind: FieldType, spot: Spot, scope: Scope) -> None:
        self.reading, self.name, self.kind, self.spot, self.scope = reading, name, kind, spot, scope
        self.place = spot.key_place

    def wrong(self, spot: Spot, what: str, hint: str | None = None, code: str = "bad-condition") -> None:
        self.reading.wrong(code, spot, f"`{self.name}`: {what}", hint)

    def test(self, op: Op, *values: Any) -> Test:
        return Test(self.name, op, values, self.place, self.kind)

    def operators(self) -> list[Condition]:
        parts: list[Condition] = []
        for word, below in self.spot.pairs():
            if word not in OPERATORS:
                self.reading.wrong(
                    "unknown-operator", below.key_place, f"unknown test {word!r} of `{self.name}`",
                    unknown(word, OPERATORS) or f"known: {', '.join(OPERATORS)}",
                )  # fmt: skip
            elif word not in ("changed", "from", "to"):
                parts += self.operator(word, below)
        parts += self.change()
        if not self.spot.data:
            self.wrong(self.spot, "a test is missing here", "write a value, a list or an operator")
        return parts

    def operator(self, word: str, spot: Spot) -> list[Condition]:
        if word in ("is", "in", "not", "not_in"):
            return self.among(spot, "in" if word in ("is", "in") else "not_in")
        if word == "set":
            return self.set_or_not(spot)
        if word in ("inside", "outside"):
            return self.calendar(Op(word), spot)
        if word == "matches":
            return self.pattern(spot)
        return self.compared(Op(word), spot)

    def values(self, spot: Spot) -> list[Any]:
        """The typed values of a scalar or a list; None stands for empty."""
        spots: Iterable[Spot] = spot.items() if isinstance(spot.data, list) else [spot]
        values = []
        for each in spots:
            try:
                values.append(typed(each.data, self.kind))
                self.doubt_unless_known(each, values[-1])
            except WrongValue as wrong:
                self.wrong(each, wrong.what, wrong.hint, wrong.code)
        return list(dict.fromkeys(values))

    def doubt_unless_known(self, spot: Spot, value: Any) -> None:
        words = self.scope.fields.values.get(self.name)
        if words and value is not None and value not in words:
            by = "by its table" if self.name in self.scope.fields.derived else "unless a mapping says so"
            what = f"`{self.name}` is never {shown(spot.data)} {by}"
            self.reading.doubt("unknown-value", spot, what, unknown(str(value), words))

    def among(self, spot: Spot, word: str) -> list[Condition]:
        if isinstance(spot.data, dict):
            self.wrong(spot, "a value or a list is expected here", "write not: {field: …} around the field")
            return []
        if spot.data == []:
            self.wrong(spot, "the list is empty", "name at least one value")
            return []
        values = self.values(spot)
        named = [value for value in values if value is not None]
        op, is_in = (Op.IN, True) if word == "in" else (Op.NOT_IN, False)
        parts: list[Condition] = [self.test(op, *named)] if named else []
        if None in values:  # null and empty text mean not set
            parts.append(self.test(Op.SET, not is_in))
        combine = _any if is_in else _all
        return [combine(parts, self.place)] if parts else []

    def set_or_not(self, spot: Spot) -> list[Condition]:
        holds = self.true_or_false(spot)
        return [] if holds is None else [self.test(Op.SET, holds)]

    def true_or_false(self, spot: Spot) -> bool | None:
        if spot.data not in ("true", "false"):
            self.wrong(spot, f"{shown(spot.data)} is neither true nor false", None, "bad-value")
            return None
        return bool(spot.data == "true")

    def calendar(self, op: Op, spot: Spot) -> list[Condition]:
        if self.kind is not FieldType.DATETIME:
            self.wrong(spot, f"`{op}` is for datetimes, this is {a(self.kind)}")
        elif not isinstance(spot.data, str) or spot.data not in self.scope.calendars:
            hint = unknown(str(spot.data), self.scope.calendars)
            self.wrong(spot, f"there is no calendar {shown(spot.data)}", hint, "no-calendar")
        else:
            return [self.test(op, spot.data)]
        return []

    def pattern(self, spot: Spot) -> list[Condition]:
        if self.kind not in TEXTS and self.kind is not FieldType.LIST:
            self.wrong(spot, f"`matches` is for text, this is {a(self.kind)}")
        elif not isinstance(spot.data, str) or not spot.data:
            self.wrong(spot, f"a pattern is expected here, not {shown(spot.data)}", None, "bad-pattern")
        else:
            try:
                compile_pattern(spot.data)
            except PatternError as error:
                self.wrong(spot, f"{error} of the pattern", None, "bad-pattern")
            else:
                return [self.test(Op.MATCHES, spot.data)]
        return []

    def compared(self, op: Op, spot: Spot) -> list[Condition]:
        if not self.comparable(op):
            self.wrong(spot, f"`{op}` cannot be asked of {a(self.kind)}")
            return []
        kind = FieldType.STRING if op in (Op.CONTAINS, Op.STARTS_WITH) else self.kind
        try:
            value = typed(spot.data, kind)
        except WrongValue as wrong:
            self.wrong(spot, wrong.what, wrong.hint, wrong.code)
            return []
        if value is None:
            self.wrong(spot, f"`{op}` needs a value", "whether a field is empty is asked by set: false")
            return []
        return [self.test(op, value)]

    def comparable(self, op: Op) -> bool:
        if op in (Op.LT, Op.LE, Op.GT, Op.GE):
            return self.kind in ORDERED
        return self.kind in TEXTS or (op is Op.CONTAINS and self.kind is FieldType.LIST)

    def change(self) -> list[Condition]:
        """`changed`, `from` and `to`, which are one test together."""
        words = [word for word in ("changed", "from", "to") if self.spot.has(word)]
        if not words:
            return []
        first = self.spot / words[0]
        if why := self.why_no_change():
            self.reading.wrong("no-change-here", first.key_place, f"`{self.name}`: `{words[0]}` {why}")
            return []
        holds = self.true_or_false(self.spot / "changed") if "changed" in words else True
        old, new = (tuple(self.values(self.spot / w)) if w in words else None for w in ("from", "to"))
        changed = Changed(self.name, old, new, self.place, self.kind)
        if holds is False and len(words) > 1:
            self.wrong(first, "`changed: false` says the opposite of `from` and `to`")
        return [Not(changed, self.place)] if holds is False else [changed]

    def why_no_change(self) -> str | None:
        if self.name in self.scope.fields.derived:
            return "cannot be asked of a derived field, which has no changes of its own"
        return self.scope.no_change


def is_momentary(condition: Condition) -> bool:
    """Can this condition hold at the step of a change only, and not last?"""
    match condition:
        case Changed():
            return True
        case All(parts):
            return any(is_momentary(part) for part in parts)
        case Any_(parts):
            return bool(parts) and all(is_momentary(part) for part in parts)
        case _:
            return False


def may_be_momentary(condition: Condition) -> bool:
    """Is there a way for this condition to hold at the step of a change only?"""
    if isinstance(condition, Any_):
        return any(may_be_momentary(part) for part in condition.parts)
    return is_momentary(condition)


def fields_in(condition: Condition | None) -> set[str]:
    """The fields that a condition asks for."""
    match condition:
        case All(parts) | Any_(parts):
            return {name for part in parts for name in fields_in(part)}
        case Not(part):
            return fields_in(part)
        case Test() | Changed():
            return {condition.field}
        case _:
            return set()


def calendars_in(condition: Condition | None) -> set[str]:
    """The calendars that a condition asks for by `inside` and `outside`."""
    match condition:
        case All(parts) | Any_(parts):
            return {name for part in parts for name in calendars_in(part)}
        case Not(part):
            return calendars_in(part)
        case Test(op=Op.INSIDE | Op.OUTSIDE):
            return {condition.values[0]}
        case _:
            return set()
