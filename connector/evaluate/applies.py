"""Which agreements measure a ticket at a step: kinds, `where`, validity of versions, `choose_one`.

Rules: Clocks, *Version* and *Precedence*. Targets are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import Bools, Ints, Positions
from connector.evaluate.masks import Masks
from connector.rules.rulebook import Agreement

NEVER = -1


@dataclass(slots=True)
class Applies:
    """The agreements that measure, and where each one's `applies_to` holds on a batch."""

    agreements: Sequence[Agreement]
    masks: Masks
    _where: dict[int, Bools] = field(default_factory=dict)

    def where(self, index: int) -> Bools:
        """At which steps of the batch the agreement's kinds and `where` hold."""
        if index not in self._where:
            agreement, tickets = self.agreements[index], self.masks.frame.tickets
            of_kind = np.isin(np.array(tickets.kind.values, np.str_), agreement.kinds)
            holds = np.repeat(of_kind[tickets.kind.codes], self.masks.frame.steps.count)
            if agreement.where is not None:
                holds = holds & self.masks.holds(agreement.where)
            self._where[index] = holds
        return self._where[index]

    def versions(self) -> Iterator[list[int]]:
        """The agreements' indexes, the versions of one name together."""
        by_name: dict[str, list[int]] = {}
        for index, agreement in enumerate(self.agreements):
            by_name.setdefault(agreement.name, []).append(index)
        yield from by_name.values()

    def in_force(self, versions: Sequence[int], at: Ints) -> Positions:
        """Which of *versions* (its position there) is in force at each instant; NEVER where none is."""
        force = np.full(len(at), NEVER, np.int16)
        for position, index in enumerate(versions):
            np.copyto(force, np.int16(position), where=_is_valid(self.agreements[index], at))
        return force

    def holds(self, index: int, at: Ints, base: Ints | None) -> Bools:
        """Where agreement *index* applies and is not beaten by another of its `choose_one` group.

        *at* are the instants of the steps asked about, *base* the batch's steps they stand on (None: the
        same). Losing `choose_one` (the largest rank wins, by name where equal) is leaving `applies_to`.
        """
        holds = _based(self.where(index), base)
        for rival in self._rivals(index):
            holds = holds & ~(_based(self.where(rival), base) & _is_valid(self.agreements[rival], at))
        return holds

    def _rivals(self, index: int) -> Iterator[int]:
        mine = self.agreements[index]
        for rival, other in enumerate(self.agreements):
            if mine.choose_one and other.choose_one and other.name != mine.name:
                one, two = other.choose_one, mine.choose_one
                if one.group == two.group and (-one.rank, other.name) < (-two.rank, mine.name):
                    yield rival


def _is_valid(agreement: Agreement, at: Ints) -> Bools:
    valid = np.ones(len(at), np.bool_)
    if agreement.valid_from is not None:
        valid &= at >= agreement.valid_from
    if agreement.valid_until is not None:
        valid &= at < agreement.valid_until
    return valid


def _based(column: Bools, base: Ints | None) -> Bools:
    return column if base is None else column[base]
