"""Death, as SIGKILL brings it: from one instant on every way out is gone, for cleaning up too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import requests
from requests.adapters import BaseAdapter

from connector.world import World
from tests.pull.site import Killed


class Life:
    """Ends at the *ends_at*-th step; a step is a request (*answered*: death comes after the platform has
    acted, else before anything is sent) or an operation of the store. Without an end it only counts."""

    def __init__(self, ends_at: int | None = None) -> None:
        self.ends_at = ends_at
        self.steps = 0

    def step(self, _what: str = "") -> None:
        """One step more; raises Killed at the end, and ever after."""
        self.steps += 1
        if self.ends_at is not None and self.steps >= self.ends_at:
            raise Killed

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.steps >= self.ends_at


class Mortal(BaseAdapter):
    """A transport that dies with its client: once before a request leaves, once when its answer comes."""

    def __init__(self, inner: BaseAdapter, life: Life) -> None:
        super().__init__()
        self.inner, self.life = inner, life

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        self.life.step()
        answer = self.inner.send(request, stream, timeout, verify, cert, proxies)
        self.life.step()
        return answer

    def close(self) -> None:
        self.inner.close()


def mortal(world: World, life: Life) -> World:
    """*world* for a process of limited life."""
    return replace(world, adapter=lambda n: Mortal(world.adapter(n), life))
