"""One run of a target's clock on a ticket, with its figures and its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.model.instant import Instant, Millis


class State(StrEnum):
    """Where a cycle stands (rules: Clocks)."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    CANCELLED = "cancelled"
    RESET = "reset"

    @property
    def is_open(self) -> bool:
        return self in (State.RUNNING, State.PAUSED)


@dataclass(frozen=True, slots=True)
class TicketId:
    """Which ticket: the platform's own id identifies it, `key` is what people call it."""

    source: str
    kind: str
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline: at *at*, *event* happened. For a crossed line *event* is the line as written
    (`75%`, `30m before`, `2h after`); else one of started, paused, resumed, breached, breach_withdrawn, met,
    missed, cancelled, reset, reopened. *elapsed* is the open time counted by then, where the evaluation
    tells it."""

    at: Instant
    event: str
    elapsed: Millis | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle. Lengths in milliseconds; None where the rules say there is none (`none` target, paused
    due…)."""

    ticket: TicketId
    agreement: str
    version: int
    target: str
    number: int  # from 1, in order of origin, within (ticket, agreement, target)
    origin: Instant  # the instant of the cycle's starting step: part of its identity
    state: State
    started: Instant  # where counting begins
    ended: Instant | None
    elapsed: Millis
    time: Millis | None
    remaining: Millis | None
    due: Instant | None
    breached_at: Instant | None
    used: float | None  # elapsed / time, cut to four decimals
    excluded: str | None  # the reason, where an `exclude` row holds
    paused: Millis  # open time spent paused
    warnings: tuple[Moment, ...]  # the percent, before and after lines crossed, in order
    timeline: tuple[Moment, ...]  # every event and line, in order
    next_at: Instant | None  # the next line to come if nothing changes; None where none will
    entry: str  # `file:line` of the entry of `within` in force
    rule_hash: str  # of the enacted text
    history: str  # the history source the figures rest on
