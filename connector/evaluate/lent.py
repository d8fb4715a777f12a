"""The figures of one cycle that the platform measured: what it tells, and what follows from that by a
calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from connector.evaluate.arrays import NONE
from connector.evaluate.opentime import OpenTime
from connector.model.cycle import Moment, State
from connector.model.instant import MINUTE, Instant, Millis
from connector.model.platformcycle import PlatformCycle
from connector.rules.rulebook import Line, LineKind, Target

FITS: Millis = MINUTE  # the platform's figures and a calendar may differ by so much and still tell the same


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cycle has counted (*elapsed*) of the *time* allowed, and the calendar it counts by. *fits*: the
    platform's due instant is where that calendar has it."""

    elapsed: Millis
    time: Millis | None
    hours: OpenTime
    fits: bool


@dataclass(frozen=True, slots=True)
class Lent:
    """A cycle of the platform as of an instant *until*: its end, or now."""

    cycle: PlatformCycle
    state: State
    until: Instant
    ended: Instant | None
    due: Instant | None
    breached_at: Instant | None

    def figures(self, hours: OpenTime) -> Figures:
        """Its figures, by the calendar *hours* where the platform does not tell them."""
        cycle = self.cycle
        begin, until = _upto(hours, cycle.started), _upto(hours, self.until)
        if cycle.due is None:
            counted = cycle.elapsed if cycle.elapsed is not None else until - begin - (cycle.paused or 0)
            return Figures(max(0, counted), cycle.goal, hours, fits=True)
        due = _upto(hours, cycle.due)
        open_time = due - begin - (cycle.paused or 0)
        time = cycle.goal if cycle.goal is not None else max(0, open_time)
        fits = self.state is State.PAUSED or open_time >= time - FITS
        if cycle.paused is not None and self.state is not State.PAUSED:
            fits = abs(open_time - time) <= FITS
        is_told = cycle.elapsed is not None and (not fits or self.until == cycle.ended or not self._runs)
        counted = cycle.elapsed if is_told and cycle.elapsed is not None else time - (due - until)
        return Figures(max(0, counted), time, hours, fits)

    @property
    def _runs(self) -> bool:
        return self.state is State.RUNNING or (self.state is State.CANCELLED and not self.cycle.is_over)

    def reached(self, elapsed: Millis, figures: Figures) -> Instant | None:
        """When so much was, or will be, counted, if it ran all the time between then and its due instant."""
        cycle, hours = self.cycle, figures.hours
        if elapsed <= 0:
            return cycle.started
        if cycle.due is None or figures.time is None:
            wanted = _upto(hours, cycle.started) + elapsed
        else:
            wanted = _upto(hours, cycle.due) - (figures.time - elapsed)
        at = int(hours.reaching(np.array([wanted], np.int64), np.array([cycle.started], np.int64))[0])
        return None if at == NONE else max(at, cycle.started)


def taken(cycle: PlatformCycle, now: Instant, cut: Instant | None) -> Lent:
    """*cycle* as of *now*; its agreement left the ticket at *cut*, if it did."""
    ended = cycle.ended if cycle.ended is not None and cycle.ended <= now else None
    until = now if ended is None else ended
    if cut is not None:
        until = ended = cut
    elif ended is None and cycle.is_over and cycle.ended is None:
        ended = until = min(now, max(cycle.updated, cycle.started))  # over, and it does not tell since when
    state = _state(cycle, ended, cut)
    breached_at = _breached_at(cycle, state, until, is_over=ended is not None)
    due = None if state is State.PAUSED and breached_at is None else cycle.due
    return Lent(cycle, state, until, ended, due, breached_at)


def _state(cycle: PlatformCycle, ended: Instant | None, cut: Instant | None) -> State:
    if cut is not None:
        return State.CANCELLED
    if ended is None:
        return State.PAUSED if cycle.state == "paused" else State.RUNNING
    if cycle.state == "cancelled":
        return State.CANCELLED
    return State.MISSED if cycle.breached else State.MET


def _breached_at(cycle: PlatformCycle, state: State, until: Instant, *, is_over: bool) -> Instant | None:
    """The platform's word counts for what has ended or is paused; a running cycle is past its due instant or
    not, whether or not the platform has noted it yet."""
    if state is State.RUNNING and cycle.due is not None:
        return cycle.due if until > cycle.due else None
    if not cycle.breached or state is State.MET:
        return None
    if cycle.due is not None and cycle.due <= until:
        return cycle.due
    return until if is_over else min(until, max(cycle.updated, cycle.started))


def lines_of(
    target: Target, lent: Lent, figures: Figures, origin: Instant
) -> tuple[tuple[Moment, ...], tuple[Moment, ...], Instant | None]:
    """The timeline, the lines crossed, and the instant of what comes next if nothing changes.

    A line's instant is exact where the cycle has not been paused since; else it is the latest that it can
    have been, for the platform does not tell when it was paused.
    """
    crossed: list[Moment] = []
    ahead: list[Instant] = []
    for line, elapsed in _thresholds(target, figures.time):
        at = lent.reached(elapsed, figures)
        if elapsed <= figures.elapsed:
            crossed.append(Moment(min(lent.until if at is None else at, lent.until), line.written, elapsed))
        elif at is not None and at > lent.until:
            ahead.append(at)
    crossed.sort(key=lambda moment: (moment.at, moment.elapsed or 0))
    moments = [Moment(origin, "started"), *crossed]
    if lent.breached_at is not None:
        moments.append(Moment(lent.breached_at, "breached", figures.time))
    elif lent.state is State.RUNNING and lent.cycle.due is not None:
        ahead.append(lent.cycle.due + 1)
    moments.sort(key=lambda moment: moment.at)
    if lent.ended is not None:
        moments.append(Moment(lent.ended, str(lent.state), figures.elapsed))
    coming = min(ahead, default=None) if lent.state is State.RUNNING else None
    return tuple(moments), tuple(crossed), coming


def _thresholds(target: Target, time: Millis | None) -> Iterator[tuple[Line, Millis]]:
    """The lines that are a share of the time or an open time before or after it, with the open time at which
    each is crossed."""
    if time is None:
        return
    for line in target.lines:
        if line.kind is LineKind.PERCENT:
            yield line, int(time * (line.share or Fraction(0)))
        elif line.kind is not LineKind.EVENT:
            length = line.length or 0
            yield line, time - length if line.kind is LineKind.BEFORE else time + length


def _upto(hours: OpenTime, at: Instant) -> Millis:
    return int(hours.upto(np.array([at], np.int64))[0])
