"""Steps: each ticket's opening, then each instant at which something changed, and every field's value at
them.

Rules: Clocks, *Steps*; design: Canonical records. History is repaired here, in a defined way, and counted.
Conditions are not known here (see `masks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import NONE, Bools, Codes, Ints, offsets_of, spans
from connector.evaluate.columns import FieldColumn, Tickets
from connector.evaluate.judge import spellings
from connector.model.record import Reference, Value

# A reply or a note is an event: its `from` says nothing about the one before.
EVENTS = frozenset({"public_reply", "work_note"})


@dataclass(frozen=True, slots=True)
class Steps:
    """A sequence of steps of a batch of tickets, ticket after ticket.

    Ticket t has steps first[t] … first[t] + count[t] - 1; the first *live[t]* of them lie at or before
    its `now`.
    """

    first: Ints
    count: Ints
    live: Ints
    at: Ints
    ticket: Codes
    now: Ints

    @property
    def last(self) -> Ints:
        """Each ticket's last step, later than now or not."""
        return self.first + self.count - 1


@dataclass(slots=True)
class Frame:
    """A batch with its steps. Of a field's history only *columns* is asked."""

    tickets: Tickets
    steps: Steps
    order: Ints | None  # the changes in order of time; None: as they came
    row_step: Ints  # the step of each change, as they came
    repairs: dict[str, Ints]  # reason → how many, per ticket
    _codes: dict[str, Codes] = field(default_factory=dict)

    def codes(self, name: str) -> Codes:
        """The dictionary code of the field's value at each step.

        A field's value before a change is what the change says was there (`from`), and after its last
        change the latest value: contradictions are repaired by undoing. Without history it is the latest
        value throughout.
        """
        if name not in self._codes:
            column = self.tickets.fields[name]
            rows, steps = self._in_time(column)
            self._codes[name] = _undone(self.steps, column, rows, steps)
            _count_contradictions(self, name, column, rows, steps)
            if name == "state":
                stateless = self._codes[name][self.steps.first] == 0
                self.repairs["first state missing"] = stateless.astype(np.int64)
        return self._codes[name]

    def recorded(self, name: str) -> tuple[Ints, Ints]:
        """The changes of a field after the opening: (positions in the field's rows, their steps)."""
        column = self.tickets.fields[name]
        steps = self.row_step[column.rows]
        later = np.flatnonzero(steps != self.steps.first[self.steps.ticket[steps]])
        return later, steps[later]

    def _in_time(self, column: FieldColumn) -> tuple[Ints | slice, Ints]:
        """Positions in the field's rows in order of time (a slice: they are), and their steps."""
        steps = self.row_step[column.rows]
        if self.order is None:
            return slice(None), steps
        rank = np.empty(len(self.order), np.int64)
        rank[self.order] = np.arange(len(self.order))
        positions = np.argsort(rank[column.rows], kind="stable")
        return positions, steps[positions]


def frame(tickets: Tickets, now: Ints) -> Frame:
    """The steps of *tickets*, each as of its instant in *now*.

    Changes at or before the opening are part of it; changes at one instant are one step; a ticket without
    `opened`, or opened after *now*, has no live step.
    """
    lengths = np.diff(tickets.offsets)
    owner = np.repeat(np.arange(len(tickets)), lengths)
    order, shuffled = _order(tickets, owner)
    at = tickets.at if order is None else tickets.at[order]
    opened = np.where(tickets.opened == NONE, 0, tickets.opened)
    early = at < opened[owner]
    at = np.maximum(at, opened[owner])
    steps, row_step = _steps(opened, tickets.opened != NONE, lengths, owner, at, now)
    if order is not None:
        as_came = np.empty_like(row_step)
        as_came[order] = row_step
        row_step = as_came
    repairs = {
        "out of order": np.bincount(owner, shuffled, len(tickets)).astype(np.int64),
        "before the opening": np.bincount(owner, early, len(tickets)).astype(np.int64),
    }
    return Frame(tickets, steps, order, row_step, repairs)


def _order(tickets: Tickets, owner: Ints) -> tuple[Ints | None, Ints]:
    """The order of changes by ticket and time (None: they are), and which came earlier than the one
    before."""
    back = np.zeros(len(owner), np.int64)
    back[1:] = (np.diff(tickets.at) < 0) & (owner[1:] == owner[:-1])
    if not back.any():
        return None, back
    return np.lexsort((tickets.at, owner)), back


def _steps(opened: Ints, known: Bools, lengths: Ints, owner: Ints, at: Ints, now: Ints) -> tuple[Steps, Ints]:
    tickets = len(opened)
    openings = offsets_of(lengths)[:-1] + np.arange(tickets)
    changes = np.arange(len(owner)) + owner + 1
    merged = np.empty(len(owner) + tickets, np.int64)
    merged[openings] = opened
    merged[changes] = at
    is_new = np.ones(len(merged), np.bool_)
    is_new[1:] = merged[1:] != merged[:-1]
    is_new[openings] = True
    first, count, at_step, row_step = openings, lengths + 1, merged, changes
    if not is_new.all():
        step = np.cumsum(is_new) - 1
        first, row_step = step[openings], step[changes]
        at_step = merged[is_new]
        count = np.diff(np.append(first, len(at_step)))
    ticket = np.repeat(np.arange(tickets, dtype=np.int32), count)
    live = np.where(known, count, 0)
    late = np.flatnonzero(known & (at_step[first + count - 1] > now))
    if len(late):
        some = count[late]
        is_live = at_step[spans(first[late], some)] <= np.repeat(now[late], some)
        live[late] = np.add.reduceat(is_live, offsets_of(some)[:-1], dtype=np.int64)
    return Steps(first, count, live, at_step, ticket, now), row_step


def _undone(steps: Steps, column: FieldColumn, rows: Ints | slice, at_steps: Ints) -> Codes:
    if not len(at_steps):
        return np.repeat(column.latest, steps.count)
    known = np.zeros(len(steps.at), np.bool_)
    value = np.empty(len(steps.at), np.int32)
    is_first = np.ones(len(at_steps), np.bool_)
    is_first[1:] = at_steps[1:] != at_steps[:-1]
    is_first &= at_steps != steps.first[steps.ticket[at_steps]]
    before = at_steps[is_first] - 1
    known[steps.last] = known[before] = True
    value[steps.last] = column.latest
    value[before] = column.old[rows][is_first]
    ends = np.flatnonzero(known)
    return np.repeat(value[ends], np.diff(ends, prepend=-1))


def _count_contradictions(
    framed: Frame, name: str, column: FieldColumn, rows: Ints | slice, at_steps: Ints
) -> None:
    """Count, per ticket, repeated changes and those whose `to` is not what the next one's `from` says."""
    if not len(at_steps):
        return
    ticket = framed.steps.ticket[at_steps]
    old, new = column.old[rows], column.new[rows]
    if (at_steps[1:] == at_steps[:-1]).any():
        twice = _twice(framed.tickets.at[column.rows[rows]], ticket, old, new)
        _add(framed.repairs, "duplicate", ticket[twice], len(framed.tickets))
        ticket, old, new = ticket[~twice], old[~twice], new[~twice]
    if name in EVENTS:
        return
    next_old = np.append(old[1:], np.int32(0))
    is_last = np.append(ticket[1:] != ticket[:-1], True)
    next_old[is_last] = column.latest[ticket[is_last]]
    differs = _differ(column, new, next_old)
    _add(framed.repairs, "contradiction", ticket[differs], len(framed.tickets))


def _twice(at: Ints, *told: Codes) -> Bools:
    """Where a change repeats the one before."""
    twice = np.zeros(len(at), np.bool_)
    twice[1:] = at[1:] == at[:-1]
    for column in told:
        twice[1:] &= column[1:] == column[:-1]
    return twice


def _differ(column: FieldColumn, one: Codes, other: Codes) -> Bools:
    """Where two columns of codes mean different values. References are alike by id or name, text without
    case."""
    if isinstance(column.values, np.ndarray):
        return np.asarray(column.values[one] != column.values[other], np.bool_)
    differs = one != other
    unlike = np.flatnonzero(differs)
    if len(unlike):
        size = len(column.values)
        pairs, which = np.unique(one[unlike].astype(np.int64) * size + other[unlike], return_inverse=True)
        real = [
            not _alike(column.values[pair // size], column.values[pair % size]) for pair in pairs.tolist()
        ]
        differs[unlike] = np.array(real, np.bool_)[which]
    return np.asarray(differs, np.bool_)


def _alike(one: Value, other: Value) -> bool:
    first, second = spellings(one), spellings(other)
    return first == second or (isinstance(one, Reference) and bool(set(first) & set(second)))


def _add(repairs: dict[str, Ints], reason: str, ticket: Codes, tickets: int) -> None:
    if len(ticket):
        counts = np.bincount(ticket, minlength=tickets).astype(np.int64)
        repairs[reason] = repairs.get(reason, np.zeros(tickets, np.int64)) + counts


def repairs_by_ticket(framed: Frame) -> Mapping[int, Mapping[str, int]]:
    """What was mended, for the tickets where anything was."""
    found: dict[int, dict[str, int]] = {}
    for reason, counts in framed.repairs.items():
        for ticket in np.flatnonzero(counts):
            found.setdefault(int(ticket), {})[reason] = int(counts[ticket])
    return found
