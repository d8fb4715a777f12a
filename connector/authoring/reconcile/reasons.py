"""Why Accord's figures and the platform's differ: by evaluating the ticket anew under other rules, until one
gives the platform's figures. Nothing is guessed from words: a difference that no rule explains stays
unexplained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.authoring.reconcile.pairs import Pair, Theirs, pairs
from connector.authoring.reconcile.variants import (
    GOAL,
    OTHER_GOAL,
    ZONE,
    Variant,
    combined,
    far_fetched,
    goal_field,
    simple,
)
from connector.evaluate import evaluate
from connector.model.cycle import Cycle
from connector.model.instant import HOUR, MINUTE, Instant, Millis, format_length
from connector.model.kind import Kind
from connector.model.record import Record
from connector.rules.conditions import fields_in
from connector.rules.rulebook import Rulebook

ONLY_OURS, ONLY_THEIRS, VERDICT, UNEXPLAINED = (
    "not measured by the platform", "not measured by Accord", "the platform's verdict", "unexplained",
)  # fmt: skip
_ZONE_STEP, _WIDEST = 15 * MINUTE, 14 * HOUR

Where = tuple[str, str, str]  # ticket id, agreement, target


@dataclass(frozen=True, slots=True)
class Case:
    """One target on one ticket: what the platform has of it, and who belongs to whom."""

    where: Where
    theirs: tuple[Theirs, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two cycles that do not tell the same, or one alone; why, and what shows it."""

    where: Where
    pair: Pair
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What tickets are evaluated with: *records* of one kind by id, as of *at*; *tolerance*: figures that
    differ by no more tell the same."""

    book: Rulebook
    kinds: Mapping[str, Kind]
    records: Mapping[str, Record]
    at: Instant
    tolerance: Millis

    def cycles(self, book: Rulebook, cases: Iterable[Case], *, late: bool) -> dict[Where, list[Cycle]]:
        """The cycles that *book* makes of the tickets of *cases*, by ticket and target. *late*: of tickets
        opened where the platform's first cycle starts."""
        found: dict[Where, list[Cycle]] = {}
        wanted = self._with_platforms(cases, late=late)
        for cycle in evaluate(wanted, book, at=self.at, kinds=self.kinds).cycles():
            found.setdefault((cycle.ticket.id, cycle.agreement, cycle.target), []).append(cycle)
        return found

    def _with_platforms(self, cases: Iterable[Case], *, late: bool) -> list[Record]:
        """The records, each with the platform's own goals as fields."""
        fields: dict[str, dict[str, Any]] = {}
        for case in cases:
            ticket, agreement, target = case.where
            own = fields.setdefault(ticket, dict(self.records[ticket].fields))
            told = [one.lent.cycle.goal for one in case.theirs if one.lent.cycle.goal is not None]
            if told:
                own[goal_field(agreement, target)] = told[-1]
            if late and case.theirs and own.get("opened") is not None:
                own["opened"] = max(own["opened"], min(one.started for one in case.theirs))
        return [replace(self.records[id_], fields=own) for id_, own in sorted(fields.items())]

    def differing(self, case: Case) -> list[Pair]:
        """The pairs of *case* that do not tell the same."""
        return [pair for pair in case.pairs if not pair.differences().within(self.tolerance)]


def reasons(bench: Bench, cases: Sequence[Case]) -> list[Difference]:
    """Every difference of *cases* with its reason: of the rules that would explain one, that which explains
    the most of them."""
    found: list[Difference] = []
    left = {(case.where, pair): case for case in cases for pair in bench.differing(case)}
    for variants in _stages(bench.book):
        explained = [(one, _explained(bench, one, left)) for one in variants if left]
        for variant, keys in sorted(explained, key=lambda one: -len(one[1])):
            news = [key for key in keys if left.pop(key, None) is not None]
            found += [Difference(*key, *_named(bench, variant, *key)) for key in news]
        for key in [key for key in left if _is_shift(key[1])]:
            found.append(Difference(*key, ZONE, _shift(key[1])))
            del left[key]
    return found + [_unexplained(where, pair, case) for (where, pair), case in left.items()]


def _stages(book: Rulebook) -> Iterator[Iterable[Variant]]:
    """Simple rules first; a shift of all instants is looked for after each stage."""
    ones = list(simple(book))
    yield ones
    yield far_fetched(book)
    yield combined(ones)


def _explained(
    bench: Bench, variant: Variant, left: Mapping[tuple[Where, Pair], Case]
) -> list[tuple[Where, Pair]]:
    """What of *left* the platform's figures are met by under *variant*."""
    book = variant.of(bench.book)
    if book is None:
        return []
    made = bench.cycles(book, left.values(), late=variant.late)
    anew = {case.where: pairs(made.get(case.where, []), case.theirs, bench.at) for case in left.values()}
    return [(where, pair) for where, pair in left if _meets(bench, pair, anew[where])]


def _meets(bench: Bench, pair: Pair, anew: Sequence[Pair]) -> bool:
    if pair.theirs is None:  # one of ours too many: there is none any more, and the others fit
        return bool(anew) and all(one.differences().within(bench.tolerance) for one in anew)
    partner = next((one for one in anew if one.theirs == pair.theirs), None)
    if partner is None or not partner.differences().within(bench.tolerance):
        return False
    return _ends_alike(partner, bench.tolerance)


def _ends_alike(pair: Pair, tolerance: Millis) -> bool:
    """Two that count nowhere differ in nothing; as evidence of a rule they must at least end together."""
    if pair.ours is None or pair.theirs is None:
        return False
    ended = pair.ours.ended, pair.theirs.lent.ended
    if ended[0] is None or ended[1] is None:
        return ended[0] == ended[1]
    return abs(ended[0] - ended[1]) <= tolerance


def _named(bench: Bench, variant: Variant, where: Where, pair: Pair) -> tuple[str, str]:
    """The reason, and what shows it, in the words of this ticket."""
    reason, says = variant.reason, variant.says
    ticket, agreement, target = where
    cycle = pair.ours
    version = (
        cycle.version
        if cycle is not None
        else max(one.version for one in bench.book.agreements if one.name == agreement)
    )
    entries = bench.book.agreement(agreement, version).targets[target].entries
    if variant.entry is not None and variant.entry < len(entries):
        entry = entries[variant.entry]
        says += f" ({entry.time.written}, {entry.place.short})"
    if variant.goal and pair.theirs is not None and pair.theirs.lent.cycle.goal is not None:
        own = "none" if cycle is None or cycle.time is None else format_length(cycle.time)
        says += f" ({format_length(pair.theirs.lent.cycle.goal)}, Accord's {own})"
    asked = {name for entry in entries for name in fields_in(entry.when)}
    has_changed = any(change.field in asked for change in bench.records[ticket].changes)
    if variant.late and pair.theirs is not None:
        later = pair.theirs.started - (bench.records[ticket].fields.get("opened") or 0)
        says += f" ({format_length(later)} later)"
    if GOAL in reason and variant.entry is not None and not has_changed:
        reason = reason.replace(GOAL, OTHER_GOAL)
    if OTHER_GOAL in reason and variant.goal and has_changed:
        reason = reason.replace(OTHER_GOAL, GOAL)
    return reason, says


def _is_shift(pair: Pair) -> bool:
    shift = pair.differences().shifted()
    if shift is None or pair.differences().end is None or not _ZONE_STEP / 2 < abs(shift) <= _WIDEST:
        return False
    return abs(shift - round(shift / _ZONE_STEP) * _ZONE_STEP) <= 2_000


def _shift(pair: Pair) -> str:
    shift = pair.differences().shifted() or 0
    return f"all its instants lie {format_length(abs(shift))} {'earlier' if shift > 0 else 'later'}"


def _unexplained(where: Where, pair: Pair, case: Case) -> Difference:
    if pair.theirs is None:
        has = f"it has {len(case.theirs)} on this ticket" if case.theirs else "it has none on this ticket"
        return Difference(where, pair, ONLY_OURS, has)
    if pair.ours is None:
        return Difference(where, pair, ONLY_THEIRS, "the agreement's clock did not run then")
    told = pair.theirs.lent.cycle
    if told.goal is not None and told.elapsed is not None and (told.elapsed > told.goal) is not told.breached:
        says = f"it noted {'a' if told.breached else 'no'} breach, and {format_length(told.elapsed)} counted"
        return Difference(where, pair, VERDICT, f"{says} of {format_length(told.goal)}")
    return Difference(where, pair, UNEXPLAINED, "none of the rules tried gives the platform's figures")
