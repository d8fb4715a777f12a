"""The same site as Data Center: REST 2, startAt paging, wiki text, user names, personal access tokens."""

from __future__ import annotations

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import JiraClient, Login, Make, adf

PLACE = {"project": {"key": "DESK"}, "issuetype": {"name": "[System] Incident"}}


@pytest.fixture
def server(make: Make) -> Sandbox:
    return make(deployment="datacenter", context_path="/jira")


@pytest.fixture
def client(server: Sandbox, login: Login) -> JiraClient:
    return login(server, api="/jira/rest/api/2")


def test_it_says_what_it_is(client: JiraClient) -> None:
    info = client.get("serverInfo").json()
    assert info["deploymentType"] == "Server"
    assert info["baseUrl"].endswith("/jira")


def test_a_search_pages_by_position_and_tells_the_total(server: Sandbox, client: JiraClient) -> None:
    for number in range(5):
        server.jira.create(f"Issue {number}")
    page = client.get("search", jql="order by key asc", startAt=2, maxResults=2).json()
    assert (page["startAt"], page["maxResults"], page["total"]) == (2, 2, 5)
    assert [one["key"] for one in page["issues"]] == ["DESK-3", "DESK-4"]
    assert "summary" in page["issues"][0]["fields"]
    assert client.post("search", {"jql": "project = DESK", "maxResults": 0}).json()["total"] == 5


def test_projects_are_listed_whole(client: JiraClient) -> None:
    assert [one["key"] for one in client.get("project").json()] == ["DESK", "OPS"]


@pytest.mark.parametrize("path", ["search/jql", "search/approximate-count", "changelog/bulkfetch"])
def test_what_only_cloud_has(client: JiraClient, path: str) -> None:
    assert client.post(path, {"jql": "project = DESK", "issueIdsOrKeys": ["DESK-1"]}).status_code in {
        404,
        405,
    }


def test_there_is_no_rest_3(client: JiraClient) -> None:
    assert client.send("GET", "/jira/rest/api/3/serverInfo").status_code == 404
    assert client.send("GET", "/jira/rest/api/latest/serverInfo").status_code == 200


def test_texts_are_wiki_texts(client: JiraClient) -> None:
    refused = client.post("issue", {"fields": {**PLACE, "summary": "x", "description": adf("why")}})
    assert refused.json()["errors"] == {"description": "Operation value must be a string"}
    made = client.post("issue", {"fields": {**PLACE, "summary": "x", "description": "*why*"}}).json()
    assert client.get(f"issue/{made['key']}").json()["fields"]["description"] == "*why*"
    assert client.post(f"issue/{made['key']}/comment", {"body": "a note"}).json()["body"] == "a note"
    assert client.post(f"issue/{made['key']}/comment", {"body": adf("x")}).status_code == 400


def test_people_have_names(client: JiraClient) -> None:
    key = client.post("issue", {"fields": {**PLACE, "summary": "x", "assignee": {"name": "admin"}}}).json()[
        "key"
    ]
    assignee = client.get(f"issue/{key}").json()["fields"]["assignee"]
    assert assignee["name"] == "admin"
    assert "accountId" not in assignee


def test_a_personal_access_token(client: JiraClient) -> None:
    client.session.auth = None
    client.session.headers["Authorization"] = "Bearer accord-pat"
    assert client.get("myself").json()["name"] == "accord"
    client.session.headers["Authorization"] = "Bearer wrong-pat"
    assert client.get("myself").status_code == 401
    assert client.get("field").status_code == 401


def test_the_history_comes_with_the_issue(server: Sandbox, client: JiraClient) -> None:
    key = server.jira.create("Mail").key
    for number in range(60):
        server.jira.edit(key, priority=str(number % 2 + 1))
    assert client.get(f"issue/{key}/changelog").status_code == 404
    changelog = client.get(f"issue/{key}", expand="changelog").json()["changelog"]
    assert len(changelog["histories"]) == changelog["total"] == 60
