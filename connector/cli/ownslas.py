"""What `accord check` tells of the platform's own SLAs: whether those that the rules name are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.config import SourceConfig
from connector.errors import AccordError, Position
from connector.model.platformcycle import same_name
from connector.platforms.port import Finding
from connector.platforms.registry import open_platform
from connector.rules.rulebook import Rulebook
from connector.site import catalogue_of, load_site
from connector.world import World
from connector.yamldoc import suggest


@dataclass(frozen=True, slots=True)
class Named:
    """The SLAs that a target names, of which one at least must be there."""

    names: tuple[str, ...]
    place: Position
    key: str  # measured_by | reconcile_with


def findings(
    world: World, config_path: Path, sources: Sequence[SourceConfig]
) -> Iterator[tuple[SourceConfig, Finding]]:
    """One for each target that names SLAs of the platform; nothing where no rule does, or where the rules
    cannot be read (`accord validate` tells of that)."""
    try:
        named = list(_named(load_site(config_path, world).book))
    except AccordError:
        return
    known: dict[str, list[str]] = {}
    for source in sources if named else ():
        try:
            known[source.name] = list(open_platform(source, catalogue_of(source), world).sla_names())
        except AccordError as error:
            yield source, Finding("the platform's SLAs", False, error.problem.what, error.problem.hint or "")
    for one in named if known else ():
        yield sources[0], _finding(one, known)


def _named(book: Rulebook) -> Iterator[Named]:
    for agreement in book.measuring():
        for target in agreement.targets.values():
            if target.measured_by is not None:
                yield Named((target.measured_by,), target.place, "measured_by")
            elif target.reconcile_with:
                yield Named(target.reconcile_with, target.place, "reconcile_with")


def _finding(named: Named, known: Mapping[str, Sequence[str]]) -> Finding:
    what = f"{named.key} {', '.join(named.names)} ({named.place.short})"
    at = [
        source
        for source, there in known.items()
        if any(same_name(name, one) for name in named.names for one in there)
    ]
    if at:
        return Finding(what, True, f"there, at {', '.join(at)}")
    every = sorted({name for there in known.values() for name in there})
    guess = next((hint for name in named.names if (hint := suggest(name, every))), None)
    has = f"known there: {', '.join(every)}" if every else "it has none"
    return Finding(what, False, "the platform has no SLA of that name", guess or has)
