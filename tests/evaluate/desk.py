"""A small desk to tell stories on: rules as text, tickets as short timelines, times of one week.

The week is that of Monday 2 March 2026; London is on UTC then. `business` is open Monday to Friday, 9 to 17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent, indent
from typing import Any

from connector.evaluate import Evaluation, evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.cycle import Cycle
from connector.model.instant import DAY, HOUR, MINUTE, Instant, Millis, parse_instant, to_datetime
from connector.model.kind import FieldType
from connector.model.record import Change, Record
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Rulebook

MONDAY = parse_instant("2026-03-02T00:00:00Z")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

BUSINESS = """
calendar: business
timezone: Europe/London
hours: {mon-fri: "09:00-17:00"}
day: 8h
"""
OPEN = "start: {state: {not_in: [resolved, closed, cancelled]}}\nstop: {state: [resolved, closed]}\n"


def t(written: str) -> Instant:
    """`mon 09:30` (`mon2`: a week later), or ISO 8601."""
    day, _, clock = written.partition(" ")
    if day.rstrip("23") not in DAYS:
        return parse_instant(written)
    weeks = int(day[3:] or 1) - 1
    parts = [int(part) for part in clock.split(":")] + [0]
    return (
        MONDAY
        + (weeks * 7 + DAYS.index(day[:3])) * DAY
        + parts[0] * HOUR
        + parts[1] * MINUTE
        + parts[2] * 1000
    )


def told(instant: Instant | None) -> str | None:
    """An instant as `t` reads it."""
    if instant is None:
        return None
    moment, week = to_datetime(instant), (instant - MONDAY) // (7 * DAY) + 1
    clock = f"{moment:%H:%M}" if instant % MINUTE == 0 else f"{moment:%H:%M:%S}"
    return f"{DAYS[moment.weekday()]}{'' if week == 1 else week} {clock}"


def book(text: str, *, at: Instant = MONDAY, extra: Mapping[str, FieldType] | None = None) -> Rulebook:
    """The rules of *text*."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(dedent(text))
        return load_rulebook([Path(folder)], shipped_kinds(), at=at, extra_fields=extra or {})


def desk(target: str, *, more: str = "", agreement: str = "") -> Rulebook:
    """An agreement for all incidents with one target called `clock`. *more*: further documents; *agreement*:
    further keys of it."""
    return book(
        f"{BUSINESS}---\n{dedent(more)}\n---\n" * bool(more)
        + (f"{BUSINESS}---\n" if not more else "")
        + "agreement: desk\ntype: sla\ncalendar: business\n"
        + ("" if "applies_to" in agreement else "applies_to: {record: [incident]}\n")
        + f"{dedent(agreement)}\ntargets:\n  clock:\n{indent(dedent(target), '    ')}\n"
    )


def ticket(opened: str, *changes: tuple[str, str, Any], key: str = "INC1", **fields: Any) -> Record:
    """A ticket with its fields as they were at first, and changes (when, field, to) in order."""
    now: dict[str, Any] = {"state": "new", "priority": 3, **fields, "opened": t(opened)}
    history = []
    for number, (when, name, value) in enumerate(changes):
        history.append(Change(t(when), name, now.get(name), value, seq=number))
        now[name] = value
    return Record("incident", "acme", key.lower(), key, now, tuple(history))


def look(rules: Rulebook, record: Record, at: str) -> Evaluation:
    """The evaluation of one ticket."""
    return evaluate([record], rules, at=t(at), kinds=shipped_kinds())


def clocks(rules: Rulebook, record: Record, at: str) -> list[Cycle]:
    """The cycles of one ticket, in order of number."""
    return sorted(look(rules, record, at).cycles(), key=lambda cycle: (cycle.target, cycle.number))


def clock(rules: Rulebook, record: Record, at: str) -> Cycle:
    """The only cycle of one ticket."""
    (found,) = clocks(rules, record, at)
    return found


def states(cycles: Sequence[Cycle]) -> list[str]:
    """How each cycle stands."""
    return [str(cycle.state) for cycle in cycles]


def timeline(cycle: Cycle) -> list[str]:
    """What happened to a cycle, when."""
    return [f"{told(moment.at)} {moment.event}" for moment in cycle.timeline]


def minutes(length: Millis | None) -> float | None:
    """A length in minutes."""
    return None if length is None else length / MINUTE
