"""What a target promises at each step: the entry of `within`, its time, its calendar (rules: Clocks,
*Entry*).

States and elapsed time are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import NONE, Bools, Codes, Ints
from connector.evaluate.masks import Masks
from connector.rules.rulebook import (
    Agreement,
    BusinessDays,
    Entry,
    FieldDue,
    FieldTime,
    OpenTime,
    Target,
)

CalendarZone = tuple[str, str]  # a calendar's name and the zone it is read in
NO_ENTRY = -1


@dataclass(slots=True)
class Terms:
    """One version's terms on the steps of a batch. Position len(entries) stands for no entry, as `none`."""

    agreement: Agreement
    target: Target
    entry: Codes  # which entry holds at each step
    value: Ints | None  # the length or due instant that its field gives; None: no entry reads one
    changed: Bools | None  # where entry or value differ from the step before; None: they never can
    hours: Sequence[
        tuple[int, Codes | None]
    ]  # of each entry: id of its calendar in its first zone; zone's number

    @property
    def entries(self) -> Sequence[Entry]:
        return self.target.entries

    @property
    def is_due_date(self) -> Bools:
        """By entry: whether it gives a due date."""
        kinds = [isinstance(entry.time, BusinessDays | FieldDue) for entry in self.entries]
        return np.array([*kinds, False], np.bool_)

    def rejudged(self) -> Bools | None:
        """Where a running cycle's figures may turn: the goal changed, or the zone of a calendar did."""
        moved = self.changed
        for _, zones in self.hours:
            if zones is not None:
                other = np.zeros(len(zones), np.bool_)
                other[1:] = zones[1:] != zones[:-1]
                moved = other if moved is None else moved | other
        return moved

    def policy(self, steps: Ints) -> Bools:
        """Whether `on_goal_change` at each of *steps* (of the new entry, else of the target) is `carry`."""
        return self._policy_is("carry")[self.entry[steps]]

    def restarts(self) -> Bools | None:
        """Where the goal changed with `on_goal_change: restart`."""
        restarts = self._policy_is("restart")
        return self.changed & restarts[self.entry] if self.changed is not None and restarts.any() else None

    def may_carry(self) -> bool:
        """Whether open time may stay counted under an old calendar."""
        return self.changed is not None and bool(self._policy_is("carry").any())

    def calendar(self, entry: Codes, zone_at: Ints) -> Ints:
        """Ids of the calendars of *entry*, each in the zone of the step *zone_at*."""
        found: Ints = np.array([first for first, _ in self.hours], np.int64)[entry]
        for number, (_, zones) in enumerate(self.hours):
            if zones is not None:
                here = np.flatnonzero(entry == number)
                found[here] += zones[zone_at[here]]
        return found

    def lengths(self, entry: Codes, steps: Ints) -> Ints:
        """The time of each entry as of a step; NONE for `none`, an empty field and due dates."""
        fixed = [e.time.length if isinstance(e.time, OpenTime) else NONE for e in self.entries]
        found = np.array([*fixed, NONE], np.int64)[entry]
        reads = np.array([*(isinstance(e.time, FieldTime) for e in self.entries), False], np.bool_)[entry]
        if self.value is not None:
            found = np.where(reads, self.value[steps], found)
        return found

    def _policy_is(self, policy: str) -> Bools:
        own = [(entry.on_goal_change or self.target.on_goal_change) == policy for entry in self.entries]
        return np.array([*own, self.target.on_goal_change == policy], np.bool_)


@dataclass(slots=True)
class Ids:
    """Numbers for the calendars in the zones that a batch uses."""

    numbered: list[CalendarZone] = field(default_factory=list)
    _first: dict[tuple[str, ...], int] = field(default_factory=dict)

    def first_of(self, calendar: str, zones: Sequence[str]) -> int:
        """The id of *calendar* in the first of *zones*; the other zones follow it."""
        key = (calendar, *zones)
        if key not in self._first:
            self._first[key] = len(self.numbered)
            self.numbered.extend((calendar, zone) for zone in zones)
        return self._first[key]


def terms(agreement: Agreement, target: Target, masks: Masks, ids: Ids) -> Terms:
    """The terms of one version of a target at every step of a batch."""
    steps = masks.frame.steps
    entries = target.entries
    entry = np.full(len(steps.at), len(entries), np.int32)
    value: Ints | None = None
    for number in reversed(range(len(entries))):
        holds = masks.holds(entries[number].when)
        np.copyto(entry, np.int32(number), where=holds)
    for number, each in enumerate(entries):
        if isinstance(each.time, FieldTime | FieldDue):
            read = masks.lengths if isinstance(each.time, FieldTime) else masks.instants
            value = np.zeros(len(entry), np.int64) if value is None else value
            here = entry == number
            value[here] = read(each.time.field)[here]
    calendars = [e.calendar for e in entries] + [target.calendar or agreement.calendar]
    return Terms(
        agreement, target, entry, value, _changed(steps.first, entry, value), _hours(calendars, masks, ids)
    )


def _changed(first: Ints, entry: Codes, value: Ints | None) -> Bools | None:
    changed = np.zeros(len(entry), np.bool_)
    changed[1:] = entry[1:] != entry[:-1]
    if value is not None:
        changed[1:] |= value[1:] != value[:-1]
    changed[first] = False
    return changed if changed.any() else None


def _hours(calendars: Sequence[str], masks: Masks, ids: Ids) -> list[tuple[int, Codes | None]]:
    found: list[tuple[int, Codes | None]] = []
    for name in calendars:
        zones, codes = masks.zones(masks.hoursbook.calendars[name].timezone)
        found.append((ids.first_of(name, zones), codes))
    return found
