"""From states at steps to cycles: where each begins and ends, and the stretches in which it ran or was
paused.

Rules: Clocks, *Elapsed* (retroactive starts too). How much of a stretch is open time is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from connector.evaluate import clock
from connector.evaluate.arrays import NONE, Bools, Ints, filled, spans
from connector.evaluate.masks import Masks
from connector.evaluate.terms import Terms
from connector.evaluate.track import Track

OPEN = -1  # the end step of a cycle that has not ended


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles of a track, in order of ticket and time. Steps are those of the track's line."""

    ticket: Ints
    number: Ints  # from 1 within the ticket
    version: Ints
    origin: Ints  # the starting step
    started: Ints  # the instant where counting begins
    end: Ints  # the ending step, OPEN without
    ended_by: Ints  # clock.BY_…, 0 while open
    is_paused: Bools  # open and paused
    is_born_stopped: Bools
    judged: Ints  # the step whose entry of `within` counts
    until: Ints  # the instant up to which time counts: the end, or now
    cycle_at: Ints  # by step: the cycle that it belongs to after it

    def __len__(self) -> int:
        return len(self.ticket)


@dataclass(frozen=True, slots=True)
class Stretches:
    """Times [begin, end) of cycles, in order of cycle and time, and the step each begins at."""

    cycle: Ints
    begin: Ints
    end: Ints
    step: Ints


def cycles_of(track: Track, masks: Masks) -> Cycles:
    """The cycles that the states of *track* make."""
    steps, made = track.line.steps, track.made
    began = (made & clock.BEGAN) != 0
    origin = np.flatnonzero(began)
    ticket = steps.ticket[origin].astype(np.int64)
    cycle_at = np.cumsum(began) - 1
    end, ended_by = _ends(track, cycle_at, len(origin))
    is_open = end == OPEN
    last = steps.first[ticket] + steps.live[ticket] - 1
    version = np.zeros(len(origin), np.int64) if track.version_at is None else track.version_at[origin]
    number = _numbers(ticket)
    # By `restart` a cycle ended under the entry it ran under: that of the step before.
    judged = np.where(is_open, last, end - (ended_by == clock.BY_RESTART))
    return Cycles(
        ticket=ticket,
        number=number,
        version=version,
        origin=origin,
        started=_started(track, masks, origin, number, version),
        end=end,
        ended_by=ended_by,
        is_paused=is_open & ((made[last] & clock.STATE) == clock.PAUSED_),
        is_born_stopped=(made[origin] & clock.ENDED_BY) == clock.BY_STOP,
        judged=judged,
        until=np.where(is_open, steps.now[ticket], steps.at[end]),
        cycle_at=cycle_at,
    )


def _ends(track: Track, cycle_at: Ints, cycles: int) -> tuple[Ints, Ints]:
    """The last end of each cycle that it did not resume after, and what ended it."""
    end, ended_by = np.full(cycles, OPEN), np.zeros(cycles, np.int64)
    steps, cycle = ends(track, cycle_at)
    end[cycle] = steps  # of several the last counts
    ended_by[cycle] = track.made[steps] & clock.ENDED_BY
    resumed = np.flatnonzero((track.made & clock.RESUMED) != 0)
    last = np.full(cycles, OPEN)
    last[cycle_at[resumed]] = resumed
    goes_on = last > end
    end[goes_on], ended_by[goes_on] = OPEN, 0
    return end, ended_by


def ends(track: Track, cycle_at: Ints) -> tuple[Ints, Ints]:
    """Every step at which a cycle ended, also one that resumed later, and which cycle it was."""
    made = track.made
    steps = np.flatnonzero((made & clock.ENDED_BY) != 0)
    began_too = ((made[steps] & clock.BEGAN) != 0) & ((made[steps] & clock.ENDED_BY) != clock.BY_STOP)
    return steps, cycle_at[steps] - began_too


def _numbers(ticket: Ints) -> Ints:
    is_first = np.ones(len(ticket), np.bool_)
    is_first[1:] = ticket[1:] != ticket[:-1]
    row = np.arange(len(ticket))
    return row - np.maximum.accumulate(np.where(is_first, row, 0)) + 1


def _started(track: Track, masks: Masks, origin: Ints, number: Ints, version: Ints) -> Ints:
    """Where counting begins: at the step, or retroactively at the datetime of `start_at`, never later.

    Only a ticket's first cycle of a target starts retroactively (`retroactive: every`: all); the cycle
    begun by `restart` never does, and one born stopped has no length.
    """
    started = track.line.steps.at[origin]
    ended_by = track.made[origin] & clock.ENDED_BY
    may = (ended_by != clock.BY_RESTART) & (ended_by != clock.BY_STOP)
    for position, terms in enumerate(track.versions):
        target = terms.target
        if target.start_at is None:
            continue
        here = may & (version == position) & ((number == 1) | (target.retroactive == "every"))
        given = masks.instants(target.start_at, track.line.base_of(origin))
        started = np.where(here & (given != NONE), np.minimum(given, started), started)
    return started


def running(track: Track, cycles: Cycles) -> Stretches:
    """The stretches in which cycles ran, the time before a retroactive start's step among them. Those that an
    old calendar may keep (`carry`) are split where the goal changed."""
    return _with_earlier(_stretches(track, cycles, clock.RUNNING), _earlier(track, cycles, paused=False))


def paused(track: Track, cycles: Cycles) -> Stretches:
    """The stretches in which cycles were paused, likewise."""
    return _with_earlier(_stretches(track, cycles, clock.PAUSED_), _earlier(track, cycles, paused=True))


def _stretches(track: Track, cycles: Cycles, state: int) -> Stretches:
    steps = track.line.steps
    in_state = (track.made & clock.STATE) == state
    goes_on = in_state.copy()
    goes_on[1:] &= in_state[:-1]
    goes_on[steps.first] = False
    goes_on &= (track.made & clock.BEGAN) == 0
    for terms in track.versions:
        if terms.changed is not None and terms.may_carry():
            goes_on &= ~track.line.of(terms.changed)
    begin = np.flatnonzero(in_state & ~goes_on)
    stop = np.flatnonzero(in_state[:-1] & ~goes_on[1:]) + 1  # one for each that begins
    if len(stop) < len(begin):
        stop = np.append(stop, len(in_state))
    ticket = steps.ticket[begin]
    is_live = stop < steps.first[ticket] + steps.live[ticket]
    end = np.where(is_live, steps.at[np.minimum(stop, len(steps.at) - 1)], steps.now[ticket])
    return Stretches(cycles.cycle_at[begin], steps.at[begin], end, begin)


def _with_earlier(later: Stretches, earlier: list[Stretches]) -> Stretches:
    if not earlier:
        return later
    parts = [*earlier, later]
    cycle = np.concatenate([part.cycle for part in parts])
    begin = np.concatenate([part.begin for part in parts])
    order = np.lexsort((begin, cycle))
    end, step = np.concatenate([p.end for p in parts]), np.concatenate([p.step for p in parts])
    return Stretches(cycle[order], begin[order], end[order], step[order])


def _earlier(track: Track, cycles: Cycles, *, paused: bool) -> list[Stretches]:
    """What a retroactive start counts before its step: all of it, minus the time in which the pause rows
    held, played from the opening (`retroactive_pause: false` leaves it in)."""
    return list(_earlier_parts(track, cycles, paused))


def _earlier_parts(track: Track, cycles: Cycles, paused: bool) -> Iterator[Stretches]:
    steps = track.line.steps
    retroactive = cycles.started < steps.at[cycles.origin]
    for position, terms in enumerate(track.versions):
        chosen = np.flatnonzero(retroactive & (cycles.version == position))
        if not len(chosen):
            continue
        # What a due date is in force for at the start is never paused.
        entry = terms.entry[track.line.base_of(cycles.origin[chosen])]
        whole = terms.is_due_date[entry] | (not terms.target.retroactive_pause)
        if not paused:
            origin = cycles.origin[chosen[whole]]
            yield Stretches(chosen[whole], cycles.started[chosen[whole]], steps.at[origin], origin)
        chosen = chosen[~whole]
        first = steps.first[cycles.ticket[chosen]]
        opening = steps.at[first]
        before = np.flatnonzero(cycles.started[chosen] < opening)
        if not paused and len(before):
            early = chosen[before]
            yield Stretches(early, cycles.started[early], opening[before], cycles.origin[early])
        yield _played(track, cycles, chosen, position, paused)


def _played(track: Track, cycles: Cycles, chosen: Ints, position: int, paused: bool) -> Stretches:
    steps = track.line.steps
    first = steps.first[cycles.ticket[chosen]]
    lengths = cycles.origin[chosen] - first
    step = spans(first, lengths)
    cycle = np.repeat(chosen, lengths)
    begin, end = np.maximum(steps.at[step], cycles.started[cycle]), steps.at[step + 1]
    keep = (begin < end) & (_pause_rows(track, position)[step] == paused)
    return Stretches(cycle[keep], begin[keep], end[keep], cycles.origin[cycle[keep]])


def _pause_rows(track: Track, position: int) -> Bools:
    """The pause and resume rows played alone, from each ticket's opening."""
    steps = track.line.steps
    paused, to_pause, to_run = track.pause[position]
    decides = to_pause | to_run
    if track.line.between is not None:
        decides &= ~track.line.between
    decides[steps.first] = True
    outcome = to_pause.copy()
    outcome[steps.first] = paused[steps.first]
    row = np.arange(len(decides))
    return outcome[np.maximum.accumulate(np.where(decides, row, 0))]


def version_of(track: Track, cycles: Cycles, cycle: Ints) -> Iterator[tuple[Terms, Ints]]:
    """Each version's terms with the positions in *cycle* of its cycles."""
    if len(track.versions) == 1:
        yield track.versions[0], np.arange(len(cycle))
        return
    for position, terms in enumerate(track.versions):
        yield terms, np.flatnonzero(cycles.version[cycle] == position)


def ended_at(track: Track, cycles: Cycles) -> Ints:
    """The instants at which cycles ended, NONE while open."""
    return np.where(cycles.end == OPEN, filled(len(cycles)), track.line.steps.at[cycles.end])
