"""Faults that hit what they are aimed at, in place of the sandbox's own choice by route.

The sandbox asks for each request which fault it meets; what a fault does is the sandbox's business.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.faults import Fault
from connector.sandbox.wire import Request
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

    def choose(self, request: Request, kind: str = "request") -> Fault | None:
        """The fault this request meets, if any."""
        desk = self._desk
        boundary = desk.boundary(request.method, request.path, request.query, request.body.decode("utf-8"))
        if kind == "item":
            boundary = f"{boundary} in a batch"
        for shot in self.shots:
            if shot.hits(boundary):
                self.met[shot.fault, boundary] += 1
                self.told.append(f"{shot.fault} meets {boundary}")
                return Fault(shot.fault, shot.options)
        return None

    def clear(self) -> None:
        """No more faults; what was promised for later still happens."""
        self.shots.clear()
