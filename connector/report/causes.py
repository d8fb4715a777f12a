"""Why cycles were missed: where their time went, what was broken with them, and their timelines as pictures.

Rules: Composition. How it is found out is in `reasons`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.evaluate.attribution import Attribution, CycleKey
from connector.model.cycle import Cycle
from connector.model.instant import Millis


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one cycle was missed. *picture*: its timeline as SVG, for the worst ones."""

    attribution: Attribution
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Causes:
    """Why the missed cycles of a report were missed."""

    found: Mapping[CycleKey, Cause] = field(default_factory=dict)

    def of(self, cycle: Cycle) -> Cause | None:
        """Why *cycle* was; None where its ticket is no longer kept or is evaluated otherwise now."""
        return self.found.get(key_of(cycle))

    def pictured(self, cycles: Sequence[Cycle]) -> list[Cycle]:
        """Those of *cycles* whose timeline was drawn."""
        return [each for each in cycles if (cause := self.of(each)) is not None and cause.picture]

    def summed(self, cycles: Sequence[Cycle]) -> Sum:
        """Over several cycles: time by group and by pause reason, and how often each OLA or UC broke too."""
        total = Sum({}, {}, {})
        for cause in filter(None, map(self.of, cycles)):
            where = cause.attribution
            for shares, sums in ((where.groups, total.groups), (where.reasons, total.reasons)):
                for name, length in shares.items():
                    sums[name] = sums.get(name, 0) + length
            for name in {f"{each.type.upper()} {each.agreement}" for each in where.broken}:
                total.broken[name] = total.broken.get(name, 0) + 1
        return total


@dataclass(frozen=True, slots=True)
class Sum:
    """Shares of several cycles together; *broken* counts cycles."""

    groups: dict[str | None, Millis]
    reasons: dict[str | None, Millis]
    broken: dict[str, int]


def key_of(cycle: Cycle) -> CycleKey:
    """What a cause is found by."""
    ticket = cycle.ticket
    return (ticket.source, ticket.kind, ticket.id), cycle.agreement, cycle.target, cycle.number
