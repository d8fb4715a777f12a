"""When a run has to end before it is done: its time is up, or somebody pressed Ctrl-C.

Stages ask between two transactions; what they have stored by then is where the next run goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.world import World


@dataclass(slots=True)
class Stop:
    """*deadline* is on the world's monotonic clock, in seconds; *interrupted* is set by whoever catches
    Ctrl-C."""

    world: World
    deadline: float | None = None
    interrupted: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether the stage at work should come to an end."""
        return self.interrupted or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether the time given is over."""
        return self.deadline is not None and self.world.monotonic() >= self.deadline
