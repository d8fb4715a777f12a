"""The evaluation of one batch of tickets: steps, conditions, clocks, figures, lines; columns in, columns out.

There is no loop over tickets, only over agreements and targets. How results are kept or shown is in
`results`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.applies import Applies
from connector.evaluate.arrays import NONE, Ints, filled
from connector.evaluate.columns import Tickets
from connector.evaluate.cycles import OPEN, Cycles, Stretches, cycles_of, ended_at, paused, running
from connector.evaluate.figures import Figures, count
from connector.evaluate.frame import Frame, frame
from connector.evaluate.masks import Hoursbook, Masks
from connector.evaluate.outcome import STATES, Outcome, cancelled_at_watermark, judge
from connector.evaluate.plan import ENDED_STATUSES, Plan
from connector.evaluate.reckoner import Reckoner
from connector.evaluate.terms import Ids
from connector.evaluate.timeline import Moments, next_at, timeline, warnings
from connector.evaluate.track import Line, Track, lay, with_events
from connector.model.cycle import State
from connector.rules.rulebook import After, Target

_MET, _MISSED = STATES.index(State.MET), STATES.index(State.MISSED)


@dataclass(frozen=True, slots=True)
class Measured:
    """One target of an agreement on a batch: its states, cycles and figures, and what happened to them.

    *indexes*: the agreement's versions that have the target, as positions in the plan. *moments* is the whole
    timeline, *paused* and *next_at* are known, only in a full evaluation; else *moments* are the warnings.
    """

    target: str
    indexes: Sequence[int]
    track: Track
    cycles: Cycles
    ran: Stretches
    outcome: Outcome
    state: Ints
    ended: Ints
    excluded: Ints  # by cycle: which `exclude` row of its agreement holds, -1 without
    warnings: Moments
    moments: Moments
    paused: Ints
    next_at: Ints


@dataclass(slots=True)
class Batch:
    """The evaluation of one batch."""

    plan: Plan
    frame: Frame
    masks: Masks
    applies: Applies
    reckoner: Reckoner
    measured: list[Measured] = field(default_factory=list)


def evaluate_batch(plan: Plan, tickets: Tickets, now: Ints, hoursbook: Hoursbook, *, full: bool) -> Batch:
    """Evaluate *tickets*, each as of its instant in *now*. *full*: with timelines, paused time and
    `next_at`."""
    framed = frame(tickets, now)
    masks = Masks(framed, hoursbook, plan.derives)
    applies = Applies(plan.agreements, masks)
    reckoner = Reckoner(hoursbook, Ids())
    batch = Batch(plan, framed, masks, applies, reckoner)
    for indexes in applies.versions():
        known: dict[str, Measured] = {}
        for name in _in_turn(plan, indexes):
            line = _line(plan, indexes, name, framed, known)
            known[name] = measure(batch, indexes, name, line, full=full)
        batch.measured += known.values()
    return batch


def measure(batch: Batch, indexes: Sequence[int], name: str, line: Line, *, full: bool) -> Measured:
    """The target *name* of the agreement versions *indexes* on *line*."""
    masks, reckoner = batch.masks, batch.reckoner
    track = lay(batch.applies, indexes, name, line, reckoner.ids)
    cycles = cycles_of(track, masks)
    ran = running(track, cycles)
    outcome = judge(track, cycles, ran, reckoner)
    state, ended = _at_watermark(outcome, cycles, track)
    crossed = warnings(track, cycles, outcome, reckoner)
    having = [i for i in indexes if name in batch.plan.agreements[i].targets]
    moments, still, coming = crossed, filled(len(cycles)), filled(len(cycles))
    if full:
        moments = timeline(track, cycles, ran, outcome, crossed, reckoner)
        still = _paused_time(track, cycles, outcome.figures, reckoner)
        coming = next_at(track, cycles, outcome, reckoner)
    excluded = _excluded(batch, having, cycles)
    return Measured(
        name, having, track, cycles, ran, outcome, state, ended, excluded, crossed, moments, still, coming
    )


def _in_turn(plan: Plan, indexes: Sequence[int]) -> list[str]:
    """The targets that have a clock of their own, each after those whose events it begins at."""
    turn: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        targets = _versions_of(plan, indexes, name)
        if name in turn or name in path or not targets:
            return
        for target in targets:
            if target.after is not None:
                visit(target.after.target, (*path, name))
        if any(target.measured_by is None for target in targets):
            turn.append(name)

    for index in indexes:
        for name in plan.agreements[index].targets:
            visit(name, ())
    return turn


def _versions_of(plan: Plan, indexes: Sequence[int], name: str) -> list[Target]:
    versions = (plan.agreements[index].targets for index in indexes)
    return [targets[name] for targets in versions if name in targets]


def _line(plan: Plan, indexes: Sequence[int], name: str, framed: Frame, known: dict[str, Measured]) -> Line:
    """The steps a target is judged at, with the events that its cycles begin at (`after`) among them."""
    followed = {target.after for target in _versions_of(plan, indexes, name)} - {None}
    if not followed:
        return Line(framed.steps)
    events: dict[After, tuple[Ints, Ints]] = {}
    for after in followed:
        assert after is not None
        other = known.get(after.target)
        cycle, at = (filled(0), filled(0)) if other is None else _events(after, other)
        events[after] = (filled(0) if other is None else other.cycles.ticket[cycle], at)
    return with_events(framed.steps, events)


def _events(after: After, other: Measured) -> tuple[Ints, Ints]:
    """The cycles that had the event, and when: as the other target's figures are now."""
    cycles, outcome = other.cycles, other.outcome
    if after.event == "started":
        # The starting step, however far back counting begins.
        return np.arange(len(cycles)), other.track.line.steps.at[cycles.origin]
    if after.event == "breached":
        cycle = np.flatnonzero(outcome.breached_at != NONE)
        return cycle, outcome.breached_at[cycle]
    states = {"met": [_MET], "missed": [_MISSED], "ended": [_MET, _MISSED]}[after.event]
    cycle = np.flatnonzero(np.isin(outcome.state, states))
    return cycle, cycles.until[cycle]


def _at_watermark(outcome: Outcome, cycles: Cycles, track: Track) -> tuple[Ints, Ints]:
    """States and ends; open cycles of suspended and retired agreements end as cancelled at the watermark."""
    state, ended = outcome.state, ended_at(track, cycles)
    is_over = np.array([terms.agreement.status in ENDED_STATUSES for terms in track.versions])[cycles.version]
    if is_over.any():
        ended = np.where(is_over & (cycles.end == OPEN), cycles.until, ended)
        state = np.where(is_over, cancelled_at_watermark(outcome, cycles), state)
    return state, ended


def _paused_time(track: Track, cycles: Cycles, figures: Figures, reckoner: Reckoner) -> Ints:
    nothing_whole = np.zeros(len(cycles), np.bool_)
    still = paused(track, cycles)
    counted = count(track, cycles, still, figures.rows, figures.calendar, nothing_whole, reckoner)
    return np.where(figures.is_due_date, 0, counted.elapsed())  # a due date counts it all


def _excluded(batch: Batch, indexes: Sequence[int], cycles: Cycles) -> Ints:
    """Of several `exclude` rows that hold at the ticket's latest step, the first gives the reason."""
    excluded = filled(len(cycles), -1)
    steps = batch.frame.steps
    latest = (steps.first + steps.live - 1)[cycles.ticket]
    for position, index in enumerate(indexes):
        rows = batch.plan.agreements[index].exclude
        for number in reversed(range(len(rows))):
            holds = batch.masks.holds(rows[number].when)[latest]
            excluded[holds & (cycles.version == position)] = number
    return excluded


def covered(batch: Batch) -> Iterator[tuple[int, Ints]]:
    """Each agreement (by position in the plan) with the tickets that it ever applied to."""
    steps = batch.frame.steps
    is_live = np.arange(len(steps.at)) < (steps.first + steps.live)[steps.ticket]
    for versions in batch.applies.versions():
        in_force = batch.applies.in_force(versions, steps.at)
        for position, index in enumerate(versions):
            holds = batch.applies.holds(index, steps.at, None) & (in_force == position) & is_live
            yield index, np.unique(steps.ticket[holds]).astype(np.int64)
