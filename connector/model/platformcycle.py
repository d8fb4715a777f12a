"""A cycle of the platform's own SLA engine, as the platform told it when it was last read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.model.instant import Instant, Millis
from connector.model.record import Record, Reference

KIND = "platform_cycle"  # the canonical kind of its records


@dataclass(frozen=True, slots=True)
class PlatformCycle:
    """One run of an SLA named *name* on a ticket. Lengths in milliseconds; None: the platform does not tell
    it. *state* is running, paused, ended or cancelled, or the platform's own word.

    *elapsed* of a running one is as of some reading or calculation: it moves with time alone.
    """

    id: str
    name: str
    state: str
    started: Instant
    ended: Instant | None = None
    due: Instant | None = None
    goal: Millis | None = None
    elapsed: Millis | None = None
    paused: Millis | None = None
    breached: bool = False
    updated: Instant = 0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, whatever ended it."""
        return self.ended is not None or self.state in ("ended", "cancelled")


def same_name(one: str, other: str) -> bool:
    """Whether two names of an SLA mean the same one: text is compared without case."""
    return one.strip().casefold() == other.strip().casefold()


def platform_cycle(record: Record) -> PlatformCycle | None:
    """The cycle that a record of kind `platform_cycle` tells of; None where it has no name or start."""
    fields: dict[str, Any] = dict(record.fields)
    name, started = fields.get("name"), fields.get("started")
    name = str(name) if isinstance(name, Reference | str) else ""
    if not name or started is None:
        return None
    # A schedule's figures stand beside those round the clock; without a schedule they may be empty.
    elapsed, paused = fields.get("elapsed"), fields.get("paused")
    return PlatformCycle(
        id=record.id,
        name=name,
        state=str(fields.get("state") or ""),
        started=started,
        ended=fields.get("ended"),
        due=fields.get("due"),
        goal=fields.get("goal") or None,
        elapsed=fields.get("elapsed_always") if elapsed is None else elapsed,
        paused=fields.get("paused_always") if paused is None else paused,
        breached=bool(fields.get("breached")),
        updated=record.updated or 0,
    )


def in_turn(cycles: list[PlatformCycle]) -> list[tuple[Instant, PlatformCycle]]:
    """The cycles of one SLA on one ticket in order, each with the instant that identifies it for ever: where
    it starts or, where a retroactive start puts several at one instant, where the one before ended.

    The platform may have made its records anew (a repair), and a copy of the old ones may be known here: of
    two that tell of the same run the one updated last counts.
    """
    found: list[tuple[Instant, PlatformCycle]] = []
    for one in sorted(_latest(cycles), key=_in_time):
        origin = one.started
        if found:
            before, last = found[-1]
            origin = max(origin, before + 1, last.ended if last.ended is not None else origin)
        found.append((origin, one))
    return found


def _latest(cycles: list[PlatformCycle]) -> list[PlatformCycle]:
    kept: dict[tuple[Instant, Instant | None], PlatformCycle] = {}
    for one in sorted(cycles, key=lambda cycle: (cycle.updated, cycle.id)):
        kept[one.started, one.ended] = one
    still = [one for one in kept.values() if not one.is_over]
    newest = max(still, key=lambda cycle: (cycle.updated, cycle.id), default=None)
    return [one for one in kept.values() if one.is_over or one is newest]


def _in_time(cycle: PlatformCycle) -> tuple[bool, Instant, Instant, str]:
    return (not cycle.is_over, cycle.started, cycle.ended or cycle.started, cycle.id)
