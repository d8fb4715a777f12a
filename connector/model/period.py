"""An objective's figure for one period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from connector.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Figure:
    """One objective's value over one period; fractions are exact, printed values are truncated."""

    agreement: str
    version: int
    objective: str
    each: str | None
    period: str  # 2026-10, 2026-W40, 2026-Q4, 2026…
    start: Instant
    end: Instant
    numerator: int
    denominator: int
    bound: Fraction | None
    state: str  # met | missed | no_data | none (no bound applies) | open (the period has not ended)
    excluded: Mapping[str, int] = field(default_factory=dict)  # reason → cycles
    missed_keys: tuple[str, ...] = ()
    without_target: int = 0  # cycles that had no time to keep: not counted
    standing: str = "no_data"  # the verdict as of now, also while the period is open
    warned: bool = False  # met, but below the objective's `warn`

    @property
    def value(self) -> Fraction | None:
        """The share, or None without data."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None
