"""Which of the platform's SLAs belongs to which target: those it names, else the one of its own name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from connector.errors import AccordError
from connector.model.platformcycle import same_name
from connector.rules.rulebook import Agreement, Rulebook
from connector.yamldoc import suggest


@dataclass(frozen=True, slots=True)
class Match:
    """A target and the names of the platform's SLAs beside it."""

    versions: tuple[Agreement, ...]
    target: str
    names: tuple[str, ...]

    @property
    def agreement(self) -> str:
        return self.versions[-1].name

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for one in self.versions for kind in one.kinds)


@dataclass(frozen=True, slots=True)
class Lack:
    """A name that the platform does not have, for people."""

    told: str
    hint: str

    def __str__(self) -> str:
        return f"{self.told}; {self.hint}"


@dataclass(frozen=True, slots=True)
class Matching:
    """What can be compared, and what cannot."""

    matches: tuple[Match, ...]
    lacks: tuple[Lack, ...]


def matching(book: Rulebook, known: Sequence[str], agreement: str | None, target: str | None) -> Matching:
    """The targets of enacted agreements beside the SLAs *known* of a platform; only of *agreement* and
    *target* where one is named. AccordError where there is none of that name."""
    matches: list[Match] = []
    lacks: list[Lack] = []
    for versions in _chosen(book, agreement):
        names = {name: None for one in versions for name, t in one.targets.items() if t.measured_by is None}
        for name in names:
            if target in (None, name):
                found, missing = _names(versions, name, known)
                lacks += missing
                matches += [Match(versions, name, found)] if found else []
    if target is not None and not matches and not lacks:
        every = sorted({name for versions in _chosen(book, agreement) for name in versions[-1].targets})
        hint = suggest(target, every) or f"targets with a clock of their own: {', '.join(every) or 'none'}"
        raise AccordError(f"there is no target {target!r} that Accord measures", hint=hint)
    return Matching(tuple(matches), tuple(lacks))


def _chosen(book: Rulebook, name: str | None) -> list[tuple[Agreement, ...]]:
    measuring = sorted(book.measuring(), key=lambda one: (one.name, one.version))
    found = [tuple(group) for _, group in groupby(measuring, key=lambda one: one.name)]
    if name is None:
        return found
    chosen = [versions for versions in found if versions[0].name == name]
    if not chosen:
        known = [versions[0].name for versions in found]
        hint = suggest(name, known) or f"enacted ones: {', '.join(known) or 'none'}"
        raise AccordError(f"there is no enacted agreement {name!r}", hint=hint)
    return chosen


def _names(
    versions: tuple[Agreement, ...], target: str, known: Sequence[str]
) -> tuple[tuple[str, ...], list[Lack]]:
    targets = [one.targets[target] for one in versions if target in one.targets]
    declared = list(dict.fromkeys(name for one in targets for name in one.reconcile_with))
    wanted = declared or [target]
    found = [name for one in wanted for name in known if _same(one, name, loosely=not declared)]
    missing = [one for one in wanted if not any(_same(one, name, loosely=not declared) for name in known)]
    return tuple(dict.fromkeys(found)), [_lack(versions[-1], target, one, known) for one in missing]


def _same(wanted: str, name: str, *, loosely: bool) -> bool:
    """A target's own name is written with dashes, the platform's with blanks."""
    if loosely:
        wanted, name = (text.replace("-", " ").replace("_", " ") for text in (wanted, name))
    return same_name(wanted, name)


def _lack(agreement: Agreement, target: str, name: str, known: Sequence[str]) -> Lack:
    place = agreement.targets[target].place if target in agreement.targets else agreement.place
    guess = suggest(name, known)
    has = f"it has {', '.join(known)}" if known else "it has none"
    told = f"{place}: the platform has no SLA named {name!r} for {agreement.name}/{target}; {has}"
    mend = "write reconcile_with: with one of its names at the target" if known else "define it there first"
    return Lack(told, guess or mend)
