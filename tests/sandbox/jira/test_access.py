"""At the gate: who is let in, what an outdated token looks like, and how much may be asked."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import START, URL, JiraClient, Login, Make, adf

ANONYMOUS = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}


class TestTokens:
    """A token past its time is no login: what is open to everyone answers as to everyone, with nothing."""

    @pytest.fixture
    def expired(self, sandbox: Sandbox, login: Login) -> JiraClient:
        sandbox.jira.create("Mail")
        return login(sandbox, "expired")

    def test_a_search_finds_nothing_and_says_200(self, expired: JiraClient) -> None:
        response = expired.post("search/jql", {"jql": "project = DESK"})
        assert response.status_code == 200
        assert response.json() == {"issues": [], "isLast": True}
        assert response.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"

    @pytest.mark.parametrize("path", ["field", "issuetype", "status"])
    def test_lists_are_empty(self, expired: JiraClient, path: str) -> None:
        assert expired.get(path).json() == []

    def test_there_are_no_projects(self, expired: JiraClient) -> None:
        assert expired.get("project/search").json()["values"] == []

    @pytest.mark.parametrize("path", ["myself", "issue/DESK-1", "issue/DESK-1/comment"])
    def test_elsewhere_it_is_told_in_plain_words(self, expired: JiraClient, path: str) -> None:
        response = expired.get(path)
        assert response.status_code == 401
        assert response.text == "Client must be authenticated to access this resource."
        assert ANONYMOUS.items() <= response.headers.items()
        assert response.headers["WWW-Authenticate"].startswith("OAuth realm=")

    def test_without_any_login_nothing_failed(self, sandbox: Sandbox, expired: JiraClient) -> None:
        expired.session.auth = None
        response = expired.post("search/jql", {"jql": "project = DESK"})
        assert (response.status_code, response.json()["issues"]) == (200, [])
        assert "X-Seraph-LoginReason" not in response.headers


class TestOAuth:
    def grant(self, client: JiraClient, refresh: str) -> requests.Response:
        body = {"grant_type": "refresh_token", "client_id": "accord-client", "client_secret": "accord-secret"}
        return client.send("POST", "/oauth/token", json={**body, "refresh_token": refresh})

    def gateway(self, client: JiraClient) -> str:
        return f"/ex/jira/{client.send('GET', '/_edge/tenant_info').json()['cloudId']}/rest/api/3"

    def test_each_refresh_token_is_good_once(self, client: JiraClient) -> None:
        first = self.grant(client, "accord-refresh").json()
        assert self.grant(client, "accord-refresh").status_code == 403
        second = self.grant(client, first["refresh_token"]).json()
        assert first["access_token"] != second["access_token"]

    def test_an_access_token_is_for_the_gateway_and_an_hour(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        gateway = self.gateway(client)
        token = self.grant(client, "accord-refresh").json()["access_token"]
        client.session.auth = None
        client.session.headers["Authorization"] = f"Bearer {token}"
        myself = client.send("GET", f"{gateway}/myself")
        assert myself.json()["emailAddress"] == "accord@example.com"
        assert myself.json()["self"].startswith(f"{URL}/ex/jira/")
        assert client.get("myself").status_code == 401
        sandbox.advance(START + 3_600_000)
        assert client.send("GET", f"{gateway}/myself").status_code == 401

    def test_a_site_token_is_not_for_the_gateway(self, client: JiraClient) -> None:
        gateway = self.gateway(client)
        assert client.send("GET", f"{gateway}/myself").status_code == 401
        client.session.auth = ("accord@example.com", "accord-scoped")
        assert client.send("GET", f"{gateway}/myself").status_code == 200
        assert client.get("myself").status_code == 401

    def test_an_unknown_cloud_id(self, client: JiraClient) -> None:
        assert (
            client.send("GET", "/ex/jira/nope/rest/api/3/myself").json()["message"] == "No message available"
        )


class TestDialects:
    def test_the_router_speaks_rfc_7807(self, client: JiraClient) -> None:
        missing = client.get("nope")
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")
        assert missing.json()["detail"] == "No endpoint GET /rest/api/3/nope."
        assert client.send("PATCH", "field").json()["detail"] == "Method 'PATCH' is not supported."
        odd = client.get("search/jql", jql="project = DESK", maxResults="abc")
        assert odd.json()["detail"] == "Failed to convert 'maxResults' with value: 'abc'"

    def test_a_project_one_may_not_browse_is_not_there(self, sandbox: Sandbox, login: Login) -> None:
        sandbox.jira.create("Mail")
        sandbox.jira.person("reader").projects = frozenset({"OPS"})
        reader = login(sandbox, "reader")
        assert reader.get("issue/DESK-1").status_code == 404
        assert reader.search("id > 0")["issues"] == []
        assert [one["key"] for one in reader.get("project/search").json()["values"]] == ["OPS"]


class TestLimits:
    def test_twenty_writes_in_two_seconds_on_one_issue(self, sandbox: Sandbox, client: JiraClient) -> None:
        one, other = client.create(), client.create()
        codes = [client.post(f"issue/{one}/comment", {"body": adf("x")}).status_code for _ in range(21)]
        assert codes == [201] * 20 + [429]
        refused = client.put(f"issue/{one}/properties/p", 1)
        assert refused.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
        assert refused.headers["Retry-After"] == "2"
        assert client.post(f"issue/{other}/comment", {"body": adf("x")}).status_code == 201
        assert client.get(f"issue/{one}").status_code == 200
        sandbox.advance(START + 2000)
        assert client.post(f"issue/{one}/comment", {"body": adf("x")}).status_code == 201

    def test_a_hundred_writes_in_thirty_seconds(self, sandbox: Sandbox, client: JiraClient) -> None:
        key = client.create()
        codes = []
        for number in range(110):
            sandbox.advance(START + number * 200)
            codes.append(client.put(f"issue/{key}/properties/p", number).status_code)
        assert codes.index(429) == 100

    def test_a_burst_is_counted_by_endpoint(self, make: Make, login: Login) -> None:
        sandbox = make(burst=5)
        client = login(sandbox)
        answers = [client.get("myself") for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert answers[0].headers["X-RateLimit-Limit"] == "5"
        assert answers[4].headers["X-RateLimit-NearLimit"] == "true"
        refused = answers[5].headers
        assert (refused["Retry-After"], refused["RateLimit-Reason"]) == ("1", "jira-burst-based")
        assert refused["X-RateLimit-Reset"] == "2026-03-02T08:00:01Z"
        assert client.get("field").status_code == 200
        sandbox.advance(START + 400)
        assert [client.get("myself").status_code for _ in range(3)] == [200, 200, 429]

    @pytest.mark.parametrize(
        ("quirks", "header", "value"),
        [
            ({"limit_headers": "structured"}, "RateLimit-Policy", '"jira-burst-based";q=2;w=1'),
            ({"limit_headers": "beta"}, "Beta-RateLimit", '"jira-burst-based";t=1'),
            ({"reset_seconds": False}, "X-RateLimit-Limit", "2"),
        ],
    )
    def test_headers_come_in_several_dialects(
        self, make: Make, login: Login, quirks: dict[str, Any], header: str, value: str
    ) -> None:
        assert login(make(burst=2, **quirks)).get("myself").headers[header] == value

    def test_a_gateway_may_refuse_without_advice(self, make: Make, login: Login) -> None:
        client = login(make(burst=1, bare_429=True, reset_seconds=False))
        client.get("myself")
        refused = client.get("myself")
        assert refused.status_code == 429
        assert "Retry-After" not in refused.headers
        assert refused.headers["X-RateLimit-Reset"] == "2026-03-02T08:00Z"

    def test_points_are_for_apps_only(self, make: Make, login: Login) -> None:
        sandbox = make(quota_points=10)
        client = login(sandbox)
        assert {client.get("myself").status_code for _ in range(20)} == {200}
        oauth = TestOAuth()
        path = f"{oauth.gateway(client)}/myself"
        token = oauth.grant(client, "accord-refresh").json()["access_token"]
        client.session.auth = None
        client.session.headers["Authorization"] = f"Bearer {token}"
        answers = [client.send("GET", path) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert answers[5].headers["RateLimit-Reason"] == "jira-quota-tenant-based"
        assert answers[5].headers["Retry-After"] == "3600"
        sandbox.advance(START + 3_600_000 - 1)
        sandbox.advance(START + 3_600_000)
        assert client.send("GET", path).status_code == 401  # by now the token is past its time
