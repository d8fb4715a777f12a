"""What must have happened, told without a line of the engine: targets of one hour, always open.

A ticket's history is a list of (instant, state); instants are milliseconds. The clock runs in `1` and `2`,
stands still in `3`, stops in `6` and `7`, and `8` takes it away; a stopped or taken ticket that opens again
begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HOUR = 3_600_000
RUNNING, PAUSED, STOPPED, TAKEN = ("1", "2"), ("3",), ("6", "7"), ("8",)

History = list[tuple[int, str]]


@dataclass
class Expected:
    """One cycle as it must look."""

    started: int
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
        return self.reached(HOUR) if self.elapsed() > HOUR else None

    @property
    def half_at(self) -> int | None:
        return self.reached(HOUR // 2)

    @property
    def state(self) -> str:
        if self.is_taken:
            return "cancelled"
        if self.ended is not None:
            return "missed" if self.elapsed() > HOUR else "met"
        return "running" if self.is_running else "paused"

    @property
    def due(self) -> int | None:
        """When the hour was, or would be, used up; a clock that stands still in time has none."""
        if self.state == "paused" and self.breached_at is None:
            return None
        if (reached := self.reached(HOUR)) is not None:
            return reached
        return self.spans[-1][1] + HOUR - self.elapsed() if self.ended is None else self._had_it_run_on()

    def _had_it_run_on(self) -> int:
        assert self.ended is not None
        return self.ended + HOUR - self.elapsed()


def cycles(history: History, now: int) -> list[Expected]:
    """The cycles of a ticket as of *now*."""
    found: list[Expected] = []
    current: Expected | None = None
    for at, state in history:
        if at > now:
            break
        if current is not None:
            _count(current, at)
        if current is None and state in RUNNING + PAUSED:
            current = Expected(started=at)
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
