"""What keeps effects from going out: switches, closed tickets, a test environment.

That is told by an effect and its ticket alone. How many acts a run may do is not decided here: it weighs
all that wait at a source, so every act is held until its turn comes (see deliver/pace.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.decide.decision import Context, Decided, Desk
from connector.model.effect import Effect, Held, Output


def restrained(decided: Iterable[Decided], desk: Desk) -> list[Decided]:
    """*decided* without outputs that are switched off, each marked where it is not to be delivered."""
    kept = (one for one in decided if desk.context.switch(one.effect.name) != "off")
    return [_restrained(one, desk) for one in kept]


def _restrained(decided: Decided, desk: Desk) -> Decided:
    effect = _redirected(decided.effect, desk.context)
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


def _redirected(effect: Effect, context: Context) -> Effect:
    """In a test environment a notice goes to one address only and says whom it was for: a cloned instance
    knows the addresses of real customers."""
    if context.redirect_to is None or effect.output is not Output.NOTIFY:
        return effect
    meant = ", ".join(effect.payload["recipients"])
    subject = f"[test, for {meant}] {effect.payload['subject']}"
    return replace(
        effect, payload={**effect.payload, "recipients": [context.redirect_to], "subject": subject}
    )
