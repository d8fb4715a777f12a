"""What a ticket's own SLA fields should hold: the cycle that is due next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.decide.decision import Desk, Known
from connector.decide.figures import elapsed_at_last_event, used
from connector.decide.keys import fields_key
from connector.model.cycle import Cycle
from connector.model.effect import Effect, Output
from connector.model.instant import Instant

EMPTY: Mapping[str, Any] = {"sla_state": None, "sla_due": None, "sla_target": None, "sla_used": None}


def ticket_fields(desk: Desk, known: Known) -> Effect | None:
    """The fields as they should be; None where nothing is to be said (closed, or they were never filled)."""
    key = fields_key(desk.context.instance, desk.ticket)
    shown = due_next(desk)
    may_be_filled = key in known.desired or _may_have_been_filled(desk)
    if desk.is_closed or (shown is None and not may_be_filled):
        return None
    return Effect(
        key=key,
        output=Output.FIELDS,
        source=desk.record.source,
        queue=desk.queue,
        payload=EMPTY if shown is None else _values(desk, shown),
        ticket=desk.ticket,
        at=last_event_at(shown) if shown else 0,
    )


def _may_have_been_filled(desk: Desk) -> bool:
    """Whether a clock ran here while another store was in use, of which this one is an older copy."""
    until = desk.context.doubted_until
    return until is not None and any(cycle.started <= until for cycle in desk.cycles)


def due_next(desk: Desk) -> Cycle | None:
    """The open cycle with the earliest due; those without one (paused, no target) come after."""
    return min(open_cycles(desk), key=_by_due, default=None)


def open_cycles(desk: Desk) -> list[Cycle]:
    """The cycles an agent should know of: open, and not excluded."""
    return [cycle for cycle in desk.cycles if cycle.state.is_open and cycle.excluded is None]


def last_event_at(cycle: Cycle) -> Instant:
    """When the last thing happened to a cycle."""
    return cycle.timeline[-1].at if cycle.timeline else cycle.started


def _by_due(cycle: Cycle) -> tuple[bool, int, bool, str, str, int]:
    return (
        cycle.due is None,
        cycle.due or 0,
        cycle.time is None,
        cycle.agreement,
        cycle.target,
        cycle.origin,
    )


def _values(desk: Desk, cycle: Cycle) -> dict[str, Any]:
    elapsed = elapsed_at_last_event(cycle, desk.target(cycle))
    return {
        "sla_state": str(cycle.state),
        "sla_due": cycle.due,
        "sla_target": f"{cycle.target} ({desk.agreement(cycle).title})",
        "sla_used": used(elapsed, cycle.time),
    }
