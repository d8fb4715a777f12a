"""Cycles that the platform's own SLA engine measured, as cycles of the targets that take them
(`measured_by`).

What the platform tells stands as it is: start, end, due, the time allowed, whether it was used up, and what
was counted once a cycle has ended or is paused. What it does not tell is worked out from its due instant by
the target's calendar: what a running cycle has counted by now, when lines were crossed, what comes next.
Pauses have no instants, so `paused` and `resumed` are no events here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.applies import NEVER
from connector.evaluate.arrays import Bools
from connector.evaluate.engine import Batch
from connector.evaluate.lent import Figures, Lent, lines_of, taken
from connector.evaluate.opentime import OpenTime
from connector.evaluate.results import cut_share
from connector.model.cycle import Cycle, TicketId
from connector.model.instant import Instant
from connector.model.platformcycle import PlatformCycle, in_turn, same_name
from connector.rules.rulebook import Agreement, Target

HISTORY = "platform"  # what such a cycle's figures rest on

Told = Mapping[tuple[str, str], Sequence[PlatformCycle]]  # by (source, ticket id)


@dataclass(slots=True)
class Borrowed:
    """*cycles* as of each ticket's instant, and by ticket of the batch the instants of what is known to come
    besides their lines. *unfit*: those of them whose figures the target's calendar contradicts."""

    cycles: list[Cycle] = field(default_factory=list)
    unfit: list[Cycle] = field(default_factory=list)
    coming: list[tuple[int, Instant]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Side:
    """One agreement's target of one name, in all versions that have it, on one batch."""

    batch: Batch
    indexes: Sequence[int]
    name: str
    applies: Mapping[int, Bools]

    def agreement(self, position: int) -> Agreement:
        return self.batch.plan.agreements[self.indexes[position]]


def borrow(batch: Batch, told: Told) -> Borrowed:
    """The cycles of every target of *batch* that is measured by the platform."""
    found = Borrowed()
    tickets = batch.frame.tickets
    measured = [t for t in range(len(tickets)) if (tickets.source[t], tickets.ids[t]) in told]
    for side in _sides(batch) if measured else ():
        for ticket in measured:
            _of_ticket(side, ticket, told[tickets.source[ticket], tickets.ids[ticket]], found)
    return found


def _sides(batch: Batch) -> Iterator[_Side]:
    for indexes in batch.applies.versions():
        targets = [batch.plan.agreements[index].targets for index in indexes]
        names = {n: None for each in targets for n, t in each.items() if t.measured_by is not None}
        if names:
            at = batch.frame.steps.at
            applies = {index: batch.applies.holds(index, at, None) for index in indexes}
            for name in names:
                yield _Side(batch, indexes, name, applies)


def _of_ticket(side: _Side, ticket: int, told: Sequence[PlatformCycle], found: Borrowed) -> None:
    steps = side.batch.frame.steps
    if not steps.live[ticket]:
        return
    now, number = int(steps.now[ticket]), 0
    for origin, position, cycle in _in_force(side, told):
        if origin > now:
            found.coming.append((ticket, origin))
            continue
        cut = _left(side, position, ticket, origin, min(now, cycle.ended or now))
        if cut is not None and cut <= origin:
            continue
        number += 1
        if cycle.ended is not None and cycle.ended > now:
            found.coming.append((ticket, cycle.ended))
        agreement = side.agreement(position)
        lent = taken(cycle, now, cut)
        figures = lent.figures(_hours(side.batch, agreement, agreement.targets[side.name], ticket))
        made = _cycle(side, position, ticket, number, origin, lent, figures)
        found.cycles.append(made)
        if not figures.fits:
            found.unfit.append(made)


def _in_force(side: _Side, told: Sequence[PlatformCycle]) -> list[tuple[Instant, int, PlatformCycle]]:
    """The platform's cycles that some version takes: the one in force where a cycle starts, for its whole
    life."""
    found = []
    names = {
        one.measured_by for i in side.indexes if (one := side.batch.plan.agreements[i].targets.get(side.name))
    }
    for name in sorted(name for name in names if name is not None):
        for origin, cycle in in_turn([one for one in told if same_name(one.name, name)]):
            position = int(side.batch.applies.in_force(side.indexes, np.array([origin], np.int64))[0])
            if position == NEVER:
                continue
            target = side.agreement(position).targets.get(side.name)
            if target is not None and target.measured_by == name:
                found.append((origin, position, cycle))
    return sorted(found, key=lambda one: one[0])


def _left(side: _Side, position: int, ticket: int, origin: Instant, until: Instant) -> Instant | None:
    """Where the agreement stopped applying to the ticket for good before *until*; *origin* where it never
    did from there on, None where it still does."""
    steps, holds = side.batch.frame.steps, side.applies[side.indexes[position]]
    first, last = int(steps.first[ticket]), int(steps.first[ticket] + steps.live[ticket])
    at = steps.at[first:last]
    begin = max(int(np.searchsorted(at, origin, side="right")) - 1, 0)
    end = max(int(np.searchsorted(at, until, side="right")), begin + 1)
    held = np.flatnonzero(holds[first + begin : first + end])
    if not len(held):
        return origin
    after = begin + int(held[-1]) + 1
    return int(at[after]) if after < end else None


def _cycle(
    side: _Side, position: int, ticket: int, number: int, origin: Instant, lent: Lent, figures: Figures
) -> Cycle:
    tickets, agreement = side.batch.frame.tickets, side.agreement(position)
    target = agreement.targets[side.name]
    moments, crossed, coming = lines_of(target, lent, figures, origin)
    return Cycle(
        ticket=TicketId(
            tickets.source[ticket], tickets.kind[ticket], tickets.ids[ticket], tickets.keys[ticket]
        ),
        agreement=agreement.name,
        version=agreement.version,
        target=side.name,
        number=number,
        origin=origin,
        state=lent.state,
        started=lent.cycle.started,
        ended=lent.ended,
        elapsed=figures.elapsed,
        time=figures.time,
        remaining=None if figures.time is None else figures.time - figures.elapsed,
        due=lent.due,
        breached_at=lent.breached_at,
        used=cut_share(figures.elapsed, figures.time),
        excluded=_excluded(side.batch, agreement, ticket),
        paused=lent.cycle.paused or 0,
        warnings=crossed,
        timeline=moments,
        next_at=coming,
        entry=target.place.short,
        rule_hash=agreement.hash,
        history=HISTORY,
    )


def _hours(batch: Batch, agreement: Agreement, target: Target, ticket: int) -> OpenTime:
    """The target's calendar in the zone of the ticket's latest step."""
    name = target.calendar or agreement.calendar
    zones, codes = batch.masks.zones(batch.masks.hoursbook.calendars[name].timezone)
    latest = int(batch.frame.steps.first[ticket] + batch.frame.steps.live[ticket] - 1)
    return batch.masks.hoursbook.hours(name, zones[0 if codes is None else int(codes[latest])])


def _excluded(batch: Batch, agreement: Agreement, ticket: int) -> str | None:
    """Of several `exclude` rows that hold at the ticket's latest step, the first gives the reason."""
    latest = int(batch.frame.steps.first[ticket] + batch.frame.steps.live[ticket] - 1)
    rows = (row for row in agreement.exclude if batch.masks.holds(row.when)[latest])
    return next((row.reason for row in rows), None)


def soonest(found: Borrowed, batch: Batch, known: list[Instant | None]) -> list[Instant | None]:
    """*known*, the instant by ticket at which to look again, with what borrowed cycles have to come."""
    places = {(batch.frame.tickets.source[t], batch.frame.tickets.ids[t]): t for t in range(len(known))}
    coming = list(found.coming)
    coming += [
        (places[cycle.ticket.source, cycle.ticket.id], cycle.next_at)
        for cycle in found.cycles
        if cycle.next_at is not None
    ]
    earliest = list(known)
    for ticket, at in coming:
        before = earliest[ticket]
        earliest[ticket] = at if before is None else min(before, at)
    return earliest
