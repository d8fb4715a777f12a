"""What is promised over time: which cycles of a period count, how they did, and the verdict.

Pure: facts in, figures out. Values stay exact fractions; only printing cuts them (rules: Objectives).
Where the cycles come from and how a report looks is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from connector.evaluate.judge import holds
from connector.evaluate.periods import Rhythm, Span
from connector.model.cycle import Cycle, State
from connector.model.instant import Instant
from connector.model.period import Figure
from connector.model.record import Value
from connector.rules.rulebook import Agreement, Condition, Objective


@dataclass(frozen=True, slots=True)
class Fact:
    """A cycle and the values that objectives read of its ticket, as they were at the cycle's latest step."""

    cycle: Cycle
    values: Mapping[str, Value] = field(default_factory=dict)
    url: str | None = None

    @property
    def is_missed(self) -> bool:
        """Missed, or still open past its time."""
        return self.cycle.state is State.MISSED or (
            self.cycle.state.is_open and self.cycle.breached_at is not None
        )

    @property
    def is_decided(self) -> bool:
        """Met or missed already; a cancelled or reset one, or one still in time, is not."""
        return self.cycle.state is State.MET or self.is_missed


@dataclass(frozen=True, slots=True)
class Tally:
    """The cycles behind one figure. With `count: tickets` *met* and *missed* hold one cycle a ticket."""

    each: Value  # the value of the `each` field; None where the objective has none, or the field is empty
    met: tuple[Fact, ...] = ()
    missed: tuple[Fact, ...] = ()
    excluded: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)  # by reason
    without_target: tuple[Fact, ...] = ()

    @property
    def counted(self) -> tuple[Fact, ...]:
        """What the figure rests on."""
        return (*self.met, *self.missed)


Judge = Callable[[Condition | None, Mapping[str, Value]], bool]


@dataclass(frozen=True, slots=True)
class Measure:
    """How one kind of objective becomes a figure: *numerator* over the number of counted cycles."""

    is_length: bool  # milliseconds, otherwise a share
    counted_at: Callable[[Objective, Fact], Instant | None]
    numerator: Callable[[Objective, Tally], int]


def _tallies(
    objective: Objective,
    facts: Iterable[Fact],
    span: Span,
    judge: Judge,
    counted_at: Callable[[Objective, Fact], Instant | None],
) -> list[Tally]:
    """One tally for each value of `each`, in order of value. *facts* are cycles of the objective's target,
    of any version, whenever they happened."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    values: dict[str, Value] = {str(value).lower(): value for value in objective.each_values or ()}
    for fact in facts:
        at = counted_at(objective, fact)
        if at is None or not span.start <= at < span.end or not judge(objective.where, fact.values):
            continue
        value = fact.values.get(objective.each) if objective.each else None
        name = _name(value)
        if objective.each_values is not None and name not in values:
            continue
        values.setdefault(name, value)
        groups[name].append(fact)
    if not objective.each:
        values = {"": None}
    names = (
        list(values) if objective.each_values is not None else sorted(values, key=lambda n: _order(values[n]))
    )
    return [_tally(objective, values[name], groups[name], judge) for name in names]


def by_outcome(objective: Objective, fact: Fact) -> Instant | None:
    """The instant that puts a cycle into a period (`counted_by`); None where it has no outcome to count."""
    if not fact.is_decided:
        return None
    cycle = fact.cycle
    if objective.counted_by == "started":
        return cycle.started
    if objective.counted_by == "ended":
        return cycle.ended
    return cycle.breached_at if fact.is_missed and cycle.breached_at is not None else cycle.ended


def by_end(_: Objective, fact: Fact) -> Instant | None:
    """How long cycles took is asked of ended ones only."""
    return fact.cycle.ended if fact.is_decided and not fact.cycle.state.is_open else None


def _total(_: Objective, tally: Tally) -> int:
    return sum(fact.cycle.elapsed for fact in tally.counted)


def _ranked(objective: Objective, tally: Tally) -> int:
    """The value at the nearest rank, times the number of cycles: the quotient is the value itself."""
    ordered = sorted(fact.cycle.elapsed for fact in tally.counted)
    rank = ceil(Fraction(objective.of) / 100 * len(ordered))
    return ordered[rank - 1] * len(ordered) if ordered else 0


# One line a measure; its word is the objective's first key.
MEASURES: Mapping[str, Measure] = {
    "attained": Measure(False, by_outcome, lambda _, tally: len(tally.met)),
    "mean": Measure(True, by_end, _total),
    "percentile": Measure(True, by_end, _ranked),
}


def target_of(objective: Objective) -> str:
    """The target whose cycles the objective counts."""
    return str(objective.settings["of"] if objective.measure == "percentile" else objective.of)


def _name(value: Value) -> str:
    return "" if value is None else str(value).lower()


def _order(value: Value) -> tuple[bool, float, str]:
    """Numbers by size, then text; an empty field last."""
    number = float(value) if isinstance(value, int | float) else float("inf")
    return value is None, number, str(value)


def _tally(objective: Objective, each: Value, facts: Iterable[Fact], judge: Judge) -> Tally:
    excluded: dict[str, list[Fact]] = defaultdict(list)
    counted, without = [], []
    for fact in facts:
        reason = fact.cycle.excluded or _excluded_here(objective, fact, judge)
        if reason is not None:
            excluded[reason].append(fact)
        elif fact.cycle.time is None:
            without.append(fact)
        else:
            counted.append(fact)
    if objective.count == "tickets":
        counted = list(_one_a_ticket(counted))
    return Tally(
        each=each,
        met=tuple(fact for fact in counted if not fact.is_missed),
        missed=tuple(fact for fact in counted if fact.is_missed),
        excluded={reason: tuple(found) for reason, found in sorted(excluded.items())},
        without_target=tuple(without),
    )


def _excluded_here(objective: Objective, fact: Fact, judge: Judge) -> str | None:
    return next((row.reason for row in objective.exclude if judge(row.when, fact.values)), None)


def _one_a_ticket(facts: Iterable[Fact]) -> Iterator[Fact]:
    """One answer a ticket: missed if any of its cycles was."""
    answers: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        ticket = fact.cycle.ticket
        known = answers.get((ticket.source, ticket.kind, ticket.id))
        if known is None or (fact.is_missed and not known.is_missed):
            answers[ticket.source, ticket.kind, ticket.id] = fact
    return iter(answers.values())


def last_cycles(facts: Iterable[Fact]) -> list[Fact]:
    """Of each ticket the last cycle only: what counts of a target with `measure: total`."""
    last: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        ticket = fact.cycle.ticket
        known = last.get((ticket.source, ticket.kind, ticket.id))
        if known is None or fact.cycle.number > known.cycle.number:
            last[ticket.source, ticket.kind, ticket.id] = fact
    return list(last.values())


def rhythm(objective: Objective, agreement: Agreement) -> Rhythm:
    """How the objective's periods follow one another."""
    return Rhythm(objective.per, agreement.timezone, objective.starts)


def in_force(agreements: Iterable[Agreement], span: Span) -> Agreement | None:
    """Of one agreement's versions the one whose text rules *span*: in force at its last instant, or else the
    last that was in force during it."""
    during = [
        one
        for one in agreements
        if (one.valid_from is None or one.valid_from < span.end)
        and (one.valid_until is None or one.valid_until > span.start)
    ]
    return max(during, key=lambda one: one.version, default=None)


def tallies(
    agreement: Agreement, objective: Objective, facts: Sequence[Fact], span: Span, judge: Judge = holds
) -> list[Tally]:
    """The cycles that count for *objective* in *span*, from all of the agreement's *facts*.
    *judge* tells whether a condition holds; one that knows calendars judges `inside:`, too.

    KeyError where the objective's measure is not one of MEASURES.
    """
    name = target_of(objective)
    mine = [fact for fact in facts if fact.cycle.target == name]
    target = agreement.targets.get(name)
    if target is not None and target.measure == "total":
        mine = last_cycles(mine)
    return _tallies(objective, mine, span, judge, MEASURES[objective.measure].counted_at)


def figure(agreement: Agreement, objective: Objective, tally: Tally, span: Span, at: Instant) -> Figure:
    """The figure of *tally*. Until the period ends it is `open`, and `standing` tells how it stands."""
    measure, count = MEASURES[objective.measure], len(tally.counted)
    found = Figure(
        agreement=agreement.name,
        version=agreement.version,
        objective=objective.name,
        each=("" if tally.each is None else str(tally.each)) if objective.each else None,
        period=span.name,
        start=span.start,
        end=span.end,
        numerator=measure.numerator(objective, tally),
        denominator=count,
        bound=bound_of(objective, tally.each),
        state="open",
        excluded={reason: len(facts) for reason, facts in tally.excluded.items()},
        missed_keys=tuple(sorted(fact.cycle.ticket.key for fact in tally.missed)),
        without_target=len(tally.without_target),
    )
    standing = _verdict(objective, found)
    close = standing == "met" and objective.warn is not None and not _keeps(objective, found, objective.warn)
    return replace(found, standing=standing, warned=close, state=standing if at >= span.end else "open")


def bound_of(objective: Objective, each: Value) -> Fraction | None:
    """What is promised for one value of `each`: the first row that holds of `at_least`, else `at_most`."""
    values = {objective.each: each} if objective.each else {}
    rows = objective.at_least or objective.at_most
    return next((row.value for row in rows if holds(row.when, values)), None)


def _keeps(objective: Objective, found: Figure, bound: Fraction) -> bool:
    value = found.value or Fraction(0)
    return value >= bound if objective.at_least else value <= bound


def _verdict(objective: Objective, found: Figure) -> str:
    if found.value is None or found.denominator < objective.min_count:
        return objective.empty
    if found.bound is None:
        return "none"
    allowed = objective.measure == "attained" and len(found.missed_keys) <= objective.allow_missed
    return "met" if _keeps(objective, found, found.bound) or allowed else "missed"


def percent(value: Fraction, places: int = 2) -> str:
    """*value* in per cent, cut (never rounded) to *places*: 94.999 % is `94.99 %`; whole ones stay whole."""
    scaled = value * 100 * 10**places
    whole, rest = divmod(int(scaled), 10**places)
    digits = f"{rest:0{places}}".rstrip("0") if scaled.denominator == 1 else f"{rest:0{places}}"
    return f"{whole}.{digits} %" if digits else f"{whole} %"
