"""One target of an agreement (all its versions) laid out on the steps it is judged at, and its cycles'
states.

Rules: Clocks, the table's conditions; *after*, whose cycles may begin between steps; *Born stopped*;
*Version*. Elapsed time is not known here (see `figures`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate import clock
from connector.evaluate.applies import NEVER, Applies
from connector.evaluate.arrays import Bools, Flags, Ints, distinct, spans
from connector.evaluate.frame import Steps
from connector.evaluate.masks import Masks
from connector.evaluate.terms import Ids, Terms, terms
from connector.rules.rulebook import After, Condition, Target


@dataclass(frozen=True, slots=True)
class Line:
    """The steps a target is judged at: those of the tickets and, with `after`, instants between them.

    *base* is the ticket's step that each stands on (None: the tickets' own steps); *events* where the other
    targets' events are (the versions of an agreement may follow different ones), *between* where it is not a
    step of the ticket.
    """

    steps: Steps
    base: Ints | None = None
    events: Mapping[After, Bools] = field(default_factory=dict)
    between: Bools | None = None

    def of(self, column: Bools) -> Bools:
        """A column of the tickets' steps on these steps."""
        return column if self.base is None else column[self.base]

    def base_of(self, steps: Ints) -> Ints:
        """The tickets' steps under *steps*."""
        return steps if self.base is None else self.base[steps]


@dataclass(frozen=True, slots=True)
class Track:
    """A target's states. *made* is what each step made of the cycle (see `clock`), *version_at* the
    position in *versions* of the cycle's version there (None: there is one). *born_stopped*: tickets that
    were."""

    versions: Sequence[Terms]
    line: Line
    made: Flags
    version_at: Ints | None
    pause: Sequence[tuple[Bools, Bools, Bools]]  # by version: paused if new, to paused, to running
    born_stopped: Ints


def lay(applies: Applies, indexes: Sequence[int], name: str, line: Line, ids: Ids) -> Track:
    """The target *name* of the agreement versions *indexes* (those of them that have it) on *line*."""
    masks, at = applies.masks, line.steps.at
    in_force = applies.in_force(indexes, at)
    having = [i for i in indexes if name in applies.agreements[i].targets]
    fresh = np.zeros(len(at), np.uint16)
    position_of = {indexes.index(index): position for position, index in enumerate(having)}
    positions = [*(position_of.get(i, NEVER) for i in range(len(indexes))), NEVER]
    force = in_force if having == list(indexes) else np.array(positions, np.int16)[in_force]
    versions, laid, pauses = [], [], []
    would_start, follows, stops = (np.zeros(len(at), np.bool_) for _ in range(3))
    for position, index in enumerate(having):
        agreement = applies.agreements[index]
        target = agreement.targets[name]
        own = _Holding(
            masks, line, target, terms(agreement, target, masks, ids), applies.holds(index, at, line.base)
        )
        here = force == position
        fresh |= np.multiply(own.fresh(), here, dtype=np.uint16)
        would_start |= here & own.starts()
        follows |= here & (target.after is not None)
        stops |= here & own.stop
        versions.append(own.terms)
        laid.append(clock.Version(own.flags(force != NEVER), target.reopen))
        pauses.append(own.pause_rows())
    born = _born_stopped(line, would_start, follows, stops)
    met = np.array([v.target.born_stopped == "met" for v in versions], np.bool_)
    fresh[born[met[force[born]]]] |= clock.BORN_STOPPED
    made, version_at = clock.play(line.steps, laid, fresh, force)
    return Track(versions, line, made, version_at, pauses, distinct(line.steps.ticket[born].astype(np.int64)))


class _Holding:
    """What holds at each step for one version of a target."""

    def __init__(self, masks: Masks, line: Line, target: Target, own: Terms, applies: Bools) -> None:
        self.masks, self.line, self.target, self.terms, self.applies = masks, line, target, own, applies
        self.stop, self.cancel = self._at(target.stop), self._at(target.cancel)
        self.start = self._start()
        self.pause, self.resume = self._at(target.pause), self._at(target.resume)
        dated = own.is_due_date
        self.is_due_date = line.of(dated[own.entry]) if dated.any() else np.zeros_like(self.stop)

    def starts(self) -> Bools:
        """`start` and `applies_to`."""
        return self.start & self.applies

    def opens(self) -> Bools:
        """The table's first row."""
        return self.starts() & ~self.stop & ~self.cancel

    def pause_rows(self) -> tuple[Bools, Bools, Bools]:
        """Paused if new, to paused, to running."""
        to_run = ~self.pause & self.resume if self.target.resume else ~self.pause
        return self.pause, self.pause & ~self.resume, to_run

    def fresh(self) -> Flags:
        """The bits of a cycle to come."""
        return _bits(
            (clock.OPENS, self.opens()),
            (clock.OPENS_PAUSED, self.pause & ~self.is_due_date),
            (clock.CAN_RESTART, self.applies),
        )

    def flags(self, is_in_force: Bools) -> Flags:
        """The bits of a cycle of this version. Between steps nothing is judged but whether one begins."""
        leaves = self.cancel | ~self.applies
        if self.target.start_must_hold:
            leaves = leaves | ~self.start
        restart = self.terms.restarts()
        _, to_pause, to_run = self.pause_rows()
        bits = _bits(
            (clock.STOP, self.stop),
            (clock.RESET, self._at(self.target.reset)),
            (clock.CANCEL, leaves),
            (clock.TO_PAUSE, to_pause & ~self.is_due_date),  # a due date is never paused
            (clock.TO_RUN, to_run | self.is_due_date),
            *([] if restart is None else [(clock.RESTART, self.line.of(restart))]),
        )
        if self.line.between is not None:
            bits[self.line.between] = 0
        resumes = self.opens() & is_in_force
        return bits | _bits((clock.CAN_RESUME, resumes), (clock.PAUSED, self.pause & ~self.is_due_date))

    def _at(self, condition: Condition | None) -> Bools:
        holds = self.line.of(self.masks.holds(condition))
        if self.line.between is not None and self.line.between.any():
            still = self.line.of(self.masks.holds(condition, between=True))
            holds = np.where(self.line.between, still, holds)
        return holds

    def _start(self) -> Bools:
        """`start`; with `after` the event is one that is true at its instant only, a given `start` holds
        too."""
        start = self._at(self.target.start)
        if self.target.after is None:
            return start if self.line.between is None else start & ~self.line.between
        event = self.line.events[self.target.after]
        return event & start if self.target.start else event


def _bits(*named: tuple[int, Bools]) -> Flags:
    found = np.zeros(len(named[0][1]), np.uint16)
    for bit, holds in named:
        found |= np.multiply(holds, np.uint16(bit), dtype=np.uint16)
    return found


def _born_stopped(line: Line, would_start: Bools, follows: Bools, stops: Bools) -> Ints:
    """The steps at which a clock would start but `stop` holds: the first one of a ticket at which it
    would start; with `after` (where *follows*), each event."""
    steps = line.steps
    born = _first_starts(steps, would_start)
    if follows.any():
        born = np.union1d(born, np.flatnonzero(would_start & follows))
    born = born[stops[born]]
    ticket = steps.ticket[born]
    found: Ints = born[born < steps.first[ticket] + steps.live[ticket]]
    return found


def _first_starts(steps: Steps, would_start: Bools) -> Ints:
    """The first step of each ticket at which a clock would start."""
    at_opening = would_start[steps.first]
    later = np.flatnonzero(~at_opening)
    rest = spans(steps.first[later] + 1, steps.count[later] - 1)
    rest = rest[would_start[rest]]
    is_first = np.ones(len(rest), np.bool_)
    is_first[1:] = steps.ticket[rest[1:]] != steps.ticket[rest[:-1]]
    return np.sort(np.concatenate((steps.first[at_opening], rest[is_first])))


def with_events(steps: Steps, events: Mapping[After, tuple[Ints, Ints]]) -> Line:
    """*steps* with other targets' *events* (tickets, instants) among them: at a step, or between two as a
    step of their own. A breach may lie before the opening where counting begins earlier: it is then an
    event at the opening."""
    opening = steps.at[steps.first]
    moments = {after: _distinct(who, np.maximum(at, opening[who])) for after, (who, at) in events.items()}
    tickets, at = _distinct(*(np.concatenate([m[i] for m in moments.values()]) for i in (0, 1)))
    owner = np.concatenate((steps.ticket.astype(np.int64), tickets))
    all_at = np.concatenate((steps.at, at))
    is_event = np.arange(len(owner)) >= len(steps.at)
    order = np.lexsort((is_event, all_at, owner))
    owner, all_at, is_event = owner[order], all_at[order], is_event[order]
    is_step = np.zeros(len(owner), np.bool_)  # an event at the instant of a step, which carries it
    is_step[1:] = is_event[1:] & (all_at[1:] == all_at[:-1]) & (owner[1:] == owner[:-1])
    keep = ~is_step
    between, ticket, at_step = is_event[keep], owner[keep].astype(np.int32), all_at[keep]
    first = np.searchsorted(ticket, np.arange(len(steps.first)))
    added = np.bincount(ticket[between], minlength=len(steps.first))
    later = Steps(first, steps.count + added, steps.live + added, at_step, ticket, steps.now)
    marked = {after: _marked(later, *moment) for after, moment in moments.items()}
    return Line(later, np.cumsum(~between) - 1, marked, between)


def _marked(steps: Steps, tickets: Ints, at: Ints) -> Bools:
    """Where the steps at these instants are; each instant has one."""
    owner = np.concatenate((steps.ticket.astype(np.int64), tickets))
    is_moment = np.arange(len(owner)) >= len(steps.at)
    order = np.lexsort((is_moment, np.concatenate((steps.at, at)), owner))
    marked = np.zeros(len(steps.at), np.bool_)
    marked[order[np.flatnonzero(is_moment[order]) - 1]] = True
    return marked


def _distinct(tickets: Ints, at: Ints) -> tuple[Ints, Ints]:
    order = np.lexsort((at, tickets))
    tickets, at = tickets[order], at[order]
    is_new = np.ones(len(at), np.bool_)
    is_new[1:] = (tickets[1:] != tickets[:-1]) | (at[1:] != at[:-1])
    return tickets[is_new], at[is_new]
