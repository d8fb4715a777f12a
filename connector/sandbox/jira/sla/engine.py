"""One issue's cycles of one SLA, walked event by event.

Start and stop conditions are hit by events, pause conditions match states. Of simultaneous ones stopping
comes before pausing before starting. A stop closes the cycle, the next start after it opens a new one; a
start while a cycle goes on changes nothing. The goal is the first of the list that fits, looked at again
after every event; elapsed time is carried over when it changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.sandbox.jira.sla.calendar import Hours


@dataclass(frozen=True, slots=True)
class Goal:
    """So much open time, in milliseconds."""

    length: int
    hours: Hours


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the issue at an instant, as the SLA sees it. `goal` is what fits afterwards."""

    at: int
    starts: bool
    stops: bool
    paused: bool
    goal: Goal | None


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle as it is reported; instants in epoch milliseconds. `stopped` None: it goes on."""

    started: int
    stopped: int | None
    due: int
    goal: int
    elapsed: int
    paused: bool = False
    within_hours: bool = True

    @property
    def remaining(self) -> int:
        return self.goal - self.elapsed

    @property
    def breached(self) -> bool:
        return self.elapsed > self.goal


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    completed: tuple[Cycle, ...]
    ongoing: Cycle | None

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        return (*self.completed, self.ongoing) if self.ongoing else self.completed


@dataclass(slots=True)
class _Running:
    """A cycle while it is walked through."""

    started: int
    at: int  # counted up to here
    paused: bool
    goal: Goal
    elapsed: int = 0
    counted: list[tuple[int, int, Goal]] = field(default_factory=list)  # (from, elapsed before, under)

    def count(self, until: int) -> None:
        if not self.paused and until > self.at:
            self.counted.append((self.at, self.elapsed, self.goal))
            self.elapsed += self.goal.hours.between(self.at, until)
        self.at = max(self.at, until)

    def due(self, now: int) -> int:
        """When the counted time reaches, or reached, the goal."""
        length = self.goal.length
        for begin, before, under in reversed(self.counted):
            if before < length <= self.elapsed:
                return under.hours.after(begin, length - before)
        return self.goal.hours.after(now, length - self.elapsed)

    def cycle(self, now: int, *, stopped: bool) -> Cycle:
        within = self.goal.hours.is_open(now)
        return Cycle(
            self.started,
            now if stopped else None,
            self.due(now),
            self.goal.length,
            self.elapsed,
            self.paused,
            within,
        )


def walk(events: Iterable[Event], now: int) -> ServiceLevel:
    """The cycles that the events make, as they stand at `now`."""
    completed: list[Cycle] = []
    running: _Running | None = None
    for event in events:
        if event.at > now:
            break
        if running:
            running = _step(running, event, completed)
        if running is None and event.starts and event.goal:
            running = _Running(event.at, event.at, event.paused, event.goal)
    if running is None:
        return ServiceLevel(tuple(completed), None)
    running.count(now)
    return ServiceLevel(tuple(completed), running.cycle(now, stopped=False))


def _step(running: _Running, event: Event, completed: list[Cycle]) -> _Running | None:
    """What an event makes of a cycle that goes on."""
    running.count(event.at)
    if event.stops:
        completed.append(running.cycle(event.at, stopped=True))
        return None
    if event.goal is None:  # no goal fits any more: the SLA leaves the issue
        return None
    running.goal, running.paused = event.goal, event.paused
    return running
