"""What a delivery did, counted for the summary and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.model.effect import Effect


@dataclass(frozen=True, slots=True)
class Refused:
    """An effect that was given up, and why."""

    key: str
    name: str  # note, achievement, create.problem…
    subject: str  # the ticket's key
    words: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """*done* counts effects by name; *unsure* and *again* those left for a later run. *stopped*: time was
    up, or somebody asked to stop."""

    done: Mapping[str, int] = field(default_factory=dict)
    set_aside: Sequence[Refused] = ()
    unsure: int = 0
    again: int = 0
    requests: int = 0
    stopped: bool = False


@dataclass(slots=True)
class Tally:
    """Counts while a delivery goes on."""

    done: Counter[str] = field(default_factory=Counter)
    set_aside: list[Refused] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    requests: int = 0
    stopped: bool = False

    def arrived(self, effects: Sequence[Effect]) -> None:
        """These effects are on the platform."""
        self.done.update(effect.name for effect in effects)
        self._no_longer_open(effects)

    def gave_up(self, effects: Sequence[Effect], words: str) -> None:
        """These effects will not be sent."""
        self.set_aside += [
            Refused(e.key, e.name, e.ticket.key if e.ticket else e.queue, words) for e in effects
        ]
        self._no_longer_open(effects)

    def _no_longer_open(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self.unsure.discard(effect.key)
            self.again.discard(effect.key)

    def total(self) -> Delivered:
        """The figures so far."""
        return Delivered(
            dict(self.done),
            tuple(self.set_aside),
            len(self.unsure),
            len(self.again),
            self.requests,
            self.stopped,
        )


def _subject(effect: Effect) -> str:
    return effect.ticket.key if effect.ticket else effect.queue
