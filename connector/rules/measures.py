"""What an objective measures: the key of its measure, checked and resolved (rules: Objectives).

`Objective.of` and the `settings` of each measure:

* `attained`, `mean`: the target's name
* `percentile`: the rank, a Fraction of 100; `of`: the target's name
* `availability`: the service, None where read from tickets; `record`: the kinds, `down`: a condition or None
* `share`: the condition; `record`: the kinds
* `score`: `kind.field` as written; `record`: the kinds (one), `field`
* `metric`: the metric's name; `aggregate`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal

from pydantic import Field as Key

from connector.model.kind import FieldType, Kind
from connector.rules.actions import Register
from connector.rules.conditions import Scope, optional_condition, read_condition
from connector.rules.fields import NUMBERS, Fields
from connector.rules.reading import Form, Reading, Spot, shaped, unknown
from connector.rules.rulebook import Calendar
from connector.rules.schema import ANY, BOUND, CONDITION, LENGTH, NAMES, PART, ROWS
from connector.rules.values import WrongValue, a, read_length, read_number, read_share, shown

MEASURES = ("attained", "availability", "mean", "percentile", "share", "score", "metric")
AGGREGATES = ("mean", "sum", "min", "max", "count", "last", "median")


class ObjectiveForm(Form):
    """A promise over a period; the key of its measure comes with the measured thing."""

    attained: str | None = Key(None, description="a target: the share of counted cycles that were met")
    availability: ANY = Key(None, description="a service, or {record, where, down}")
    mean: str | None = Key(None, description="a target: the mean elapsed time")
    percentile: ANY = Key(None, description="the rank; `of` names the target")
    share: CONDITION = Key(None, description="the share of records for which this condition holds")
    score: str | None = Key(None, description="kind.field: the mean of a number")
    metric: str | None = Key(None, description="a named operational metric")
    of: str | None = None
    record: NAMES = None
    aggregate: str | None = None
    where: CONDITION = None
    each: ANY = Key(None, description="a field, or {field: [values]}: a figure per value")
    calendar: str | None = None
    per: str = Key("month", description="day, week, month, quarter, year, rolling 30d, rolling 12 months")
    starts: int = Key(1, ge=1, le=28, description="the period's first day of the month")
    at_least: BOUND = None
    at_most: BOUND = None
    and_: PART = Key(None, alias="and", description="a second condition, {downtime: {lt: 10m}}")
    warn: ANY = None
    min_count: int = Key(0, ge=0)
    allow_missed: int = Key(0, ge=0)
    empty: Literal["no_data", "met"] = "no_data"
    count: Literal["cycles", "tickets"] = "cycles"
    counted_by: Literal["outcome", "ended", "started"] = "outcome"
    exclude: ROWS = None
    shorter_than: LENGTH = None
    credit: PART = None
    missed: ROWS = None


class _TicketsForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("record", "down")
    record: NAMES = None
    where: CONDITION = None
    down: CONDITION = None


@dataclass(frozen=True, slots=True)
class Promises:
    """What an agreement's objectives are read in."""

    scope_of: Callable[[Collection[str]], Scope]  # kinds → what a condition on their records may refer to
    kinds: Mapping[str, Kind]
    own_kinds: tuple[str, ...]
    targets: Collection[str]
    calendars: Mapping[str, Calendar | None]
    register: Register


@dataclass(slots=True)
class Measured:
    """What an objective measures: resolved from the key of its measure."""

    measure: str
    of: Any
    kinds: tuple[str, ...]
    where: Spot | None = None
    settings: dict[str, Any] = field(default_factory=dict)


Unit = Callable[[Any], Fraction]


def length_of(data: Any) -> Fraction:
    if not isinstance(data, str):
        raise WrongValue(f"a length is expected here, not {shown(data)}", "write 3h", "bad-length")
    return Fraction(read_length(data))


UNITS: Mapping[str, Unit] = {
    "attained": read_share, "availability": read_share, "share": read_share,
    "mean": length_of, "percentile": length_of,
    "score": read_number, "metric": read_number,
}  # fmt: skip


def measured_at(reading: Reading, spot: Spot, form: ObjectiveForm, promises: Promises) -> Measured | None:
    written = [key for key in MEASURES if key in spot.data]
    if len(written) != 1:
        what = "says nothing to measure" if not written else f"measures two things, {' and '.join(written)}"
        hint = f"write one of {', '.join(MEASURES)}"
        reading.wrong("missing-key", spot, f"the objective {spot.loc[-1]!r} {what}", hint)
        return None
    measure = written[0]
    if measure not in form:
        return None
    measured = _MEASURES[measure](reading, spot, form, promises)
    if "where" in form:
        if measured.where is not None:
            reading.wrong("unknown-key", spot / "where", "`where` stands in `availability` already")
        measured.where = spot / "where"
    _check_keys(reading, spot, measure)
    return measured


_ONLY_FOR = {
    "of": ("percentile",),
    "record": ("share",),
    "aggregate": ("metric",),
    "calendar": ("availability",),
    "shorter_than": ("availability",),
    "and": ("availability",),
    "count": ("attained",),
    "counted_by": ("attained",),
    "allow_missed": ("attained",),
}


def _check_keys(reading: Reading, spot: Spot, measure: str) -> None:
    for key, measures in _ONLY_FOR.items():
        if spot.has(key) and measure not in measures:
            where = (spot / key).key_place
            reading.wrong(
                "unknown-key", where, f"`{key}` belongs to {' and '.join(measures)}, not to {measure}"
            )


def _target(reading: Reading, spot: Spot, promises: Promises) -> str:
    if spot.data not in promises.targets:
        hint = unknown(str(spot.data), promises.targets)
        reading.wrong("no-target", spot, f"the agreement has no target {shown(spot.data)}", hint)
    return str(spot.data)


def _of_target(reading: Reading, spot: Spot, _form: ObjectiveForm, promises: Promises) -> Measured:
    measure = next(key for key in ("attained", "mean") if spot.has(key))
    return Measured(measure, _target(reading, spot / measure, promises), promises.own_kinds)


def _percentile(reading: Reading, spot: Spot, _form: ObjectiveForm, promises: Promises) -> Measured:
    rank = value_at(reading, spot / "percentile", read_number)
    if rank is not None and not 0 < rank <= 100:
        reading.wrong("bad-number", spot / "percentile", "a percentile lies between 0 and 100", "write 90")
    if not spot.has("of"):
        reading.wrong("missing-key", spot, "`of` is missing", "write of: and the target's name")
    target = _target(reading, spot / "of", promises) if spot.has("of") else ""
    return Measured("percentile", rank, promises.own_kinds, settings={"of": target})


def _availability(reading: Reading, spot: Spot, _form: ObjectiveForm, promises: Promises) -> Measured:
    where = spot / "availability"
    if isinstance(where.data, str):
        kinds = _kinds(reading, where, ("outage",), promises)
        return Measured("availability", where.data, kinds, settings={"record": kinds, "down": None})
    tickets = shaped(reading, where, _TicketsForm)
    if tickets is None or tickets.record is None:
        return Measured("availability", None, promises.own_kinds)
    kinds = known_kinds(reading, where / "record", promises.kinds)
    down = optional_condition(
        reading, where / "down" if "down" in tickets else None, promises.scope_of(kinds)
    )
    inner = where / "where" if "where" in tickets else None
    return Measured("availability", None, kinds, inner, {"record": kinds, "down": down})


def _share(reading: Reading, spot: Spot, form: ObjectiveForm, promises: Promises) -> Measured:
    kinds = promises.own_kinds
    if form.record is not None:
        kinds = known_kinds(reading, spot / "record", promises.kinds)
    condition = read_condition(reading, spot / "share", promises.scope_of(kinds))
    return Measured("share", condition, kinds, settings={"record": kinds})


def _score(reading: Reading, spot: Spot, form: ObjectiveForm, promises: Promises) -> Measured:
    where, (kind, _, name) = spot / "score", str(form.score).partition(".")
    if not name:
        reading.wrong(
            "bad-value", where, f"{shown(form.score)} is not kind.field", "write satisfaction.rating"
        )
        return Measured("score", form.score, promises.own_kinds)
    kinds = _kinds(reading, where, (kind,), promises)
    if kinds:
        _check_number(reading, where, name, promises.scope_of(kinds).fields)
    return Measured("score", form.score, kinds, settings={"record": kinds, "field": name})


def _check_number(reading: Reading, spot: Spot, name: str, fields: Fields) -> None:
    try:
        kind = fields.type_of(name)
        if kind not in NUMBERS | {FieldType.DURATION}:
            raise WrongValue(f"`{name}` is {a(kind)}, a score needs a number", None, "wrong-type")
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)


def _metric(reading: Reading, spot: Spot, form: ObjectiveForm, promises: Promises) -> Measured:
    aggregate = form.aggregate or "mean"
    rank = re.fullmatch(r"p(\d{1,2}(\.\d{1,3})?|100)", aggregate, re.ASCII)
    if aggregate not in AGGREGATES and not rank:
        hint = unknown(aggregate, AGGREGATES) or f"write p95 or one of {', '.join(AGGREGATES)}"
        reading.wrong("bad-value", spot / "aggregate", f"{aggregate!r} is no aggregate", hint)
    kinds = ("metric",) if "metric" in promises.kinds else ()
    return Measured("metric", form.metric, kinds, settings={"aggregate": aggregate})


_MEASURES: Mapping[str, Callable[[Reading, Spot, ObjectiveForm, Promises], Measured]] = {
    "attained": _of_target,
    "mean": _of_target,
    "percentile": _percentile,
    "availability": _availability,
    "share": _share,
    "score": _score,
    "metric": _metric,
}


def known_kinds(reading: Reading, spot: Spot, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The kinds named at *spot* (one, or a list) that there are; the others are noted."""
    known = []
    for each in spot.items() if isinstance(spot.data, list) else [spot]:
        if each.data in kinds:
            known.append(each.data)
        else:
            hint = unknown(str(each.data), kinds)
            reading.wrong("unknown-kind", each, f"there is no kind {shown(each.data)}", hint)
    return tuple(dict.fromkeys(known))


def _kinds(reading: Reading, spot: Spot, names: tuple[str, ...], promises: Promises) -> tuple[str, ...]:
    for name in names:
        if name not in promises.kinds:
            reading.wrong("unknown-kind", spot, f"there is no kind {name!r}", unknown(name, promises.kinds))
    return tuple(name for name in names if name in promises.kinds)


def value_at(reading: Reading, spot: Spot, unit: Callable[[Any], Fraction]) -> Fraction | None:
    """The value at *spot*, None (with the error noted) where there is none."""
    try:
        return unit(spot.data)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None
