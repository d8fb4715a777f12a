"""How much to ask for at once: half as much where an answer took too long or came cut, more again where
answers come whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connector.errors import NotReachable
from connector.log import get_logger
from connector.world import World

T = TypeVar("T")
log = get_logger()
_TRIES_AT_THE_SMALLEST = 5
_LONGEST_S = 240.0  # how long one page may take, all its repeats in smaller parts included


class Overlong(NotReachable):
    """The answer did not come whole because the question was too large: a smaller one may be answered."""


class PageSize:
    """How many rows (or records) to ask for; *most* at first."""

    SMALLEST = 10

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = most
        self._whole = 0

    def halve(self) -> bool:
        """Ask for half as many; False where that is not possible any more."""
        if self.now <= min(self.SMALLEST, self._most):
            return False
        self.now = max(min(self.SMALLEST, self._most), self.now // 2)
        self._whole = 0
        return True

    def went_well(self) -> bool:
        """Count an answer that came whole; whether, after three in a row, twice as many are asked for now."""
        self._whole += 1
        grows = self._whole >= 3 and self.now < self._most
        if grows:
            self.now = min(self._most, self.now * 2)
            self._whole = 0
        return grows


def ask_whole(
    ask: Callable[[int], T], size: PageSize, world: World, *, what: str, mend: str
) -> tuple[T, int]:
    """What *ask* gives for as many rows as come whole, and how many it was asked for.

    *what* is asked for by its name in the log. Raises NotReachable with *mend* where even the smallest
    question is not answered.
    """
    tries, deadline = 0, world.monotonic() + _LONGEST_S
    while True:
        asked_for = size.now
        try:
            answer = ask(asked_for)
        except Overlong as overlong:
            is_halved = size.halve()
            log.warning("pull.page_took_too_long", table=what, rows=asked_for, next=size.now)
            tries += not is_halved
            if tries >= _TRIES_AT_THE_SMALLEST or world.monotonic() > deadline:
                raise NotReachable(overlong.problem.what, hint=mend) from None
        else:
            if size.went_well():
                log.info("pull.page_size_grown", table=what, rows=size.now)
            return answer, asked_for
