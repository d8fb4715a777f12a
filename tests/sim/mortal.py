"""A process that can be killed: every port goes inert at once.

After death each call of the network, the store, the clock or sleep raises `Dead` again, so that no `finally`
and no `except` of the code under test can do what a real SIGKILL would not have allowed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

P = ParamSpec("P")
T = TypeVar("T")

Named = Callable[[PreparedRequest], str]


class Dead(BaseException):
    """The process was killed here."""


def _nothing(_life: Life, _boundary: str) -> None:
    """What happens at most boundaries."""


@dataclass
class Life:
    """One process's life. *happens* is called at each boundary that it crosses: what goes wrong there, and
    what other people do meanwhile. What was crossed is remembered by name."""

    happens: Callable[[Life, str], None] = _nothing
    pid: int = 1
    host: str = "here"
    crossed: list[str] = field(default_factory=list)
    is_over: bool = False

    def cross(self, boundary: str) -> None:
        """Go on, or die."""
        self.breathe()
        self.crossed.append(boundary)
        self.happens(self, boundary)
        self.breathe()

    def breathe(self) -> None:
        """The dead do nothing."""
        if self.is_over:
            raise Dead

    def die(self) -> None:
        """Die at the boundary that is being crossed."""
        self.is_over = True


class MortalTransport(BaseAdapter):
    """A transport with a boundary before each request leaves and one after its answer came. *named* says
    what a request is for."""

    def __init__(self, life: Life, inner: BaseAdapter, named: Named) -> None:
        super().__init__()
        self._life = life
        self._inner = inner
        self._named = named

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """As the inner transport, if the process lives."""
        name = self._named(request)
        self._life.cross(f"before {name}")
        try:
            return self._inner.send(request, *args, **options)
        finally:
            self._life.cross(f"after {name}")

    def close(self) -> None:
        """Nothing to close."""


class OneAfterAnother(Executor):
    """Does each piece of work when it is given, in the caller's thread: the same order in every replay."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The finished future of the work."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (a future carries whatever the work raised)
            future.set_exception(error)
        return future


def chance(seed: int, what: str) -> random.Random:
    """Chance for one purpose, the same in every replay."""
    return random.Random(f"{seed} {what}")
