"""Loading a log into the platforms: what lies in the past at once, the rest as time reaches it.

Its people and things are records of the ServiceNow instance in any case; its tickets are where they are
asked for.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from connector.sandbox.jira.site import Site
from connector.sandbox.log.cast import Cast
from connector.sandbox.log.companions import Companions
from connector.sandbox.log.desk import Desk
from connector.sandbox.log.happenings import Changed, Made, happen
from connector.sandbox.log.incidents import Incidents
from connector.sandbox.log.read import cases
from connector.sandbox.log.service_levels import ServiceLevels
from connector.sandbox.servicenow.instance import Instance
from connector.sandbox.world import World

SHIPPED = "incident_log.csv.xz"
On = Literal["servicenow", "jira", "both"]


@dataclass(slots=True)
class LoadedLog:
    """A log on its platforms, and how to go on playing it."""

    world: World
    instance: Instance
    desk: Desk
    platform: On
    path: Path | None
    cases: int

    def play(self, until: int) -> int:
        """Let happen all that happened up to and including an instant (epoch ms); how much that was."""
        count = 0
        if self.world.timeline.waiting:
            try:
                for happening in self.world.timeline.until(until):
                    self._happen(happening)
                    count += 1
            finally:
                self.instance.playing = None
        return count

    def _happen(self, happening: Made | Changed) -> None:
        if self.platform != "jira":
            self.instance.playing = happening.at
            happen(self.instance, happening)
        if self.platform != "servicenow":
            self.desk.happen(happening)

    @property
    def waiting(self) -> int:
        """How many events are still to come."""
        return self.world.timeline.waiting


def load(
    world: World, instance: Instance, site: Site, path: Path | None, until: int | None, platform: On
) -> LoadedLog:
    """Put a log on empty platforms: all of it, or up to `until` with the rest to come.

    The clock is moved on to `until`, or to the log's last event.
    """
    with _uncollected():
        loaded = _prepared(world, instance, site, path, platform)
        limit = until if until is not None else world.timeline.end
        if limit is not None:
            world.clock.move(limit)
            loaded.play(limit)
        return loaded


@contextmanager
def _uncollected() -> Iterator[None]:
    """Half a million rows come and none goes: looking for garbage would take longer than the loading."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def resume(
    world: World, instance: Instance, site: Site, path: Path | None, platform: On, played: int
) -> LoadedLog:
    """Take up a log again of which so many events are on the platforms already."""
    loaded = _prepared(world, instance, site, path, platform)
    world.timeline.skip(played)
    loaded.desk.take_up(world.timeline.past)
    return loaded


def _prepared(world: World, instance: Instance, site: Site, path: Path | None, platform: On) -> LoadedLog:
    cast = Cast(instance)
    incidents = Incidents(cast, world.chance)
    companions = Companions(cast, world.chance)
    levels = ServiceLevels(cast, world.chance)
    happenings: list[Made | Changed] = []
    count = 0
    for case in cases(path or shipped()):
        count += 1
        companions.see(case)
        happenings.extend(incidents.history(case))
        happenings.extend(levels.history(case))
        instance.number_seen("incident", case.number)
    # Companions first: an incident refers to a problem that exists.
    world.timeline.load([*companions.histories(), *happenings])
    return LoadedLog(world, instance, Desk(site, instance), platform, path, count)


def shipped() -> Path:
    """The slice of the log that comes with the package."""
    return Path(str(files("connector.sandbox").joinpath("data", SHIPPED)))
