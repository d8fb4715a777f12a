"""Credentials go to the configured origin and nowhere else; an answer that never ends is given up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from connector.errors import NotAllowed
from connector.platforms.servicenow.login import Basic
from connector.platforms.wire import Line, Timeouts, origin_of
from connector.world import World
from tests.platforms.site import Clock, source_config


class Canned(BaseAdapter):
    """Answers everything with one response, and remembers what was sent."""

    def __init__(
        self, status: int = 200, headers: Mapping[str, str] | None = None, body: Any = b"{}"
    ) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers or {}, body
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.sent.append(request)
        response = requests.Response()
        response.status_code, response.request, response.url = self.status, request, request.url or ""
        response.headers.update(self.headers)
        response.raw = self.body
        if isinstance(self.body, bytes):
            response._content, response.raw = self.body, BytesIO(self.body)
            response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        pass


def session(canned: Canned, clock: Clock | None = None, timeouts: Timeouts | None = None) -> requests.Session:
    clock = clock or Clock()
    world = World(
        now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep, random=random.Random(1),
        adapter=lambda _: canned, environ={},
    )  # fmt: skip
    return Line(source_config(), world, Basic("accord", "secret-word"), timeouts or Timeouts()).session()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/api/now/table/incident",
        "http://acme.service-now.com/api/now/table/incident",
        "https://acme.service-now.com:8443/api",
        "https://acme.service-now.com.evil.example/api",
    ],
)
def test_nothing_is_sent_to_another_origin(elsewhere: str) -> None:
    canned = Canned()
    with pytest.raises(NotAllowed, match="was not sent"):
        session(canned).get(elsewhere)
    assert not canned.sent


@pytest.mark.parametrize("target", ["https://evil.example/", "/login.do", "https://acme.service-now.com/x"])
def test_no_redirect_is_followed(target: str) -> None:
    canned = Canned(302, {"Location": target})
    with pytest.raises(NotAllowed, match="redirects are not followed"):
        session(canned).get("https://acme.service-now.com/api/now/table/incident")
    assert len(canned.sent) == 1


def test_a_body_that_trickles_for_ever_is_given_up() -> None:
    clock = Clock()

    class Trickle:
        def stream(self, size: int, decode_content: bool = True) -> Iterator[bytes]:
            while True:
                clock.sleep(1)
                yield b" "

        def close(self) -> None:
            pass

        def release_conn(self) -> None:
            pass

    with pytest.raises(requests.exceptions.ReadTimeout):
        session(Canned(body=Trickle()), clock, Timeouts(whole=30)).get("https://acme.service-now.com/")


def test_every_thread_has_its_own_session_and_login() -> None:
    canned = Canned()
    session(canned).get("https://acme.service-now.com/")
    assert canned.sent[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://ACME.service-now.com/x", "https://acme.service-now.com:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_origins_are_compared_whole(url: str, origin: str) -> None:
    assert origin_of(url) == origin
