"""Something that was not known yet: a timeline entry of a cycle, or a closed period."""

from __future__ import annotations

from dataclasses import dataclass

from connector.model.cycle import Cycle
from connector.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Event:
    """A timeline entry that earlier runs did not know. A silent event changes fields but starts no act."""

    key: str
    cycle: Cycle
    at: Instant
    name: str  # the event or the line as written
    silent: bool = False
    why_silent: str | None = None
