"""Targets: what is written over a preset over `like:` over the framework, as one resolved clock.

Nothing is measured here (see `connector.evaluate`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field as Key

from connector.model.kind import FieldType
from connector.rules.actions import Register, read_lines
from connector.rules.advice import check_target
from connector.rules.conditions import Scope, optional_condition, read_condition
from connector.rules.fields import TEXTS
from connector.rules.presets import LIKE, preset
from connector.rules.reading import Form, Reading, Spot, shaped, text_list, unknown
from connector.rules.rulebook import (
    After,
    All,
    Calendar,
    Condition,
    Entry,
    FieldDue,
    FieldTime,
    Target,
    Time,
)  # fmt: skip
from connector.rules.schema import ANY, CONDITION, LINES, NAMES, PART, ROWS
from connector.rules.values import WrongValue, a, read_time, shown
from connector.yamldoc import Document

CONDITIONS = ("start", "stop", "pause", "resume", "cancel", "reset")


class ManneredForm(Form):
    """Keys of a target that a framework may give a default for."""

    at_limit: Literal["met", "missed"] = Key(
        "met", description="what a cycle is that ends exactly at its time"
    )
    on_goal_change: Literal["recompute", "carry", "restart"] = Key("recompute")
    reopen: Literal["new_cycle", "resume", "ignore"] = Key("new_cycle")
    start_must_hold: bool = False
    retroactive: Literal["first", "every"] = "first"
    retroactive_pause: bool = True
    born_stopped: Literal["none", "met"] = "none"
    breach_stands: bool = False
    unpausable: bool = False
    count_resets: bool = False
    measure: Literal["cycle", "total"] = "cycle"
    start_at: str = Key("match", description="match, or a datetime field: a retroactive start")


MANNERS = tuple(ManneredForm.model_fields)


class TargetForm(ManneredForm):
    """One clock."""

    is_: Literal["response", "resolution", "rhythm", "stint"] | None = Key(
        None, alias="is", description="a preset"
    )
    like: Literal["servicenow", "jsm"] | None = Key(
        None, description="the manners of that platform's SLA engine"
    )
    group: NAMES = Key(None, description="with is: stint, the groups whose time is measured")
    calendar: str | None = None
    start: CONDITION = None
    stop: CONDITION = None
    pause: CONDITION = None
    resume: CONDITION = None
    cancel: CONDITION = None
    reset: CONDITION = None
    after: PART = Key(None, description="{target, event}: begins at another target's event")
    within: ROWS = Key(None, description="rows of {when, time, calendar}; the first that matches counts")
    on: LINES = Key(None, description="lines and events with their actions")
    measured_by: PART = Key(None, description="{platform: NAME}: cycles of the platform's own SLA engine")
    reconcile_with: NAMES = Key(
        None, description="the platform's SLAs that `accord reconcile` lays beside it; default: of its name"
    )


_KEYS = frozenset(info.alias or name for name, info in TargetForm.model_fields.items())


class EntryForm(Form):
    """A row of `within`."""

    when: CONDITION = None
    time: ANY = Key(None, description="a length, a due date, {field: F} or none")
    until: ANY = Key(None, description="{field: F}: a due date given in the ticket")
    calendar: str | None = None
    on_goal_change: Literal["recompute", "carry", "restart"] | None = None


class AfterForm(Form):
    """The event of another target that a target begins at."""

    needs: ClassVar[tuple[str, ...]] = ("target", "event")
    target: str = ""
    event: Literal["started", "ended", "met", "missed", "breached"] = "ended"


class MeasuredByForm(Form):
    """Whose cycles a target takes instead of a clock of its own."""

    needs: ClassVar[tuple[str, ...]] = ("platform",)
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a target is read in: its agreement's scope and calendar, and the defaults from above."""

    scope: Scope
    register: Register
    calendars: Mapping[str, Calendar | None]  # None: there, but not readable
    calendar: str
    framework: Mapping[str, Any]
    like: str | None
    names: Collection[str]  # all targets of the agreement


@dataclass(frozen=True, slots=True)
class _Layers:
    """The keys of a target: typed values, and where the parts stand that are read from their place."""

    values: Mapping[str, Any]
    spots: Mapping[str, Spot]


def read_target(reading: Reading, name: str, spot: Spot, around: Surroundings) -> Target | None:
    """The target *name* at *spot* with everything resolved; None where nothing can be made of it."""
    form = shaped(reading, spot, TargetForm)
    if form is None:
        return None
    calendar = _calendar(reading, spot, form.calendar, around)
    entries = tuple(_entries(reading, spot, calendar or around.calendar, around))
    lines = read_lines(reading, spot / "on", around.scope, around.register) if "on" in form else ()
    target = Target(name, spot.key_place, entries, start=None, lines=lines, calendar=calendar)
    if "measured_by" in form:
        target = replace(target, measured_by=_measured_by(reading, spot / "measured_by"))
    else:
        target = _with_clock(reading, spot, form, target, around)
        target = replace(target, reconcile_with=text_list(form.reconcile_with))
    check_target(reading, spot, target, _KEYS)
    return target


def _with_clock(
    reading: Reading, spot: Spot, form: TargetForm, target: Target, around: Surroundings
) -> Target:
    """*target* with what its clock starts, stops and goes by."""
    layers = _layers(reading, spot, form, around)
    manners = {key: value for key, value in layers.values.items() if key in MANNERS}
    start_at = manners.pop("start_at", "match")
    start, stop, pause, resume, cancel, reset = (
        optional_condition(reading, layers.spots.get(key), around.scope) for key in CONDITIONS
    )
    return replace(
        target,
        start_at=_start_at(reading, spot, start_at, around.scope),
        after=_after(reading, target.name, spot / "after", around.names) if "after" in form else None,
        start=start,
        stop=stop,
        pause=pause,
        resume=resume,
        cancel=cancel,
        reset=reset,
        **manners,
    )


def _layers(reading: Reading, spot: Spot, form: TargetForm, around: Surroundings) -> _Layers:
    values: dict[str, Any] = dict(around.framework)
    spots: dict[str, Spot] = {}
    values |= LIKE.get(form.like or around.like or "", {})
    if form.is_ is not None:
        given = preset(form.is_, _groups(reading, spot, form))
        at = Document(spot.document.file, given, {}, {})
        values |= {key: value for key, value in given.items() if key in MANNERS}
        spots |= {key: Spot(at, (key,), (spot / "is").place) for key in CONDITIONS if key in given}
    elif "group" in form:
        reading.wrong("unknown-key", spot / "group", "`group` belongs to a stint", "write is: stint")
    for key in form.model_fields_set:
        if key in MANNERS:
            values[key] = getattr(form, key)
        elif key in CONDITIONS:
            spots[key] = spot / key
    return _Layers(values, spots)


def _groups(reading: Reading, spot: Spot, form: TargetForm) -> tuple[str, ...]:
    groups = text_list(form.group)
    if form.is_ == "stint" and not groups:
        reading.wrong("missing-key", spot, "a stint needs its `group`", "write group: network")
    if form.is_ != "stint" and groups:
        reading.wrong("unknown-key", spot / "group", "`group` belongs to a stint", "write is: stint")
    return groups or ("?",)


def _calendar(reading: Reading, spot: Spot, name: str | None, around: Surroundings) -> str | None:
    return None if name is None else calendar_at(reading, spot / "calendar", around.calendars)


def calendar_at(reading: Reading, spot: Spot, calendars: Mapping[str, Calendar | None]) -> str:
    """The name of the calendar at *spot*; where there is none of that name, with the error noted."""
    name = str(spot.data)
    if name not in calendars:
        what = f"there is no calendar {shown(spot.data)}"
        reading.wrong("no-calendar", spot, what, unknown(name, calendars))
    return name


def _start_at(reading: Reading, spot: Spot, name: str, scope: Scope) -> str | None:
    if name == "match":
        return None
    where = spot / "start_at" if spot.has("start_at") else spot
    try:
        kind = scope.fields.type_of(name)
    except WrongValue as wrong:
        reading.wrong(wrong.code, where, wrong.what, wrong.hint)
        return None
    if kind is not FieldType.DATETIME:
        reading.wrong("wrong-type", where, f"`start_at` needs a datetime, `{name}` is {a(kind)}")
    return name


def _after(reading: Reading, name: str, spot: Spot, names: Collection[str]) -> After | None:
    form = shaped(reading, spot, AfterForm)
    if form is None or "target" not in form or "event" not in form:
        return None
    if form.target not in names:
        hint = unknown(form.target, [each for each in names if each != name])
        reading.wrong("no-target", spot / "target", f"the agreement has no target {form.target!r}", hint)
        return None
    return After(form.target, form.event)


def _measured_by(reading: Reading, spot: Spot) -> str | None:
    form = shaped(reading, spot, MeasuredByForm)
    return form.platform if form is not None and form.platform else None


def _entries(reading: Reading, spot: Spot, calendar: str, around: Surroundings) -> Iterator[Entry]:
    within = spot / "within"
    if not spot.has("within"):
        if not spot.has("measured_by"):
            reading.wrong("missing-key", spot, "`within` is missing", "write within: [{time: 4h}]")
        return
    if not isinstance(within.data, list) or not within.data:
        hint = "write within: [{time: 4h}], or [{time: none}] for best effort"
        reading.wrong("wrong-type", within, "`within` is a list of rows", hint)
    for item in within.items():
        form = shaped(reading, item, EntryForm)
        if form is not None and (entry := _entry(reading, item, form, calendar, around)):
            yield entry


def _entry(
    reading: Reading, spot: Spot, form: EntryForm, calendar: str, around: Surroundings
) -> Entry | None:
    own = _calendar(reading, spot, form.calendar, around) or calendar
    scope = around.scope.without_change("cannot be asked in `within`, which is judged at every step")
    when: Condition = All((), spot.place)
    if "when" in form:
        when = read_condition(reading, spot / "when", scope)
    time = _time(reading, spot, around.calendars.get(own), scope)
    return None if time is None else Entry(when, time, own, spot.place, form.on_goal_change)


def _time(reading: Reading, spot: Spot, calendar: Calendar | None, scope: Scope) -> Time | None:
    if spot.has("time") == spot.has("until"):
        what = "`time` and `until` exclude each other" if spot.has("time") else "`time` is missing"
        reading.wrong("missing-key", spot, what, "write one of time: 4h, until: {field: F}, time: none")
        return None
    key = "time" if spot.has("time") else "until"
    where = spot / key
    try:
        if isinstance(where.data, dict):
            return _from_field(key, where.data, scope)
        if key == "until":
            raise WrongValue(
                f"`until` takes a due date from the ticket, not {shown(where.data)}", "write {field: F}"
            )
        if not isinstance(where.data, str):
            raise WrongValue(
                f"a time is expected here, not {shown(where.data)}", "write 4h or none", "bad-time"
            )
        return read_time(where.data, calendar)
    except WrongValue as wrong:
        reading.wrong(wrong.code, where, wrong.what, wrong.hint)
        return None


def _from_field(key: str, data: Mapping[str, Any], scope: Scope) -> FieldTime | FieldDue:
    name = data.get("field")
    if set(data) != {"field"} or not isinstance(name, str):
        raise WrongValue(f"`{key}` is read from one field", "write {field: F}", "wrong-type")
    kind = scope.fields.type_of(name)
    fitting = TEXTS | {FieldType.DURATION} if key == "time" else {FieldType.DATETIME}
    if kind not in fitting:
        wanted = "a duration" if key == "time" else "a datetime"
        raise WrongValue(f"`{key}` needs {wanted}, `{name}` is {a(kind)}", None, "wrong-type")
    written = f"{{field: {name}}}"
    return FieldTime(name, written) if key == "time" else FieldDue(name, written)
