"""Objectives: what is promised over time (rules: Objectives). Checked and typed here, computed in `evaluate`.

Bounds are shares of one, milliseconds (`mean`, `percentile`) or plain numbers (`score`, `metric`). Settings
where written: `calendar` (name), `shorter_than` (milliseconds), `and` ({measure: ((op, value), …)}) and
`credit` ({"bands": ({"below": Fraction, "percent": Fraction}, …)}); those of each measure are in `measures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import Field as Key

from connector.rules.actions import read_actions
from connector.rules.conditions import Scope, optional_condition, read_condition
from connector.rules.measures import UNITS, ObjectiveForm, Promises, Unit, length_of, measured_at, value_at
from connector.rules.reading import Form, Reading, Spot, shaped, unknown
from connector.rules.rulebook import Action, Bound, ExcludeRow, Objective
from connector.rules.schema import ANY, CONDITION, ROWS, SHARE
from connector.rules.targets import calendar_at
from connector.rules.values import WrongValue, read_number, shown

PERIODS = ("day", "week", "month", "quarter", "year", "rolling 30d", "rolling 12 months")
_PERIOD = re.compile(r"day|week|month|quarter|year|rolling \d{1,4}d|rolling \d{1,3} months?", re.ASCII)
_MORE_IS_BETTER = {"attained": True, "availability": True, "mean": False, "percentile": False}
_COMPARISONS = ("lt", "le", "gt", "ge")


class ExcludeForm(Form):
    """What is kept and printed with its reason, and not counted."""

    needs: ClassVar[tuple[str, ...]] = ("when", "reason")
    when: CONDITION = None
    reason: str = ""


class _BoundForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("is",)
    when: CONDITION = None
    is_: ANY = Key(None, alias="is")


class BandForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("below", "percent")
    below: SHARE = None
    percent: ANY = None


class CreditForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("bands",)
    bands: ROWS = None


def read_objective(reading: Reading, name: str, spot: Spot, promises: Promises) -> Objective | None:
    """The objective *name* at *spot*; None where nothing can be made of it."""
    form = shaped(reading, spot, ObjectiveForm)
    measured = measured_at(reading, spot, form, promises) if form is not None else None
    if form is None or measured is None:
        return None
    _check_direction(reading, spot, measured.measure)
    scope = promises.scope_of(measured.kinds)
    unit = UNITS[measured.measure]
    each, each_values = _each(reading, spot / "each", scope) if "each" in form else (None, None)
    of_each = scope.fields.only(each or "", "a bound, which may only test the field of `each`")
    bounds = Scope(of_each, (), "cannot be asked of a period")
    return Objective(
        name=name,
        measure=measured.measure,
        of=measured.of,
        place=spot.key_place,
        per=period_at(reading, spot / "per") if "per" in form else form.per,
        starts=_starts(reading, spot, form),
        where=optional_condition(reading, measured.where, scope),
        each=each,
        each_values=each_values,
        at_least=tuple(_bounds(reading, spot / "at_least", unit, bounds)) if "at_least" in form else (),
        at_most=tuple(_bounds(reading, spot / "at_most", unit, bounds)) if "at_most" in form else (),
        warn=value_at(reading, spot / "warn", unit) if "warn" in form else None,
        min_count=form.min_count,
        allow_missed=form.allow_missed,
        empty=form.empty,
        count=form.count,
        counted_by=form.counted_by,
        exclude=tuple(read_excludes(reading, spot / "exclude", scope)) if "exclude" in form else (),
        missed=_missed(reading, spot, promises) if "missed" in form else (),
        settings=measured.settings | dict(_settings(reading, spot, form, measured.measure, promises)),
    )


def _check_direction(reading: Reading, spot: Spot, measure: str) -> None:
    """Doubt a promise not to be better than something."""
    if measure not in _MORE_IS_BETTER:
        return
    odd, usual = ("at_most", "at_least") if _MORE_IS_BETTER[measure] else ("at_least", "at_most")
    if spot.has(odd) and not spot.has(usual):
        what = f"`{odd}` is missed by doing better: `{measure}` is usually promised with `{usual}`"
        reading.doubt("odd-direction", (spot / odd).key_place, what, f"did you mean {usual!r}?")


def _each(reading: Reading, spot: Spot, scope: Scope) -> tuple[str | None, tuple[str, ...] | None]:
    name, values = spot.data, None
    if isinstance(name, dict) and len(name) == 1:
        ((name, listed),) = name.items()
        values = tuple(str(value) for value in listed) if isinstance(listed, list) else None
        if not values:
            reading.wrong(
                "wrong-type",
                spot / name,
                "`each` needs a list of values here",
                "write each: {location: [eu, us]}",
            )
    if not isinstance(name, str):
        reading.wrong("wrong-type", spot, "`each` names one field", "write each: priority")
        return None, None
    try:
        scope.fields.type_of(name)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
    return name, values


def period_at(reading: Reading, spot: Spot) -> str:
    """The period written at *spot*."""
    if not isinstance(spot.data, str) or not _PERIOD.fullmatch(spot.data):
        hint = unknown(str(spot.data), PERIODS)
        reading.wrong("bad-period", spot, f"{shown(spot.data)} is no period", hint)
        return "month"
    return spot.data


def _starts(reading: Reading, spot: Spot, form: ObjectiveForm) -> int:
    if "starts" in form and form.per not in ("month", "quarter", "year"):
        reading.wrong("unknown-key", (spot / "starts").key_place, f"`starts` has no meaning per {form.per}")
    return form.starts


def _bounds(reading: Reading, spot: Spot, unit: Unit, scope: Scope) -> Iterator[Bound]:
    if not isinstance(spot.data, list):
        if (value := value_at(reading, spot, unit)) is not None:
            yield Bound(None, value, spot.place)
        return
    for item in spot.items():
        form = shaped(reading, item, _BoundForm)
        if form is None or "is" not in form:
            continue
        when = optional_condition(reading, item / "when" if "when" in form else None, scope)
        if (value := value_at(reading, item / "is", unit)) is not None:
            yield Bound(when, value, item.place)


def read_excludes(reading: Reading, spot: Spot, scope: Scope) -> Iterator[ExcludeRow]:
    """The rows of `exclude` at *spot*."""
    if not isinstance(spot.data, list):
        hint = "write [{when: {…}, reason: …}]"
        reading.wrong("wrong-type", spot, "`exclude` is a list of rows", hint)
    for item in spot.items():
        form = shaped(reading, item, ExcludeForm)
        if form is not None and "when" in form and "reason" in form:
            yield ExcludeRow(read_condition(reading, item / "when", scope), form.reason, item.place)


def _missed(reading: Reading, spot: Spot, promises: Promises) -> tuple[Action, ...]:
    scope = promises.scope_of(promises.own_kinds)
    return tuple(read_actions(reading, spot / "missed", scope, promises.register))


def _settings(
    reading: Reading, spot: Spot, form: ObjectiveForm, measure: str, promises: Promises
) -> Iterator[tuple[str, Any]]:
    if form.calendar is not None:
        yield "calendar", calendar_at(reading, spot / "calendar", promises.calendars)
    if "shorter_than" in form and (length := value_at(reading, spot / "shorter_than", length_of)) is not None:
        yield "shorter_than", int(length)
    if "and" in form:
        yield "and", _second(reading, spot / "and")
    if "credit" in form:
        yield "credit", {"bands": _bands(reading, spot / "credit", UNITS[measure])}


def _second(reading: Reading, spot: Spot) -> dict[str, Any]:
    """`and: {downtime: {lt: 10m}}`."""
    tests = []
    if not isinstance(spot.data, dict) or set(spot.data) != {"downtime"} or not (spot / "downtime").data:
        hint = "write and: {downtime: {lt: 10m}}"
        reading.wrong("wrong-type", spot, "the second condition is on `downtime`", hint)
        return {}
    for word, below in (spot / "downtime").pairs():
        if word not in _COMPARISONS:
            reading.wrong(
                "unknown-operator", below.key_place, f"unknown test {word!r}", unknown(word, _COMPARISONS)
            )
        elif (length := value_at(reading, below, length_of)) is not None:
            tests.append((word, int(length)))
    return {"downtime": tuple(tests)}


def _bands(reading: Reading, spot: Spot, unit: Unit) -> tuple[dict[str, Fraction], ...]:
    form = shaped(reading, spot, CreditForm)
    bands: list[dict[str, Fraction]] = []
    for item in (spot / "bands").items() if form is not None and "bands" in form else ():
        band = shaped(reading, item, BandForm)
        if band is None or "below" not in band or "percent" not in band:
            continue
        below = value_at(reading, item / "below", unit)
        percent = value_at(reading, item / "percent", read_number)
        if below is not None and percent is not None:
            if bands and below >= bands[-1]["below"]:
                what = "a band applies to values below it: the bands must fall"
                reading.wrong("bad-bands", item, what, "put the highest `below` first")
            bands.append({"below": below, "percent": percent})
    return tuple(bands)
