"""Requests are counted whatever makes them."""

from __future__ import annotations

from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from connector.stages.counted import counting
from connector.world import World


class Echo(BaseAdapter):
    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        answer = Response()
        answer.status_code, answer.url, answer.request = 204, str(request.url), request
        return answer

    def close(self) -> None:
        pass


def test_every_session_of_a_world_adds_to_one_count() -> None:
    world, counter = counting(World(adapter=lambda _n: Echo()))
    for session in (world.session(), world.session()):
        for _ in range(3):
            assert session.get("http://localhost/x").status_code == 204
    assert counter.requests == 6
