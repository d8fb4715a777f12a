"""A sandbox of its own for every test, and a client of it that speaks plain HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from connector.sandbox import Quirks, Sandbox
from connector.sandbox.world import instant

START = instant("2026-03-02T08:00:00Z")
URL = "http://acme.sandbox"


@dataclass(slots=True)
class Client:
    """One user's way to a sandbox, in process."""

    session: requests.Session
    url: str = URL
    slept: list[float] = field(default_factory=list)

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", 5)
        return self.session.request(method, f"{self.url}{path}", **kwargs)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send("GET", path, params=params)

    def table(self, name: str, query: str = "", **params: Any) -> requests.Response:
        """A list, with parameters named without their `sysparm_`."""
        named = {f"sysparm_{key}": value for key, value in params.items()}
        return self.get(f"/api/now/table/{name}", sysparm_query=query, **named)

    def rows(self, name: str, query: str = "", **params: Any) -> list[dict[str, Any]]:
        response = self.table(name, query, **params)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["result"]
        return found

    def post(self, name: str, /, **fields: Any) -> requests.Response:
        return self.send("POST", f"/api/now/table/{name}", json=fields)

    def create(self, name: str, /, **fields: Any) -> dict[str, Any]:
        response = self.post(name, **fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()["result"]
        return made

    def patch(self, name: str, sys_id: str, /, **fields: Any) -> requests.Response:
        return self.send("PATCH", f"/api/now/table/{name}/{sys_id}", json=fields)


@pytest.fixture
def make() -> Callable[..., Sandbox]:
    """A sandbox whose clock stands still at `START` until it is advanced."""

    def made(now: Any = START, seed: int = 1, **quirks: Any) -> Sandbox:
        return Sandbox(now=now, seed=seed, quirks=Quirks(**quirks))

    return made


@pytest.fixture
def sandbox(make: Callable[..., Sandbox]) -> Sandbox:
    return make()


@pytest.fixture
def login() -> Iterator[Callable[..., Client]]:
    """A client of a sandbox, logged in as a user."""
    opened: list[requests.Session] = []

    def logged_in(sandbox: Sandbox, user: str = "accord") -> Client:
        client = Client(requests.Session())
        client.session.auth = (user, user)
        client.session.mount("http://", sandbox.transport(client.slept.append))
        opened.append(client.session)
        return client

    yield logged_in
    for session in opened:
        session.close()


@pytest.fixture
def client(sandbox: Sandbox, login: Callable[..., Client]) -> Client:
    return login(sandbox)
