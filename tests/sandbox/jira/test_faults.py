"""The sandbox's faults on the site's routes: in the site's words, and with what happened all the same."""

from __future__ import annotations

from contextlib import suppress

import pytest
import requests

from connector.sandbox import Sandbox
from connector.sandbox.faults import ALL
from tests.sandbox.jira.conftest import START, JiraClient, adf

COMMENT = "POST /rest/api/3/issue/*/comment"


@pytest.fixture
def key(sandbox: Sandbox) -> str:
    return sandbox.jira.create("Mail").key


def said(sandbox: Sandbox, key: str) -> int:
    issue = sandbox.jira.find(key)
    assert issue is not None
    return len(issue.comments)


def test_an_error_after_the_write(sandbox: Sandbox, client: JiraClient, key: str) -> None:
    sandbox.faults.once(COMMENT, "commit_then_500")
    response = client.post(f"issue/{key}/comment", {"body": adf("x")})
    assert (response.status_code, response.json()["errorMessages"]) == (500, ["Internal server error"])
    assert said(sandbox, key) == 1


def test_a_commit_after_the_client_gave_up(sandbox: Sandbox, client: JiraClient, key: str) -> None:
    sandbox.faults.once(COMMENT, "late_commit", after_ms=30_000, after_requests=99)
    with pytest.raises(requests.ReadTimeout):
        client.post(f"issue/{key}/comment", {"body": adf("x")})
    assert said(sandbox, key) == 0
    sandbox.advance(START + 30_000)
    assert said(sandbox, key) == 1


def test_too_many_requests_and_an_outdated_login_in_the_sites_words(
    sandbox: Sandbox, client: JiraClient, key: str
) -> None:
    sandbox.faults.once("GET *", "429", retry_after_s=3)
    limited = client.get(f"issue/{key}")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert limited.headers["RateLimit-Reason"] == "jira-burst-based"
    sandbox.faults.once("GET *", "401")
    assert client.get(f"issue/{key}").text == "Client must be authenticated to access this resource."


def test_an_issue_that_changes_behind_the_page(sandbox: Sandbox, client: JiraClient, key: str) -> None:
    sandbox.faults.once("POST */search/jql", "touched")
    sandbox.world.clock.move(START + 1000)
    client.search("project = DESK")
    issue = sandbox.jira.find(key)
    assert issue is not None
    assert issue.updated == START + 1000


@pytest.mark.parametrize("kind", ALL)
def test_after_any_fault_the_next_request_is_served(
    sandbox: Sandbox, client: JiraClient, key: str, kind: str
) -> None:
    sandbox.faults.once(COMMENT, kind)
    with suppress(requests.RequestException, AssertionError):
        client.post(f"issue/{key}/comment", {"body": adf("x")})
    assert client.get(f"issue/{key}").status_code == 200
