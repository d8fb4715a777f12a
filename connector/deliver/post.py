"""A delivery under way at one source by one channel: what every step of it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.channels.port import Channel
from connector.deliver.tally import Tally
from connector.model.effect import Effect
from connector.model.instant import Millis
from connector.store import Store
from connector.store.queues import Queued
from connector.world import World

Waiting = Mapping[str, list[Queued]]  # what waits, by queue


@dataclass(frozen=True, slots=True)
class Post:
    """*until* is the world's monotonic time at which it has to end; *stop* tells that somebody wants it
    to."""

    store: Store
    world: World
    source: str
    channel: Channel
    settle: Millis
    tally: Tally
    until: float | None
    stop: Callable[[], bool]
    redirect_to: str | None = None  # where all notices go, in a test environment

    @property
    def is_over(self) -> bool:
        """Time is up, or somebody asked to stop."""
        late = self.until is not None and self.world.monotonic() >= self.until
        return late or self.stop()

    @staticmethod
    def effects(waiting: Waiting, keys: Sequence[str]) -> list[Effect]:
        """The effects of those keys."""
        wanted = set(keys)
        return [one.row.effect for queue in waiting.values() for one in queue if one.row.effect.key in wanted]
