"""An office that hears of tickets: rules as text, real evaluation, and what was decided before,
remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.decide import Context, Decided, Decision, Known, decide, load_wording
from connector.evaluate import evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.effect import Effect, Held, Output
from connector.model.instant import Instant
from connector.model.record import Record
from connector.stages.standing import Standing
from tests.evaluate.desk import book, t

KINDS = shipped_kinds()
RULES = """
agreement: acme-gold
type: sla
title: ACME gold
applies_to: {record: incident}
timezone: Europe/London
exclude: []
targets:
  resolution:
    start: {state: {not_in: [resolved, closed, cancelled]}}
    pause: {state: on_hold}
    stop: {state: [resolved, closed]}
    cancel: {state: cancelled}
    within: [{time: 4h}]
    on: {ON}
"""


def rules(on: str, *, exclude: str = "[]", also: str = "") -> str:
    """The rules with these lines; *exclude* rows; *also* is another target."""
    return RULES.replace("{ON}", on).replace("exclude: []", f"exclude: {exclude}") + also


NOTED = """
      50%: [{note: true}]
      75%: [{note: true}]
      breached: [{note: true}, {create: problem}]"""


@dataclass
class Office:
    """Decides as of the instants it is asked at, and remembers."""

    rules: str = RULES.replace("{ON}", NOTED)
    switches: Mapping[str, str] = field(default_factory=dict)
    start: Instant = 0
    known: Known = field(default_factory=Known)
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = book(self.rules)

    def hears(self, at: str, *records: Record, **more: Any) -> Decision:
        """What is decided on *records* as of *at*; from then on it is known."""
        evaluation = evaluate(records, self.book, at=t(at), kinds=KINDS)
        decision = decide(evaluation.cycles(), self.known, self.book, self._context(records, **more))
        self._remember(decision)
        return decision

    def _context(self, records: Sequence[Record], **more: Any) -> Context:
        settings = {
            "instance": "https://acme",
            "tickets": records,
            "start": self.start,
            "in_force_since": {(a.name, a.version): 0 for a in self.book.agreements},
            "holds": Standing(self.book).holds,
            "opening": Standing(self.book).opening,
            "wording": load_wording(),
            "switch": lambda name: self.switches.get(name, "on"),
            "kinds": KINDS,
        }
        return Context(**{**settings, **self.more, **more})

    def _remember(self, decision: Decision) -> None:
        values = [one.effect for one in decision.effects if not one.effect.is_act]
        waiting = {one.effect.key for one in decision.effects if one.effect.is_act}
        self.known = Known(
            self.known.events | {event.key for event in decision.events},
            {**self.known.desired, **{effect.key: effect for effect in values}},
            (self.known.waiting | waiting) - set(decision.withdrawn),
        )


def acts(decision: Decision) -> list[str]:
    """The acts that may go out once it is their turn, by name."""
    return [one.effect.name for one in decision.effects if one.effect.is_act and one.held is Held.TURN]


def of(decision: Decision, output: Output) -> list[Effect]:
    """The effects of one output."""
    return [one.effect for one in decision.effects if one.effect.output is output]


def held(decision: Decision) -> dict[str, Held | None]:
    """Why each effect is held, by name."""
    return {one.effect.name: one.held for one in decision.effects}


def texts(decision: Decision) -> list[str]:
    """What the notes say."""
    return [effect.payload["text"] for effect in of(decision, Output.NOTE)]


__all__ = ["Decided", "Office", "acts", "held", "of", "t", "texts"]
