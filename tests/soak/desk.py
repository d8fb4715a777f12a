"""`python -m tests.soak.desk PLATFORM SEED`: two sandboxes and one desk that works on both alike, in a
process of their own.

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
from tests.soak.trades import TRADES, Trade

RESTS_S = (0.3, 1.6)  # between two things that happen at the desk
FOLLOWING = {
    "new": ("in progress", "on hold", "resolved", "cancelled"),
    "in progress": ("on hold", "resolved", "resolved", "in progress"),
    "on hold": ("in progress", "in progress", "resolved"),
    "resolved": ("in progress",),
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

    trade: Trade
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
        moving = [ids for ids, state in self.states.items() if state not in ("resolved", "cancelled")]
        resolved = [ids for ids, state in self.states.items() if state == "resolved"]
        if not moving or self.chance.random() < 0.3:
            self._open()
        elif resolved and self.chance.random() < 0.05:
            self._move(self.chance.choice(resolved))
        elif self.chance.random() < 0.2:
            self._note(self.chance.choice(moving))
        else:
            self._move(self.chance.choice(moving))

    def _open(self) -> None:
        title, priority = f"it broke {self.done}", self.chance.choice("123")
        self.states[tuple(self.trade.open(one, title, priority) for one in self.sandboxes)] = "new"

    def _move(self, ids: tuple[str, ...]) -> None:
        self.states[ids] = state = self.chance.choice(FOLLOWING[self.states[ids]])
        for sandbox, id_ in zip(self.sandboxes, ids, strict=True):
            self.trade.move(sandbox, id_, state, f"moved on, {self.done}")

    def _note(self, ids: tuple[str, ...]) -> None:
        for sandbox, id_ in zip(self.sandboxes, ids, strict=True):
            self.trade.note(sandbox, id_, f"looked at it, {self.done}")


def main(platform: str, seed: int) -> None:
    """Serve both until standard input has told all three parts."""
    clock, trade = Clock(), TRADES[platform]
    sandboxes = [Sandbox(now=clock, seed=seed, jira_quirks=trade.jira_quirks) for _ in range(2)]
    desk, end = Desk(trade, sandboxes, clock, random.Random(seed)), threading.Event()
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
    main(sys.argv[1], int(sys.argv[2]))
