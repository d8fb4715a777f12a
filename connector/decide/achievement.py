"""The achievement record of a cycle, kept up to date through its life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connector.decide.decision import Desk, Known
from connector.decide.fields import last_event_at
from connector.decide.figures import elapsed_at_last_event, used
from connector.decide.keys import cycle_key
from connector.model.cycle import Cycle, State
from connector.model.effect import Effect, Output
from connector.model.instant import SECOND


def achievements(desk: Desk, known: Known) -> Iterator[Effect]:
    """One effect for each cycle that is open, or ended at or after the start, or is on record already; and
    one for each record whose cycle the history as it is now does not have."""
    present = {cycle_key(desk.context.instance, cycle): cycle for cycle in desk.cycles}
    since = desk.context.start if desk.context.record_from is None else desk.context.record_from
    for key, cycle in present.items():
        if key in known.desired or cycle.ended is None or cycle.ended >= since:
            yield _effect(desk, key, cycle)
    for key, effect in known.desired.items():
        is_ours = effect.output is Output.ACHIEVEMENT and effect.ticket is not None
        if is_ours and key not in present and _same_ticket(desk, effect):
            yield _vanished(effect)


def _effect(desk: Desk, key: str, cycle: Cycle) -> Effect:
    return Effect(
        key=key,
        output=Output.ACHIEVEMENT,
        source=cycle.ticket.source,
        queue=desk.queue,
        payload=_values(desk, key, cycle),
        ticket=cycle.ticket,
        at=last_event_at(cycle),
    )


def _values(desk: Desk, key: str, cycle: Cycle) -> dict[str, Any]:
    """The fields of kind `achievement`: instants in milliseconds, lengths in whole seconds."""
    elapsed = elapsed_at_last_event(cycle, desk.target(cycle))
    return {
        "key": key,
        "ticket": cycle.ticket.id,
        "agreement": cycle.agreement,
        "version": cycle.version,
        "target": cycle.target,
        "cycle": cycle.number,
        "state": str(cycle.state),
        "started": cycle.started,
        "due": cycle.due,
        "ended": cycle.ended,
        "breached_at": cycle.breached_at,
        "elapsed_s": elapsed // SECOND,
        "time_s": None if cycle.time is None else cycle.time // SECOND,
        "used": used(elapsed, cycle.time),
        "excluded": cycle.excluded,
        "rule_hash": cycle.rule_hash,
        "history": cycle.history,
    }


def _vanished(effect: Effect) -> Effect:
    """Late history took the cycle away: its record stays, as one that does not count."""
    return replace(effect, payload={**effect.payload, "state": str(State.CANCELLED), "due": None})


def _same_ticket(desk: Desk, effect: Effect) -> bool:
    ticket = effect.ticket
    return ticket is not None and (ticket.kind, ticket.id) == (desk.record.kind, desk.record.id)
