"""What `accord check` tells of the platform's own SLAs: whether those that the rules name are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from connector.config import SourceConfig
from connector.errors import AccordError
from connector.platforms.port import Finding
from connector.platforms.registry import open_platform
from connector.site import catalogue_of, load_site
from connector.stages.ownslas import Known, Named, named
from connector.world import World


def findings(
    world: World, config_path: Path, sources: Sequence[SourceConfig]
) -> Iterator[tuple[SourceConfig, Finding]]:
    """One for each target that names SLAs of the platform; nothing where no rule does, or where the rules
    cannot be read (`accord validate` tells of that)."""
    try:
        wanted = list(named(load_site(config_path, world).book))
    except AccordError:
        return
    known: dict[str, list[str]] = {}
    for source in sources if wanted else ():
        try:
            known[source.name] = list(open_platform(source, catalogue_of(source), world).sla_names())
        except AccordError as error:
            yield source, Finding("the platform's SLAs", False, error.problem.what, error.problem.hint or "")
    for one in wanted if known else ():
        yield sources[0], _finding(one, known)


def _finding(one: Named, known: Known) -> Finding:
    what = f"{one.key} {', '.join(one.names)} ({one.place.short})"
    if at := one.at(known):
        return Finding(what, True, f"there, at {', '.join(at)}")
    return Finding(what, False, "the platform has no SLA of that name", one.hint(known))
