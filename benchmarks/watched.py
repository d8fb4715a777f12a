"""A platform in another process, and what is asked of it: what the measurements of syncs are made of."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from requests.adapters import BaseAdapter

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Running:
    """The process, where it is reached, and the time it shows."""

    process: subprocess.Popen[str]
    url: str
    now: int

    def turn(self, latency_ms: int = 0) -> None:
        """Let an hour pass, with what happens there; every answer takes *latency_ms* from now on."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{latency_ms}\n")
        self.process.stdin.flush()
        self.now = int(_told(self.process)["now"])


@contextmanager
def started(module: str, *arguments: object) -> Iterator[Running]:
    """The platform that *module* serves; it says as JSON where it is and what time it shows."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            told = _told(process)
            yield Running(process, str(told["url"]), int(told["now"]))
        finally:
            process.kill()


def _told(process: subprocess.Popen[str]) -> Mapping[str, str | int]:
    assert process.stdout is not None
    told: Mapping[str, str | int] = json.loads(process.stdout.readline())
    return told


@dataclass(slots=True)
class Asked:
    """The requests that went out, in order, as they can be sent again."""

    requests: list[requests.PreparedRequest] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """Where they went."""
        return [str(one.url) for one in self.requests]


class Recording(BaseAdapter):
    """Passes requests on and notes what was asked."""

    def __init__(self, inner: BaseAdapter, asked: Asked) -> None:
        super().__init__()
        self._inner, self._asked = inner, asked

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        """What the transport below answers."""
        self._asked.requests.append(request)
        return self._inner.send(request, *args, **kwargs)  # type: ignore[arg-type]

    def close(self) -> None:
        self._inner.close()
