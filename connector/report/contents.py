"""What an achievement report says, before it is written as a page, a sheet or JSON.

Pure: cycles in, contents out; the counting itself is `connector.evaluate.objectives`. No store, no layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

from connector.evaluate.judge import holds
from connector.evaluate.objectives import (
    MEASURES,
    Fact,
    Judge,
    Tally,
    figure,
    in_force,
    rhythm,
    tallies,
)
from connector.evaluate.periods import Span, per_of
from connector.model.instant import Instant
from connector.model.period import Figure
from connector.report.causes import Causes
from connector.rules.rulebook import Agreement, Objective

TREND = 6  # former periods shown beside the one reported


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of an objective (one for each value of `each`) with its evidence and its past."""

    figure: Figure
    tally: Tally
    trend: tuple[Figure, ...]  # former periods from the first with data on, then this one

    @property
    def missed(self) -> Sequence[Fact]:
        """The missed cycles, worst first: by how many times their time they took."""
        return sorted(self.tally.missed, key=_badness)

    @property
    def excluded(self) -> Sequence[tuple[str, Fact]]:
        """Every excluded cycle with its reason."""
        return [(reason, fact) for reason, facts in self.tally.excluded.items() for fact in facts]


@dataclass(frozen=True, slots=True)
class Part:
    """One objective in the report."""

    objective: Objective
    span: Span
    rows: tuple[Row, ...]
    is_counted: bool = True  # False: this measure is not reported from cycles

    @property
    def verdict(self) -> str:
        """The worst of its rows."""
        return _worst([row.figure.standing for row in self.rows])


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of the tickets opened in the period, so that the denominators can be checked."""

    tickets: int = 0
    without_clock: tuple[str, ...] = ()  # keys of those on which no clock of any agreement ran, because
    no_agreement: int = 0  # no agreement covers them, or
    never_started: int = 0  # one does, but they were over before a clock could start


@dataclass(frozen=True, slots=True)
class Report:
    """One agreement's report on one period."""

    agreement: Agreement
    span: Span
    at: Instant  # what is reported is the truth as of this instant
    parts: tuple[Part, ...]
    coverage: Coverage = field(default_factory=Coverage)
    causes: Causes = field(default_factory=Causes)

    @property
    def is_open(self) -> bool:
        """The period has not ended: the figures are those so far."""
        return self.at < self.span.end

    @property
    def kept(self) -> tuple[int, int]:
        """How many figures keep what was promised, of how many that can be judged."""
        standings = [row.figure.standing for part in self.parts for row in part.rows]
        return standings.count("met"), standings.count("met") + standings.count("missed")

    @property
    def verdict(self) -> str:
        """The worst of its objectives."""
        return _worst([part.verdict for part in self.parts if part.is_counted])


def report(
    versions: Sequence[Agreement],
    facts: Sequence[Fact],
    span: Span,
    at: Instant,
    *,
    coverage: Coverage | None = None,
    judge: Judge = holds,
) -> Report | None:
    """The report on *span* of the agreement whose *versions* are given, from all its *facts*.

    None where no version was in force in that period.
    """
    agreement = in_force(versions, span)
    if agreement is None:
        return None
    count = _Count(versions, facts, at, judge)
    parts = tuple(count.part(agreement, objective, span) for objective in reported(agreement, span).values())
    return Report(agreement, span, at, parts, coverage or Coverage())


def reported(agreement: Agreement, span: Span) -> Mapping[str, Objective]:
    """What is reported of an agreement: its objectives; without any, what each target attained in *span*."""
    if agreement.objectives:
        return agreement.objectives
    per = per_of(span.name) or "month"
    return {
        name: Objective(name=name, measure="attained", of=name, place=target.place, per=per)
        for name, target in agreement.targets.items()
    }


def needed_since(agreement: Agreement, span: Span) -> Instant:
    """How far back the facts for a report on *span* must go, its trends included."""
    starts = [span.start]
    for objective in reported(agreement, span).values():
        own = own_span(agreement, objective, span)
        starts.append(rhythm(objective, agreement).before(own, TREND)[0].start)
    return min(starts)


def own_span(agreement: Agreement, objective: Objective, span: Span) -> Span:
    """The objective's own period that a report on *span* shows: the same one, else the one around its end."""
    beat = rhythm(objective, agreement)
    try:
        return beat.named(span.name)
    except ValueError:
        return beat.containing(span.end - 1)


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts figures from one agreement's facts."""

    versions: Sequence[Agreement]
    facts: Sequence[Fact]
    at: Instant
    judge: Judge

    def part(self, agreement: Agreement, objective: Objective, around: Span) -> Part:
        span = own_span(agreement, objective, around)
        if objective.measure not in MEASURES:
            return Part(objective, span, (), is_counted=False)
        past = {
            one.name: self.figures(objective, one) for one in rhythm(objective, agreement).before(span, TREND)
        }
        rows = tuple(self.rows(agreement, objective, span, past))
        return Part(objective, span, rows)

    def rows(
        self, agreement: Agreement, objective: Objective, span: Span, past: Mapping[str, Mapping[str, Figure]]
    ) -> Iterator[Row]:
        for tally in tallies(agreement, objective, self.facts, span, self.judge):
            now = figure(agreement, objective, tally, span, self.at)
            former = [figures[_spelt(now)] for figures in past.values() if _spelt(now) in figures]
            known = dropwhile(lambda one: one.value is None, former)
            yield Row(now, tally, (*known, now))

    def figures(self, objective: Objective, span: Span) -> dict[str, Figure]:
        """That objective's figures of a former period, by `each`, judged by the version in force then."""
        agreement = in_force(self.versions, span)
        then = reported(agreement, span).get(objective.name) if agreement else None
        if agreement is None or then is None or then.measure not in MEASURES:
            return {}
        found = [
            figure(agreement, then, tally, span, self.at)
            for tally in tallies(agreement, then, self.facts, span, self.judge)
        ]
        return {_spelt(one): one for one in found}


def _spelt(one: Figure) -> str:
    return (one.each or "").lower()


def _worst(verdicts: Sequence[str]) -> str:
    return next((one for one in ("missed", "met", "no_data", "none") if one in verdicts), "no_data")


def _badness(fact: Fact) -> tuple[float, str]:
    cycle = fact.cycle
    share = cycle.elapsed / cycle.time if cycle.time else float("inf")
    return -share, cycle.ticket.key
