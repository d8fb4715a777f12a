"""What must have happened, told without a line of the engine: targets of fixed lengths, always open.

A ticket's history is a list of (instant, state); instants are milliseconds. The clock runs in `new` and
`in progress`, stands still `on hold`, stops when `resolved` or `closed`, and `cancelled` takes it away; a
stopped or taken ticket that opens again begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE = 60_000
HOUR = 60 * MINUTE
RUNNING, PAUSED, STOPPED, TAKEN = ("new", "in progress"), ("on hold",), ("resolved", "closed"), ("cancelled",)

History = list[tuple[int, str]]


@dataclass
class Expected:
    """One cycle as it must look. *time* is what it may take."""

    started: int
    time: int = HOUR
    spans: list[list[int]] = field(default_factory=list)  # while it ran: [from, to]
    ended: int | None = None
    is_running: bool = False
    is_taken: bool = False

    def elapsed(self) -> int:
        return sum(to - start for start, to in self.spans)

    def reached(self, length: int) -> int | None:
        """When the clock had counted *length*."""
        for start, to in self.spans:
            if to - start >= length:
                return start + length
            length -= to - start
        return None

    @property
    def breached_at(self) -> int | None:
        return self.reached(self.time) if self.elapsed() > self.time else None

    @property
    def half_at(self) -> int | None:
        return self.reached(self.time // 2)

    @property
    def state(self) -> str:
        if self.is_taken:
            return "cancelled"
        if self.ended is not None:
            return "missed" if self.elapsed() > self.time else "met"
        return "running" if self.is_running else "paused"

    @property
    def due(self) -> int | None:
        """When the time was, or would be, used up; a clock that stands still in time has none."""
        if self.state == "paused" and self.breached_at is None:
            return None
        if (reached := self.reached(self.time)) is not None:
            return reached
        end = self.spans[-1][1] if self.ended is None else self.ended
        return end + self.time - self.elapsed()


def cycles(history: History, now: int, time: int = HOUR) -> list[Expected]:
    """The cycles of a ticket as of *now*."""
    found: list[Expected] = []
    current: Expected | None = None
    for at, state in history:
        if at > now:
            break
        if current is not None:
            _count(current, at)
        if current is None and state in RUNNING + PAUSED:
            current = Expected(started=at, time=time)
            found.append(current)
        if current is None:
            continue
        if state in STOPPED + TAKEN:
            current.ended, current.is_taken, current.is_running = at, state in TAKEN, False
            current = None
        elif (state in RUNNING) is not current.is_running:
            current.is_running = state in RUNNING
            current.spans += [[at, at]] if current.is_running else []
    if current is not None:
        _count(current, now)
    return found


def _count(cycle: Expected, at: int) -> None:
    if cycle.is_running:
        cycle.spans[-1][1] = at
