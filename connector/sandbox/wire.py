"""What goes over the wire: a request, a response, and what the network does to it.

Plain values, so that the HTTP server, the in-process transport and a batch item all call the same handlers.
No handler and no socket belongs here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is as sent (percent-encoded), header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = "http://sandbox.local"

    @classmethod
    def make(
        cls,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        origin: str = "http://sandbox.local",
    ) -> Request:
        """A request from a request target (`/path?query`)."""
        path, _, query = target.partition("?")
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(method.upper(), path, query, lowered, body, origin)

    @property
    def parts(self) -> list[str]:
        """The path's segments, decoded."""
        return [unquote(part) for part in self.path.split("/") if part]

    def params(self) -> dict[str, str]:
        """The query string's parameters; of one given twice the first counts, as in a servlet."""
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            found.setdefault(name, value)
        return found

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Breakage:
    """What happens to an answer on its way back.

    `refused`: nobody listened; `timeout`: no answer within the client's patience; `cut`: the body ends early.
    """

    kind: str
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    breakage: Breakage | None = None
    delay_ms: int = 0

    @classmethod
    def json(cls, status: int, value: Any, *headers: tuple[str, str]) -> Response:
        """A response whose body is `value` as compact JSON."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, (("Content-Type", JSON), *headers))

    @classmethod
    def html(cls, status: int, text: str) -> Response:
        return cls(status, text.encode(), (("Content-Type", "text/html;charset=UTF-8"),))

    def with_headers(self, *headers: tuple[str, str]) -> Response:
        return replace(self, headers=self.headers + headers)

    def header(self, name: str) -> str | None:
        """The value of a header by its name in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
