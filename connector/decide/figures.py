"""A cycle's figures as at its last event.

What stands on the platform changes when something happened, not whenever a sync looks: written values are
those of the last timeline entry, so that they are the same however often, and however late, a sync runs.
"""

from __future__ import annotations

from fractions import Fraction

from connector.model.cycle import Cycle, Moment, State
from connector.model.instant import Millis
from connector.rules.rulebook import Line, LineKind, Target


def elapsed_at_last_event(cycle: Cycle, target: Target) -> Millis:
    """The open time counted by the last entry of the timeline.

    A clock that does not run has counted nothing since, so its elapsed time is it. For a running one the
    entry tells it, or the line it crossed does; at any other entry at least as much as at the line before.
    """
    if cycle.state is not State.RUNNING or not cycle.timeline:
        return cycle.elapsed
    last = cycle.timeline[-1]
    if last.elapsed is not None:
        return last.elapsed
    lines = {line.written: line for line in target.lines}
    crossed = [_elapsed_at(moment, lines, cycle.time) for moment in cycle.timeline]
    return min(max(crossed, default=0), cycle.elapsed)


def _elapsed_at(moment: Moment, lines: dict[str, Line], time: Millis | None) -> Millis:
    """What the elapsed time must have been for a line to be crossed; 0 where that tells nothing."""
    line = lines.get(moment.event)
    if time is None:
        return 0
    if moment.event == "breached":
        return time
    if line is None or line.kind is LineKind.EVENT:
        return 0
    if line.kind is LineKind.PERCENT:
        return int(time * (line.share or Fraction(0)))
    length = line.length or 0
    return time - length if line.kind is LineKind.BEFORE else time + length


def used(elapsed: Millis, time: Millis | None) -> float | None:
    """Elapsed over time, cut to four decimals; None where there is no time to compare with."""
    return elapsed * 10_000 // time / 10_000 if time else None
