"""`python -m tests.soak.desk SEED`: two sandboxes and one desk that works on both alike, in a process of
their own.

Whatever people do happens on both in the same millisecond, so that two deployments, of which one is killed
and lied to, must in the end have written the same. Each line on standard input brings the next part (the desk
begins, the desk ends, the process ends); a line of JSON on standard output says that it is there.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from connector.sandbox import Sandbox

RESTS_S = (0.3, 1.6)  # between two things that happen at the desk
NEW, IN_PROGRESS, ON_HOLD, RESOLVED, CANCELLED = "1", "2", "3", "6", "8"
FOLLOWING = {
    NEW: (IN_PROGRESS, ON_HOLD, RESOLVED, CANCELLED),
    IN_PROGRESS: (ON_HOLD, RESOLVED, RESOLVED, IN_PROGRESS),
    ON_HOLD: (IN_PROGRESS, IN_PROGRESS, RESOLVED),
    RESOLVED: (IN_PROGRESS,),
}


@dataclass(slots=True)
class Clock:
    """The computer's time, standing still while the same thing happens twice."""

    stands: int | None = None

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 if self.stands is None else self.stands


@dataclass(slots=True)
class Desk:
    """People at work. What they do follows from the seed, when it happens from the computer."""

    sandboxes: list[Sandbox]
    clock: Clock
    chance: random.Random
    states: dict[tuple[str, ...], str] = field(default_factory=dict)  # by a ticket's id at each sandbox
    done: int = 0

    def work(self, end: threading.Event) -> None:
        """Do something now and then until told to end."""
        while not end.wait(self.chance.uniform(*RESTS_S)):
            with ExitStack() as stack:
                for sandbox in self.sandboxes:
                    stack.enter_context(sandbox.world.lock)
                self.clock.stands = time.time_ns() // 1_000_000
                try:
                    self._do_something()
                finally:
                    self.clock.stands = None
            self.done += 1

    def _do_something(self) -> None:
        moving = [ids for ids, state in self.states.items() if state not in (RESOLVED, CANCELLED)]
        resolved = [ids for ids, state in self.states.items() if state == RESOLVED]
        if not moving or self.chance.random() < 0.3:
            self._open()
        elif resolved and self.chance.random() < 0.05:
            self._move(self.chance.choice(resolved))
        elif self.chance.random() < 0.2:
            self._write(self.chance.choice(moving), work_notes=f"looked at it, {self.done}")
        else:
            self._move(self.chance.choice(moving))

    def _open(self) -> None:
        impact = self.chance.choice("123")
        fields = {"short_description": f"it broke, {self.done}", "impact": impact, "urgency": impact}
        ids = (one.servicenow.insert("incident", by="admin", **fields) for one in self.sandboxes)
        self.states[tuple(ids)] = NEW

    def _move(self, ids: tuple[str, ...]) -> None:
        self.states[ids] = state = self.chance.choice(FOLLOWING[self.states[ids]])
        self._write(ids, state=state, comments=f"moved on, {self.done}")

    def _write(self, ids: tuple[str, ...], **fields: str) -> None:
        for sandbox, id_ in zip(self.sandboxes, ids, strict=True):
            sandbox.servicenow.update("incident", id_, by="admin", **fields)


def main(seed: int) -> None:
    """Serve both until standard input has told all three parts."""
    clock = Clock()
    sandboxes = [Sandbox(now=clock, seed=seed) for _ in range(2)]
    desk, end = Desk(sandboxes, clock, random.Random(seed)), threading.Event()
    with sandboxes[0].serve() as first, sandboxes[1].serve() as second:
        print(json.dumps({"urls": [first.url, second.url]}), flush=True)
        sys.stdin.readline()
        people = threading.Thread(target=desk.work, args=(end,))
        people.start()
        sys.stdin.readline()
        end.set()
        people.join()
        print(json.dumps({"done": desk.done, "tickets": len(desk.states)}), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(int(sys.argv[1]))
