"""A Jira site of its own for every test, and a client that is held against Atlassian's OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from connector.sandbox import JiraQuirks, Sandbox
from connector.sandbox.world import instant
from tests.sandbox.jira.contract import SPEC, Contract

START = instant("2026-03-02T08:00:00Z")
URL = "http://acme.sandbox"
Make = Callable[..., Sandbox]
Login = Callable[..., "JiraClient"]


def adf(text: str) -> dict[str, Any]:
    """A document of one paragraph."""
    content = [{"type": "text", "text": text}]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


@dataclass(slots=True)
class JiraClient:
    """One user's way to a site, in process."""

    session: requests.Session
    api: str = "/rest/api/3"
    slept: list[float] = field(default_factory=list)

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A request to the platform API, or to any path that begins with a slash."""
        where = path if path.startswith("/") else f"{self.api}/{path}"
        return self.session.request(method, f"{URL}{where}", **{"timeout": 5, **kwargs})

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.send("POST", path, json=body)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.send("PUT", path, json=body)

    def delete(self, path: str) -> requests.Response:
        return self.send("DELETE", path, headers={"Content-Type": "application/json"})

    def search(self, jql: str, **body: Any) -> dict[str, Any]:
        """A page of a search that must succeed."""
        response = self.post("search/jql", {"jql": jql, **body})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def keys(self, jql: str, **body: Any) -> list[str]:
        return [issue["key"] for issue in self.search(jql, fields=["summary"], **body)["issues"]]

    def create(self, summary: str = "Mail is down", **fields: Any) -> str:
        """Make an incident that must be made; its key."""
        place = {"project": {"key": "DESK"}, "issuetype": {"name": "[System] Incident"}}
        response = self.post("issue", {"fields": {**place, "summary": summary, **fields}})
        assert response.status_code == 201, response.text
        key: str = response.json()["key"]
        return key

    def desk(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.send(method, f"/rest/servicedeskapi/{path}", **kwargs)


@pytest.fixture
def make() -> Make:
    """A sandbox whose clock stands still at `START` until it is advanced."""

    def made(now: Any = START, seed: int = 1, **quirks: Any) -> Sandbox:
        return Sandbox(now=now, seed=seed, jira_quirks=JiraQuirks(**quirks))

    return made


@pytest.fixture
def sandbox(make: Make) -> Sandbox:
    return make()


@pytest.fixture
def login() -> Iterator[Login]:
    """A client of a sandbox, logged in as a user."""
    opened: list[requests.Session] = []

    def logged_in(sandbox: Sandbox, user: str = "accord", **kwargs: Any) -> JiraClient:
        client = JiraClient(requests.Session(), **kwargs)
        cloud = sandbox.jira.quirks.cloud
        client.session.auth = (f"{user}@example.com" if cloud else user, user)
        transport = sandbox.transport(client.slept.append)
        client.session.mount("http://", Contract(transport) if SPEC.exists() else transport)
        opened.append(client.session)
        return client

    yield logged_in
    for session in opened:
        session.close()


@pytest.fixture
def client(sandbox: Sandbox, login: Login) -> JiraClient:
    return login(sandbox)
