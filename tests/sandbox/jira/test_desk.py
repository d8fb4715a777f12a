"""servicedeskapi: its own paging, its own errors, and who may use it."""

from __future__ import annotations

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import JiraClient, Login, Make, adf

OPT_IN = {"X-ExperimentalApi": "opt-in"}


def test_pages_know_start_limit_and_the_last_but_no_total(sandbox: Sandbox, client: JiraClient) -> None:
    for name in ("ACME", "Borealis", "Castor"):
        sandbox.jira.site.organization_named(name)
    first = client.desk("GET", "organization", params={"limit": 2}).json()
    assert (first["size"], first["isLastPage"], "total" in first) == (2, False, False)
    second = client.send("GET", first["_links"]["next"].removeprefix("http://acme.sandbox")).json()
    assert (second["start"], second["isLastPage"]) == (2, True)
    assert [one["name"] for one in first["values"] + second["values"]] == ["ACME", "Borealis", "Castor"]
    assert "prev" in second["_links"]


def test_errors_are_singular(client: JiraClient) -> None:
    response = client.desk("GET", "request/DESK-9")
    assert response.status_code == 404
    assert response.json().keys() == {"errorMessage", "i18nErrorMessage"}


@pytest.mark.parametrize("path", ["request/DESK-1/sla", "organization/1", "servicedesk/1/queue"])
def test_without_a_licence_403_has_no_body(sandbox: Sandbox, login: Login, path: str) -> None:
    sandbox.jira.create("Mail")
    response = login(sandbox, "reader").desk("GET", path)
    assert (response.status_code, response.content) == (403, b"")


def test_requests_are_the_callers_own(sandbox: Sandbox, client: JiraClient) -> None:
    sandbox.jira.create("theirs", customfield_10010="11")
    made = client.desk(
        "POST",
        "request",
        json={"serviceDeskId": "1", "requestTypeId": "11", "requestFieldValues": {"summary": "mine"}},
    )
    assert made.status_code == 201
    mine = client.desk("GET", "request").json()["values"]
    assert [one["summary"] for one in mine] == ["mine"]
    everything = client.desk("GET", "request", params={"requestOwnership": "ALL_REQUESTS"}).json()["values"]
    assert len(everything) == 2


def test_comments_are_public_or_not(sandbox: Sandbox, client: JiraClient, login: Login) -> None:
    key = client.create()
    for public in (True, False):
        client.desk("POST", f"request/{key}/comment", json={"body": f"public {public}", "public": public})
    seen = client.desk("GET", f"request/{key}/comment").json()["values"]
    assert [one["public"] for one in seen] == [True, False]
    internal = client.get(f"issue/{key}/comment").json()["comments"][1]
    assert (internal["jsdPublic"], internal["body"]) == (False, adf("public False"))
    outside = login(sandbox, "reader").desk("GET", f"request/{key}/comment").json()["values"]
    assert [one["body"] for one in outside] == ["public True"]


def test_a_search_shows_internal_comments_to_agents_only(
    sandbox: Sandbox, client: JiraClient, login: Login
) -> None:
    issue = sandbox.jira.create("printer on fire")
    ids = [sandbox.jira.comment(issue, "hello", public=public) for public in (True, False)]
    for who, expected in ((client, ids), (login(sandbox, "reader"), ids[:1])):
        (found,) = who.search("project = DESK", fields=["comment"])["issues"]
        shown = found["fields"]["comment"]
        assert [int(one["id"]) for one in shown["comments"]] == expected
        assert shown["total"] == len(expected)


def test_comments_are_asked_for_by_their_ids(sandbox: Sandbox, client: JiraClient) -> None:
    issues = [sandbox.jira.create("printer on fire") for _ in range(2)]
    ids = [sandbox.jira.comment(issue, "hello") for issue in issues]
    told = client.post("comment/list?expand=properties", {"ids": [*ids, 999_999]}).json()
    assert [int(one["id"]) for one in told["values"]] == ids
    assert [one["properties"] for one in told["values"]] == [[], []]
    assert client.post("comment/list", {"ids": []}).status_code == 400


def test_feedback_is_experimental_and_the_reporters(
    sandbox: Sandbox, client: JiraClient, login: Login
) -> None:
    key, path = client.create(), "request/DESK-1/feedback"
    body = {"type": "csat", "rating": 4, "comment": {"body": "quick"}}
    assert client.desk("POST", path, json=body).status_code == 412
    assert client.desk("GET", path, headers=OPT_IN).status_code == 404
    assert login(sandbox, "accord_min").desk("POST", path, json=body, headers=OPT_IN).status_code == 403
    assert client.desk("POST", path, json=body, headers=OPT_IN).status_code == 201
    assert client.desk("GET", path, headers=OPT_IN).json() == body
    field = client.get(f"issue/{key}").json()["fields"]["customfield_10020"]
    assert field == {"rating": 4}


def test_an_organisation_keeps_properties(sandbox: Sandbox, client: JiraClient) -> None:
    number = sandbox.jira.site.organization_named("ACME").id
    path = f"organization/{number}/property/accord.tier"
    assert client.desk("PUT", path, json={"tier": "gold"}).status_code == 412
    assert client.desk("PUT", path, json={"tier": "gold"}, headers=OPT_IN).status_code == 201
    assert client.desk("GET", path, headers=OPT_IN).json() == {
        "key": "accord.tier",
        "value": {"tier": "gold"},
    }


def test_queues_count_when_asked(sandbox: Sandbox, client: JiraClient) -> None:
    sandbox.jira.create("Mail")
    plain, counted = (
        client.desk("GET", "servicedesk/1/queue", params={"includeCount": flag}).json()["values"][0]
        for flag in ("false", "true")
    )
    assert "issueCount" not in plain
    assert counted["issueCount"] == 1
    assert client.desk("GET", "servicedesk/1/queue/21/issue").json()["values"][0]["key"] == "DESK-1"


def test_the_desk_and_its_request_types(client: JiraClient) -> None:
    assert client.desk("GET", "info").json()["isLicensedForUse"] is True
    assert client.desk("GET", "servicedesk").json()["values"][0]["projectKey"] == "DESK"
    types = client.desk("GET", "servicedesk/1/requesttype").json()["values"]
    assert [one["name"] for one in types][:2] == ["Report an incident", "Report a problem"]


def test_data_center_has_no_display_format(make: Make, login: Login) -> None:
    for deployment, present in (("cloud", True), ("datacenter", False)):
        sandbox = make(deployment=deployment)
        sandbox.jira.create("Mail")
        level = login(sandbox).desk("GET", "request/DESK-1/sla").json()["values"][0]
        assert ("slaDisplayFormat" in level) is present
