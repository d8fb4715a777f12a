"""What happened to cycles and when: events and crossed lines with their exact instants, and what comes next.

Rules: Clocks, *Lines*. It does not depend on when anything was evaluated: a later evaluation only adds
what came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from connector.evaluate import clock
from connector.evaluate.arrays import NONE, Ints, filled
from connector.evaluate.cycles import OPEN, Cycles, Stretches, version_of
from connector.evaluate.figures import Figures, Rows, count
from connector.evaluate.outcome import STATES, Outcome, earlier_ends, withdrawn
from connector.evaluate.reckoner import Reckoner
from connector.evaluate.track import Track
from connector.model.cycle import State
from connector.rules.rulebook import Line, LineKind

_MOST = 1 << 62
EVENTS = (
    "started", "reopened", "paused", "resumed", "breached", "breach_withdrawn",
    "met", "missed", "cancelled", "reset",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moments:
    """Entries of timelines: the cycle, the instant, the name (index into *names*), the open time counted
    by then (NONE where it is not told). Names from len(EVENTS) on are lines as written."""

    names: Sequence[str]
    cycle: Ints
    at: Ints
    name: Ints
    elapsed: Ints


def warnings(track: Track, cycles: Cycles, outcome: Outcome, reckoner: Reckoner) -> Moments:
    """Every line crossed, by the entry that holds: in order of cycle and time."""
    names: list[str] = list(EVENTS)
    parts = []
    for rows, line, elapsed in _lines(track, cycles, outcome.figures):
        at = outcome.figures.reached(rows, elapsed, reckoner)
        crossed = np.flatnonzero(at != NONE)
        name = filled(len(crossed), _number(names, line.written))
        parts.append((rows[crossed], at[crossed], name, elapsed[crossed]))
    return _in_order(names, parts, by_elapsed=True)


def timeline(
    track: Track,
    cycles: Cycles,
    ran: Stretches,
    outcome: Outcome,
    crossed: Moments,
    reckoner: Reckoner,
) -> Moments:
    """Every event and every line *crossed*, in order of cycle and time."""
    parts = [(crossed.cycle, crossed.at, crossed.name, crossed.elapsed)]
    parts += _of_states(track, cycles, ran, outcome.figures, reckoner)
    figures, rows = outcome.figures, np.arange(len(cycles))
    breached = np.flatnonzero(outcome.breached_at != NONE)
    parts.append(_event("breached", breached, outcome.breached_at[breached], figures.time[breached]))
    ended = np.flatnonzero(cycles.end != OPEN)
    for code, state in enumerate(STATES):
        if not state.is_open:
            here = ended[outcome.state[ended] == code]
            parts.append(_event(str(state), rows[here], cycles.until[here], figures.elapsed[here]))
    if any(terms.rejudged() is not None for terms in track.versions):
        taken = withdrawn(track, cycles, ran, figures, reckoner)
        parts.append(_event("breached", taken.cycle, taken.breached_at))
        parts.append(_event("breach_withdrawn", taken.cycle, taken.at))
    if any(terms.target.reopen == "resume" for terms in track.versions):
        then = earlier_ends(track, cycles, ran, figures, reckoner)
        for state, here in ((State.MISSED, then.missed), (State.MET, ~then.missed)):
            parts.append(_event(str(state), then.cycle[here], then.at[here], then.elapsed[here]))
    return _in_order(crossed.names, parts)


def next_at(track: Track, cycles: Cycles, outcome: Outcome, reckoner: Reckoner) -> Ints:
    """The next line or breach of each running cycle if nothing changes; NONE where none will come.

    A breach shows from the first instant at which elapsed exceeds the time, which may be a morning after it.
    """
    soonest = filled(len(cycles), _MOST)
    figures = outcome.figures
    is_running = (cycles.end == OPEN) & ~cycles.is_paused
    for rows, _, elapsed in _lines(track, cycles, figures):
        ahead = is_running[rows] & (elapsed > figures.elapsed[rows])
        _sooner(soonest, rows[ahead], figures.to_come(rows[ahead], elapsed[ahead], reckoner))
    for terms, here in version_of(track, cycles, np.arange(len(cycles))):
        beyond = 1 if terms.target.at_limit == "met" else 0
        rows = here[is_running[here] & (outcome.breached_at[here] == NONE) & (figures.time[here] != NONE)]
        dates, lengths = rows[figures.is_due_date[rows]], rows[~figures.is_due_date[rows]]
        _sooner(soonest, dates, figures.due[dates] + beyond)
        _sooner(soonest, lengths, figures.to_come(lengths, figures.time[lengths] + beyond, reckoner))
    return np.where(soonest == _MOST, NONE, soonest)


def _sooner(soonest: Ints, rows: Ints, at: Ints) -> None:
    soonest[rows] = np.minimum(soonest[rows], np.where(at == NONE, _MOST, at))


def _lines(track: Track, cycles: Cycles, figures: Figures) -> Iterator[tuple[Ints, Line, Ints]]:
    """Each line with the cycles that have it and the elapsed time at which each crosses it."""
    for terms, here in version_of(track, cycles, np.arange(len(cycles))):
        rows = here[figures.time[here] != NONE]
        for line in terms.target.lines:
            if line.kind is not LineKind.EVENT:
                yield rows, line, _threshold(line, figures.time[rows])


def _threshold(line: Line, time: Ints) -> Ints:
    if line.kind is LineKind.PERCENT and line.share is not None:
        return _share(time, line.share.numerator, line.share.denominator)
    length = line.length or 0
    return np.maximum(time - length, 0) if line.kind is LineKind.BEFORE else time + length


def _share(time: Ints, numerator: int, denominator: int) -> Ints:
    """The least whole number of milliseconds that is at least that share of *time*."""
    if len(time) and int(time.max()) * numerator >= _MOST:
        return np.array([-(-each * numerator // denominator) for each in time.tolist()], np.int64)
    return -(-time * numerator // denominator)


def _of_states(
    track: Track, cycles: Cycles, ran: Stretches, found: Figures, reckoner: Reckoner
) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    made, at = track.made, track.line.steps.at
    yield _event("started", np.arange(len(cycles)), cycles.started, found.earlier)
    before = np.zeros(len(made), np.uint16)
    before[1:] = made[:-1] & clock.STATE
    before[track.line.steps.first] = clock.NONE_
    after = made & clock.STATE
    begins = (made & (clock.BEGAN | clock.RESUMED)) != 0
    named = {
        "reopened": (made & clock.RESUMED) != 0,
        "paused": (after == clock.PAUSED_) & ((before != clock.PAUSED_) | begins),
        "resumed": (after == clock.RUNNING) & (before == clock.PAUSED_) & ~begins,
    }
    for name, holds in named.items():
        steps = np.flatnonzero(holds)
        cycle = cycles.cycle_at[steps]
        rows = Rows(cycle, cycles.judged[cycle], at[steps])
        by_then = count(track, cycles, ran, rows, found.calendar[cycle], found.is_due_date[cycle], reckoner)
        yield _event(name, cycle, at[steps], by_then.elapsed() + found.earlier[cycle])


def _event(name: str, cycle: Ints, at: Ints, elapsed: Ints | None = None) -> tuple[Ints, Ints, Ints, Ints]:
    return (
        cycle,
        at,
        filled(len(cycle), EVENTS.index(name)),
        filled(len(cycle)) if elapsed is None else elapsed,
    )


def _number(names: list[str], written: str) -> int:
    if written not in names[len(EVENTS) :]:
        names.append(written)
    return names.index(written, len(EVENTS))


# At one instant: what begins, then lines, then the breach, then what ends.
_RANKS = {"started": 0, "reopened": 1, "paused": 2, "resumed": 2, "breached": 4, "breach_withdrawn": 5}


def _in_order(
    names: Sequence[str], parts: Sequence[tuple[Ints, Ints, Ints, Ints]], *, by_elapsed: bool = False
) -> Moments:
    if not parts:
        return Moments(names, *(filled(0) for _ in range(4)))
    cycle, at, name, elapsed = (np.concatenate([part[i] for part in parts]) for i in range(4))
    if len(parts) == 1:
        return Moments(names, cycle, at, name, elapsed)
    if by_elapsed:
        order = np.lexsort((elapsed, at, cycle))
    else:
        rank = np.array([*(_RANKS.get(event, 6) for event in EVENTS), *(3 for _ in names[len(EVENTS) :])])
        order = np.lexsort((elapsed, rank[name], at, cycle))
    return Moments(names, cycle[order], at[order], name[order], elapsed[order])
