"""Cycles, facts and agreements for tests of objectives and reports: valid ones in one call."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from connector.errors import Position
from connector.evaluate.objectives import Fact
from connector.model.cycle import Cycle, State, TicketId
from connector.model.instant import HOUR, parse_instant
from connector.model.record import Value
from connector.rules.rulebook import (
    Agreement,
    All,
    Bound,
    Condition,
    Entry,
    Objective,
    Op,
    OpenTime,
    Target,
    Test,
)

PLACE = Position("rules/acme.yaml", 12, 3)
EVERY = All((), PLACE)


def is_one_of(field: str, *values: Value) -> Test:
    """The condition that *field* is one of *values*."""
    return Test(field, Op.IN, values, PLACE)


def fact(
    key: str,
    state: str = "met",
    *,
    at: str = "2026-10-05T12:00:00Z",
    hours: float = 1,
    time: float | None = 4,
    number: int = 1,
    url: str | None = None,
    values: dict[str, Value] | None = None,
    **more: Any,
) -> Fact:
    """A cycle that started an hour before *at*, and met its target, or broke it, at *at*."""
    instant = parse_instant(at)
    late = state == "missed" or (state in ("running", "paused") and time is not None and hours > time)
    cycle = Cycle(
        ticket=TicketId("acme", "incident", f"id-{key}", key),
        agreement="acme-desk",
        version=1,
        target="resolution",
        number=number,
        origin=instant - HOUR,
        state=State(state),
        started=instant - HOUR,
        ended=None if state in ("running", "paused") else instant,
        elapsed=int(hours * HOUR),
        time=None if time is None else int(time * HOUR),
        remaining=None,
        due=None,
        breached_at=instant if late else None,
        used=None,
        excluded=None,
        paused=0,
        warnings=(),
        timeline=(),
        next_at=None,
        entry="rules/acme.yaml:31",
        rule_hash="f00d",
        history="sys_audit",
    )
    return Fact(replace(cycle, **more), values or {}, url)


def at_least(value: str, when: Condition | None = None) -> Bound:
    """A row of `at_least`."""
    return Bound(when, Fraction(value), PLACE)


def objective(**more: Any) -> Objective:
    """`attained: resolution`, monthly, at least 95 %."""
    given = {"name": "resolved-in-time", "measure": "attained", "of": "resolution", "place": PLACE}
    return Objective(**{**given, "at_least": (at_least("0.95"),), **more})


def agreement(*objectives: Objective, **more: Any) -> Agreement:
    """An enacted SLA with a `resolution` target of four hours."""
    entry = Entry(EVERY, OpenTime(4 * HOUR, "4h"), "always", PLACE)
    given: dict[str, Any] = {
        "name": "acme-desk",
        "version": 1,
        "type": "sla",
        "title": "ACME service desk",
        "status": "enacted",
        "place": PLACE,
        "timezone": "UTC",
        "valid_from": None,
        "valid_until": None,
        "kinds": ("incident",),
        "where": None,
        "targets": {"resolution": Target("resolution", PLACE, (entry,), EVERY)},
        "objectives": {one.name: one for one in objectives or (objective(),)},
        "exclude": (),
        "calendar": "always",
        "hash": "c0ffee" * 8,
    }
    return Agreement(**{**given, **more})
