"""Faults that hit what they are aimed at, in place of the sandbox's own choice by route.

The sandbox asks for each request which fault it meets; what a fault does is the sandbox's business.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.faults import Fault
from connector.sandbox.wire import Request
from tests.sim import plot
from tests.sim.desk import Desk


@dataclass
class Shot:
    """A *fault* for the next requests (*times* of them, after *skip* others) of one *boundary*."""

    fault: str
    boundary: str
    skip: int = 0
    times: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    def hits(self, boundary: str) -> bool:
        """Whether it strikes here, which uses it up."""
        if boundary != self.boundary or not self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Aim:
    """What is aimed, and what was met: (fault, boundary)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.shots: list[Shot] = []
        self.met: Counter[tuple[str, str]] = Counter()
        self.told: list[str] = []
        self._last_hit = ""

    def choose(self, request: Request, kind: str = "request") -> Fault | None:
        """The fault this request meets, if any."""
        desk = self._desk
        boundary = desk.boundary(request.method, request.path, request.query, request.body.decode("utf-8"))
        if kind == "item":
            boundary = f"{boundary} in a batch"
        self._last_hit = ""
        for shot in self.shots:
            if shot.hits(boundary):
                self._last_hit = boundary
                self.met[shot.fault, boundary] += 1
                self.told.append(f"{shot.fault} meets {boundary}")
                return Fault(shot.fault, shot.options)
        return None

    def has_just_hit(self, boundary: str) -> bool:
        """Whether the latest request was met by a fault, at that boundary."""
        return self._last_hit == boundary

    def clear(self) -> None:
        """No more faults; what was promised for later still happens."""
        self.shots.clear()


def shot_for(wish: plot.Wish, luck: random.Random) -> Shot:
    """A shot that brings *wish* about, as hard as *luck* will have it."""
    options = dict[str, Any]()
    if wish.fault == "late_commit":
        options = {"after_requests": 1000, "after_ms": luck.choice([1, 5, 60, 250]) * 1000}
    if wish.fault in ("gateway", "error_200"):
        options = {"commit": luck.random() < 0.5, "status": luck.choice([502, 503, 504])}
    if wish.fault.startswith("429"):
        options = {"retry_after_s": luck.choice([1, 5, 30])}
    if wish.fault == "slow":
        options = {"ms": luck.choice([1_000, 20_000])}
    times = 1 if wish.boundary.startswith("send") else luck.choice(plot.TIMES)
    skip = luck.choice([0, 0, 0, 1]) if wish.boundary in ("pull page", "metadata") else 0
    return Shot(wish.fault, wish.boundary, skip, times, options)
