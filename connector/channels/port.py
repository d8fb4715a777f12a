"""What delivery needs of a way out. A platform is one; mail and webhooks are others.

Whatever a channel cannot look up it must say so by `Guard.ONCE`: delivery then sends it at most once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.errors import AccordError
from connector.model.effect import Effect
from connector.platforms.port import Answer, Outcome, Request


class Channel(Protocol):
    """A way out (`connector.platforms.port.Platform` has the same five)."""

    @property
    def at_once(self) -> int:
        """How many requests one call of `send` may be given: they leave together, or soon after another."""

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """The requests that carry these effects of one queue, in order, merged where they can go together."""

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """The remote id of what each request would write, where it is already there."""

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """Read in bulk what the sending of these, soon after, has to know of what is there. Nothing is
        claimed yet."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """One answer for each request, in order."""


class Nowhere:
    """A way out that is not configured any more: nothing can be sent by it."""

    at_once = 1

    def __init__(self, name: str) -> None:
        self._name = name

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """Raises AccordError, always."""
        del effects, remote
        hint = "see `notify:` in the configuration; `accord outbox drop` forgets it"
        raise AccordError(f"notices do not go by {self._name} any more", hint=hint)

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """Nothing can be looked up."""
        return [None] * len(requests)

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """There is nothing to know."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Nothing is sent."""
        return [Answer(Outcome.REFUSED, words=f"there is no channel {self._name}")] * len(requests)
