"""Which adapter serves which platform: entry points of the group `accord.platforms`.

The shipped ones are named here as well, so that a checkout works without being installed. An adapter is a
callable that takes the source, its catalogue and the world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from connector.config import SourceConfig
from connector.errors import AccordError
from connector.mappings.catalogue import Catalogue
from connector.platforms.port import Platform
from connector.world import World
from connector.yamldoc import suggest

GROUP = "accord.platforms"
SHIPPED: dict[str, str] = {
    "jira": "connector.platforms.jira.adapter:Jira",
    "servicenow": "connector.platforms.servicenow.adapter:ServiceNow",
}


def open_platform(source: SourceConfig, catalogue: Catalogue, world: World) -> Platform:
    """The adapter of *source*, not yet logged in. AccordError where no adapter has that name, or the mapping
    is for another platform."""
    if catalogue.platform != source.platform:
        raise AccordError(
            f"the source {source.name} is on {source.platform}, its mapping {catalogue.name} is for"
            f" {catalogue.platform}",
            hint=f"choose a mapping for {source.platform}",
        )
    return _adapter(source.platform)(source, catalogue, world)


def _adapter(name: str) -> Callable[[SourceConfig, Catalogue, World], Platform]:
    found = _installed()
    if name not in found:
        hint = suggest(name, found) or f"known here: {', '.join(sorted(found))}"
        raise AccordError(f"there is no adapter for the platform {name!r}", hint=hint)
    module, _, attribute = found[name].partition(":")
    adapter: Callable[[SourceConfig, Catalogue, World], Platform] = getattr(import_module(module), attribute)
    return adapter


@cache
def _installed() -> Mapping[str, str]:
    """Looking through all that is installed takes a while, and a service asks at every run."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | SHIPPED
