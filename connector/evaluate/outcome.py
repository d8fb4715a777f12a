"""How cycles stand: state, due and breach, with what earlier goals and ends of the same cycle had made of
them.

Rules: Clocks, *Met or missed*, *Due*, *Breach*, *Entry* (`breach_stands`, withdrawn breaches). Lines and
output are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from connector.evaluate import clock
from connector.evaluate.arrays import NONE, Bools, Ints, filled
from connector.evaluate.cycles import OPEN, Cycles, Stretches, ends
from connector.evaluate.figures import Figures, Rows, figures, turns
from connector.evaluate.reckoner import Reckoner
from connector.evaluate.track import Track
from connector.model.cycle import State

STATES = tuple(State)
_CODE = {state: code for code, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Breaches that a changed goal took back: the cycle, the breach, and the step's instant."""

    cycle: Ints
    breached_at: Ints
    at: Ints


@dataclass(frozen=True, slots=True)
class Standing:
    """By cycle, the breach that stands and the step that took its goal away; NONE without."""

    breached_at: Ints
    turn: Ints


@dataclass(frozen=True, slots=True)
class EarlierEnds:
    """Ends of cycles that resumed later: the cycle, the instant, whether its time was missed then, its
    elapsed."""

    cycle: Ints
    at: Ints
    missed: Bools
    elapsed: Ints


@dataclass(frozen=True, slots=True)
class Outcome:
    """How each cycle of a track stands."""

    figures: Figures
    state: Ints  # index into STATES
    due: Ints
    breached_at: Ints


def judge(track: Track, cycles: Cycles, ran: Stretches, reckoner: Reckoner) -> Outcome:
    """How each cycle stands: by the entry at its latest step, unless a breach under an earlier one stands."""
    rows = Rows(np.arange(len(cycles)), cycles.judged, cycles.until)
    found = figures(track, cycles, ran, rows, reckoner)
    # A due date given in the ticket may lie before the start: it is breached at the start.
    breached_at = np.where(found.is_over, np.maximum(found.due, found.started), NONE)
    standing = _standing(track, cycles, ran, found, reckoner).breached_at
    breached_at = np.where(standing == NONE, breached_at, standing)
    is_breached = breached_at != NONE
    state = _states(track, cycles, is_breached)
    # While paused and not breached there is no due; nor has a breach that only stands one to come.
    past = found.is_over | ~cycles.is_paused
    due = np.where(past, found.due, NONE)
    return Outcome(found, state, due, breached_at)


def _states(track: Track, cycles: Cycles, is_breached: Bools) -> Ints:
    counts = np.array([terms.target.count_resets for terms in track.versions], np.bool_)[cycles.version]
    by = cycles.ended_by
    is_judged = (by == clock.BY_STOP) | ((by == clock.BY_RESET) & counts)
    missed = is_breached & ~cycles.is_born_stopped
    return np.select(
        [is_judged & missed, is_judged, by == clock.BY_CANCEL, by != 0, cycles.is_paused],
        [_CODE[s] for s in (State.MISSED, State.MET, State.CANCELLED, State.RESET, State.PAUSED)],
        _CODE[State.RUNNING],
    ).astype(np.int64)


def _standing(track: Track, cycles: Cycles, ran: Stretches, found: Figures, reckoner: Reckoner) -> Standing:
    """The first breach under an earlier goal that `breach_stands` keeps, by cycle."""
    stands = _stands(track, cycles)
    kept = Standing(filled(len(cycles)), filled(len(cycles)))
    if not stands.any():
        return kept
    before, after = _turns(track, cycles)
    breach = _breach_before(figures(track, cycles, ran, before, reckoner, found.earlier))
    here = np.flatnonzero((breach != NONE) & stands[before.cycle])[::-1]
    kept.breached_at[before.cycle[here]] = breach[here]  # in order of time: of several the first counts
    kept.turn[before.cycle[here]] = after.judged[here]
    return kept


def _stands(track: Track, cycles: Cycles) -> Bools:
    return np.array([terms.target.breach_stands for terms in track.versions], np.bool_)[cycles.version]


def withdrawn(track: Track, cycles: Cycles, ran: Stretches, found: Figures, reckoner: Reckoner) -> Withdrawn:
    """The breaches that were reached under one goal and are none under the next."""
    before, after = _turns(track, cycles)
    breach = _breach_before(figures(track, cycles, ran, before, reckoner, found.earlier))
    is_over = figures(track, cycles, ran, after, reckoner, found.earlier).is_over
    taken = np.flatnonzero((breach != NONE) & ~is_over & ~_stands(track, cycles)[before.cycle])
    return Withdrawn(before.cycle[taken], breach[taken], after.until[taken])


def earlier_ends(
    track: Track, cycles: Cycles, ran: Stretches, found: Figures, reckoner: Reckoner
) -> EarlierEnds:
    """The ends after which a cycle resumed, as they were judged then."""
    rows, _ = _resumptions(track, cycles)
    then = figures(track, cycles, ran, rows, reckoner, found.earlier)
    turn = _standing(track, cycles, ran, found, reckoner).turn[rows.cycle]
    stood = (turn != NONE) & (turn <= rows.judged)
    return EarlierEnds(rows.cycle, rows.until, then.is_over | stood, then.elapsed)


def _turns(track: Track, cycles: Cycles) -> tuple[Rows, Rows]:
    """Where a cycle came to be judged otherwise: as it was just before and as it was then, in order of time.

    A cycle that resumes may find another goal than it ended under.
    """
    at = track.line.steps.at
    step = _changes_of_goal(track, cycles)
    ended, resumed = _resumptions(track, cycles)
    cycle = np.concatenate((cycles.cycle_at[step - 1], resumed.cycle))
    judged = np.concatenate((step - 1, ended.judged))
    then = np.concatenate((step, resumed.judged))
    until = np.concatenate((at[step], ended.until))
    order = np.argsort(then, kind="stable")
    before = Rows(cycle[order], judged[order], until[order])
    return before, Rows(cycle[order], then[order], at[then[order]])


def _changes_of_goal(track: Track, cycles: Cycles) -> Ints:
    """The steps at which an open cycle came to be judged by another goal or zone."""
    found = [np.empty(0, np.int64)]
    for position, terms in enumerate(track.versions):
        step = turns(track, terms)
        was_open = np.isin(track.made[step - 1] & clock.STATE, (clock.RUNNING, clock.PAUSED_))
        step = step[was_open]
        cycle = cycles.cycle_at[step - 1]
        is_own = (cycles.version[cycle] == position) & (step <= cycles.judged[cycle])
        found.append(step[is_own])
    return np.concatenate(found)


def _resumptions(track: Track, cycles: Cycles) -> tuple[Rows, Rows]:
    """The ends after which a cycle resumed, and row by row the steps at which it did."""
    at = track.line.steps.at
    step, cycle = ends(track, cycles.cycle_at)
    went_on = cycles.end[cycle] != step
    step, cycle = step[went_on], cycle[went_on]
    resumed = np.flatnonzero(track.made & clock.RESUMED)
    return Rows(cycle, step, at[step]), Rows(cycle, resumed, at[resumed])


def _breach_before(before: Figures) -> Ints:
    """The breach of each row, NONE where it was not reached by the row's last instant."""
    breach = np.maximum(before.due, before.started)
    return np.where(before.is_over, breach, NONE)


def cancelled_at_watermark(outcome: Outcome, cycles: Cycles) -> Ints:
    """States with the open cycles of a suspended or retired agreement ended as cancelled."""
    return np.where(cycles.end == OPEN, _CODE[State.CANCELLED], outcome.state)
