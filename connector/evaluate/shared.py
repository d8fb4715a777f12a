"""Work on many pieces shared out among processes, its results in order and no more of them in memory than
the processes make at once.

What the pieces are is not known here.
"""

from __future__ import annotations

import copyreg
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from types import MappingProxyType
from typing import Any, TypeVar

# A forked process has everything imported; nothing here has started a thread by then.
_CONTEXT = get_context("fork" if sys.platform == "linux" else "spawn")
_WAITING = 2  # pieces in work or done, for each process
_NEVER = -1

# Kinds hold such mappings; a process that is spawned is sent them.
copyreg.pickle(MappingProxyType, lambda held: (MappingProxyType, (dict(held),)))

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Failed(RuntimeError):
    """An earlier piece failed: its own error tells why."""


class Turns:
    """Whose turn it is to write, and where: piece after piece, whatever process has it."""

    def __init__(self) -> None:
        self._changed = _CONTEXT.Condition()
        self._turn, self._at = _CONTEXT.RawValue("q", 0), _CONTEXT.RawValue("q", 0)

    @property
    def at(self) -> int:
        """Where the results of the pieces so far end; for who has the turn."""
        return int(self._at.value)

    @at.setter
    def at(self, end: int) -> None:
        self._at.value = end

    @contextmanager
    def taken(self, number: int) -> Iterator[None]:
        """Wait for the turn of piece *number*. After an error nobody has a turn any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._turn.value in (number, _NEVER))
            if self._turn.value == _NEVER:
                raise Failed
            self._turn.value = _NEVER
            try:
                yield
                self._turn.value = number + 1
            finally:
                self._changed.notify_all()


def in_order(
    make: Callable[[], Any], work: Callable[[Any, Piece], Result], pieces: Iterable[Piece], workers: int
) -> Iterator[Result]:
    """`work(made, piece)` of every piece, in order. Each process makes what it works with once (*make*).

    With one worker all of it is done here.
    """
    if workers < 2:
        made = make()
        yield from (work(made, piece) for piece in pieces)
        return
    with ProcessPoolExecutor(workers, _CONTEXT, initializer=_begin, initargs=(make,)) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for piece in pieces:
                if len(waiting) == workers * _WAITING:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(_do, work, piece))
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)  # waits: a process that lives on would share what comes next


_made: Any = None


def _begin(make: Callable[[], Any]) -> None:
    global _made
    _made = make()


def _do(work: Callable[[Any, Piece], Result], piece: Piece) -> Result:
    return work(_made, piece)
