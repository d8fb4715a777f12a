"""Counts the requests that go out and those that were throttled, whatever adapter makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

import requests
from requests.adapters import BaseAdapter

from connector.world import World

TOO_MANY = 429


@dataclass(slots=True)
class Counter:
    """How many requests there were; *throttled*: answered with 429, too many."""

    requests: int = 0
    throttled: int = 0


class CountingTransport(BaseAdapter):
    """Passes requests on, and counts them."""

    def __init__(self, inner: BaseAdapter, counter: Counter, lock: Lock) -> None:
        super().__init__()
        self._inner, self._counter, self._lock = inner, counter, lock

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """What the transport below answers."""
        with self._lock:
            self._counter.requests += 1
        response = self._inner.send(request, stream, timeout, verify, cert, proxies)
        if response.status_code == TOO_MANY:
            with self._lock:
                self._counter.throttled += 1
        return response

    def close(self) -> None:
        """Close the transport below."""
        self._inner.close()


def counting(world: World) -> tuple[World, Counter]:
    """A world as *world* whose requests are counted."""
    counter, lock = Counter(), Lock()
    counted = replace(world, adapter=lambda n: CountingTransport(world.adapter(n), counter, lock))
    return counted, counter
