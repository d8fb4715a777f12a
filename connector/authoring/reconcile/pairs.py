"""Which of Accord's cycles is which of the platform's, and by how much they differ.

Cycles belong together where they overlap most. One that was cancelled, or has no time to keep, counts
nowhere: where it has no counterpart, nothing is missing. How a difference came about is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from connector.evaluate.lent import Lent
from connector.model.cycle import Cycle, State
from connector.model.instant import Instant, Millis

_NOWHERE = (State.CANCELLED, State.RESET)
_JUDGED = (State.MET, State.MISSED)


@dataclass(frozen=True, slots=True)
class Theirs:
    """A cycle of the platform as of the instant of the comparison."""

    origin: Instant
    lent: Lent

    @property
    def name(self) -> str:
        return self.lent.cycle.name

    @property
    def started(self) -> Instant:
        return self.lent.cycle.started

    @property
    def elapsed(self) -> Millis | None:
        """What it has counted; of a running one nobody knows it to the second."""
        return None if self.lent.state is State.RUNNING else self.lent.cycle.elapsed


@dataclass(frozen=True, slots=True)
class Differences:
    """Accord's figure minus the platform's, in milliseconds; None: there is nothing to compare. *state*:
    they stand otherwise, or only one of them counts."""

    start: Millis | None = None
    due: Millis | None = None
    elapsed: Millis | None = None
    end: Millis | None = None
    state: bool = False

    def within(self, tolerance: Millis) -> bool:
        """Whether they tell the same."""
        lengths = (self.start, self.due, self.elapsed, self.end)
        return not self.state and all(abs(one or 0) <= tolerance for one in lengths)

    def shifted(self) -> Millis | None:
        """The one length by which all instants are shifted, though nothing else differs; else None."""
        instants = {one for one in (self.start, self.due, self.end) if one is not None}
        steady = not (self.state or self.elapsed)
        return instants.pop() if len(instants) == 1 and steady and self.start is not None else None


COMPARED = tuple(one.name for one in fields(Differences))[:4]


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together; one side may be missing."""

    ours: Cycle | None
    theirs: Theirs | None

    def differences(self) -> Differences:
        """By how much the two differ; nothing to compare where one is missing."""
        if self.ours is None or self.theirs is None:
            return Differences(state=True)
        ours, theirs = self.ours, self.theirs
        lent = theirs.lent
        if not (counts(ours) or counts(theirs)):
            return Differences()
        if counts(ours) is not counts(theirs):
            return Differences(start=ours.started - theirs.started, state=True)
        both_judged = ours.state in _JUDGED and lent.state in _JUDGED
        both_paused = ours.state is State.PAUSED and lent.state is State.PAUSED
        return Differences(
            start=ours.started - theirs.started,
            due=_minus(ours.due, lent.due),
            elapsed=_minus(ours.elapsed, theirs.elapsed) if both_judged or both_paused else None,
            end=_minus(ours.ended, lent.ended),
            state=state_of(ours) != state_of(lent),
        )


def counts(cycle: Cycle | Theirs) -> bool:
    """Whether anybody counts it: not what was cancelled, nor what has no time to keep."""
    if isinstance(cycle, Theirs):
        return cycle.lent.state not in _NOWHERE
    return cycle.state not in _NOWHERE and cycle.time is not None


def state_of(cycle: Cycle | Lent) -> str:
    """How a cycle stands, in words that both sides have."""
    if isinstance(cycle, Cycle) and cycle.time is None:
        return "no target"
    if cycle.state in _NOWHERE:
        return "cancelled"
    is_late = cycle.state.is_open and cycle.breached_at is not None
    return f"{cycle.state}, breached" if is_late else str(cycle.state)


def pairs(ours: Sequence[Cycle], theirs: Sequence[Theirs], now: Instant) -> list[Pair]:
    """Who belongs to whom; those left alone only where they count."""
    found: list[Pair] = []
    left, right = list(ours), list(theirs)
    for _, _, _, here, there in sorted(
        (*_closeness(one, other, now), i, j)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if _overlap(one, other, now) > 0 or one.started == other.started
    ):
        if ours[here] in left and theirs[there] in right:
            left.remove(ours[here])
            right.remove(theirs[there])
            found.append(Pair(ours[here], theirs[there]))
    left = [one for one in left if counts(one)]
    right = [one for one in right if counts(one)]
    if len(left) == len(right) == 1:  # they do not even overlap, but whose else should they be
        return [*found, Pair(left[0], right[0])]
    return [*found, *(Pair(one, None) for one in left), *(Pair(None, one) for one in right)]


def _closeness(ours: Cycle, theirs: Theirs, now: Instant) -> tuple[bool, Millis, Millis]:
    """Smaller is closer: both count, they overlap long, they start together."""
    return (
        counts(ours) is not counts(theirs),
        -_overlap(ours, theirs, now),
        abs(ours.started - theirs.started),
    )


def _overlap(ours: Cycle, theirs: Theirs, now: Instant) -> Millis:
    ends = [now if end is None else end for end in (ours.ended, theirs.lent.ended)]
    return min(ends) - max(ours.started, theirs.started)


def _minus(ours: int | None, theirs: int | None) -> int | None:
    return None if ours is None or theirs is None else ours - theirs
