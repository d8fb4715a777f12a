"""What the stories have met: every fault at every boundary that it can meet, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sim import plot
from tests.sim.story import Story

LEAST = 20  # times that each pair is to be met by SEEDS stories
SEEDS = 2000

Met = Counter[tuple[str, str, str]]  # platform, fault, boundary


@dataclass
class Coverage:
    """Of many stories together."""

    met: Met = field(default_factory=Counter)
    stories: int = 0
    idle: list[int] = field(default_factory=list)  # seeds under which no act was due

    def add(self, story: Story) -> None:
        """Count one story in."""
        self.stories += 1
        platform = plot.platform_of(story.seed)
        for (fault, boundary), times in story.met.items():
            self.met[platform, fault, boundary] += times
        if not story.due:
            self.idle.append(story.seed)

    def as_json(self) -> dict[str, Any]:
        """For adding up what several processes have told."""
        return {
            "met": [[*key, times] for key, times in self.met.items()],
            "stories": self.stories,
            "idle": self.idle,
        }

    @classmethod
    def of(cls, parts: Iterable[Mapping[str, Any]]) -> Coverage:
        """What several have told, added up."""
        whole = cls()
        for part in parts:
            for *key, times in part["met"]:
                whole.met[tuple(key)] += times
            whole.stories += part["stories"]
            whole.idle += part["idle"]
        return whole

    def lacking(self, least: int = LEAST) -> Iterator[str]:
        """What was met too seldom, in words."""
        for platform in plot.PLATFORMS:
            for fault, boundary in sorted(plot.to_be_met(platform)):
                times = self.met[platform, fault, boundary]
                if times < least:
                    yield f"{platform}: {fault} {boundary}: {times}"
        yield from (f"no act was due under seed {seed}" for seed in self.idle)

    def table(self) -> str:
        """By platform, a line for each boundary: how often each fault was met there."""
        return "\n\n".join(self._table(platform) for platform in plot.PLATFORMS)

    def _table(self, platform: str) -> str:
        by_boundary: dict[str, list[str]] = {}
        for (where, fault, boundary), times in sorted(self.met.items()):
            if where == platform:
                by_boundary.setdefault(boundary, []).append(f"{fault} {times}")
        lines = [f"  {boundary:32} {', '.join(found)}" for boundary, found in sorted(by_boundary.items())]
        return "\n".join([f"met on {platform}, by boundary:", *lines])
