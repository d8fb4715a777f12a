"""The platform's own SLAs that the rules name, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import AccordError, Position
from connector.model.platformcycle import same_name
from connector.platforms.port import Platform
from connector.rules.rulebook import Rulebook
from connector.yamldoc import suggest

Known = Mapping[str, Sequence[str]]  # the names of each source


@dataclass(frozen=True, slots=True)
class Named:
    """The SLAs that a target names, of which one at least must be there."""

    names: tuple[str, ...]
    place: Position
    key: str  # measured_by | reconcile_with

    def at(self, known: Known) -> list[str]:
        """The sources that have one of them."""
        return [
            source
            for source, there in known.items()
            if any(same_name(name, one) for name in self.names for one in there)
        ]

    def hint(self, known: Known) -> str:
        """What may have been meant, where none has it."""
        every = sorted({name for there in known.values() for name in there})
        guess = next((hint for name in self.names if (hint := suggest(name, every))), None)
        return guess or (f"known there: {', '.join(every)}" if every else "it has none")


def named(book: Rulebook) -> Iterator[Named]:
    """What the targets name that measure."""
    for agreement in book.measuring():
        for target in agreement.targets.values():
            if target.measured_by is not None:
                yield Named((target.measured_by,), target.place, "measured_by")
            elif target.reconcile_with:
                yield Named(target.reconcile_with, target.place, "reconcile_with")


def names_at(platform: Platform, book: Rulebook) -> Sequence[str] | None:
    """The platform's SLAs; None where no target is measured by one, or they may not be seen."""
    if not any(one.key == "measured_by" for one in named(book)):
        return None
    try:
        return platform.sla_names()
    except AccordError:
        return None  # `accord check` tells why


def lacking(book: Rulebook, known: Known) -> Iterator[str]:
    """What to tell of targets measured by an SLA that no source has: they get no cycles."""
    for one in named(book):
        if one.key == "measured_by" and not one.at(known):
            where = f"{one.place.short}: measured_by {one.names[0]}"
            yield f"{where}: no source has an SLA of that name, so nothing is measured ({one.hint(known)})"
