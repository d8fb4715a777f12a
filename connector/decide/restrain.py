"""What keeps effects from going out: switches, closed tickets, a test environment.

That is told by an effect and its ticket alone. How many acts a run may do is not decided here: it weighs
all that wait at a source, so every act is held until its turn comes (see deliver/pace.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.decide.decision import Decided, Desk
from connector.model.effect import Effect, Held, Output, redirected


def restrained(decided: Iterable[Decided], desk: Desk) -> list[Decided]:
    """*decided* without outputs that are switched off, each marked where it is not to be delivered."""
    kept = (one for one in decided if desk.context.switch(one.effect.name) != "off")
    return [_restrained(one, desk) for one in kept]


def _restrained(decided: Decided, desk: Desk) -> Decided:
    effect = redirected(decided.effect, desk.context.redirect_to)
    return replace(decided, effect=effect, held=_why_held(effect, decided.waits, desk))


def _why_held(effect: Effect, waits: Held | None, desk: Desk) -> Held | None:
    if desk.context.switch(effect.name) != "on":
        return Held.SWITCHED
    if effect.name in desk.context.placeless:
        return Held.PLACELESS
    if desk.is_closed and is_on_the_ticket(effect):
        return Held.CLOSED
    return desk.context.cautious or waits or Held.TURN if effect.is_act else None


def is_on_the_ticket(effect: Effect) -> bool:
    """Whether an effect writes on the ticket itself."""
    by_note = effect.output is Output.NOTIFY and effect.payload.get("channel") == "platform"
    return effect.output in (Output.FIELDS, Output.NOTE) or by_note
