"""Histories: in which order, in which form, over how many pages."""

from __future__ import annotations

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import START, JiraClient, Login, Make


def with_history(sandbox: Sandbox, changes: int = 5) -> str:
    key = sandbox.jira.create("Mail").key
    for number in range(changes):
        sandbox.advance(START + (number + 1) * 1000)
        sandbox.jira.edit(key, priority=str(number % 2 + 1))
    return key


def test_one_issues_is_oldest_first_and_the_expansion_newest_first(
    sandbox: Sandbox, client: JiraClient
) -> None:
    key = with_history(sandbox)
    page = client.get(f"issue/{key}/changelog", maxResults=2).json()
    assert (page["total"], page["isLast"], "nextPage" in page) == (5, False, True)
    rest = client.get(f"issue/{key}/changelog", startAt=2).json()
    oldest_first = [one["id"] for one in page["values"] + rest["values"]]
    embedded = client.get(f"issue/{key}", expand="changelog").json()["changelog"]
    assert [one["id"] for one in embedded["histories"]] == oldest_first[::-1]
    assert client.get(f"issue/{key}/changelog", maxResults=1000).json()["maxResults"] == 100


def test_an_item_tells_ids_and_names(sandbox: Sandbox, client: JiraClient) -> None:
    key = sandbox.jira.create("Mail").key
    sandbox.jira.move(key, "Resolved")
    items = client.get(f"issue/{key}/changelog").json()["values"][0]["items"]
    assert items[0] == {
        "field": "status", "fieldtype": "jira", "fieldId": "status",
        "from": "10001", "fromString": "Open", "to": "10005", "toString": "Resolved",
    }  # fmt: skip
    assert [item["field"] for item in items] == ["status", "resolution"]


@pytest.mark.parametrize(("dialect", "shown"), [("epoch_ms", START + 1000), ("epoch_s", START // 1000 + 1),
                                                ("iso", "2026-03-02T19:00:01.000+1100")])  # fmt: skip
def test_bulk_dates_come_in_three_forms(make: Make, login: Login, dialect: str, shown: object) -> None:
    sandbox = make(changelog_created=dialect)
    with_history(sandbox, 1)
    found = login(sandbox).post("changelog/bulkfetch", {"issueIdsOrKeys": ["DESK-1"]}).json()
    assert found["issueChangeLogs"][0]["changeHistories"][0]["created"] == shown


def pages(client: JiraClient, keys: list[str], size: int) -> list[list[tuple[str, str]]]:
    """(issue id, history id) page by page."""
    found, token = [], None
    while True:
        body = {"issueIdsOrKeys": keys, "maxResults": size, **({"nextPageToken": token} if token else {})}
        page = client.post("changelog/bulkfetch", body).json()
        groups = page["issueChangeLogs"]
        found.append([(one["issueId"], past["id"]) for one in groups for past in one["changeHistories"]])
        token = page.get("nextPageToken")
        if token is None:
            return found


def test_one_issues_histories_are_split_over_pages(sandbox: Sandbox, client: JiraClient) -> None:
    keys = [with_history(sandbox), with_history(sandbox)]
    found = pages(client, keys, 3)
    assert [len(page) for page in found] == [3, 3, 3, 1]
    flat = [entry for page in found for entry in page]
    assert len(set(flat)) == 10
    assert {issue for issue, _ in found[1]} == {"10001", "10002"}


def test_a_page_may_begin_with_the_last_history_of_the_one_before(make: Make, login: Login) -> None:
    sandbox = make(changelog_repeats_last=True)
    found = pages(login(sandbox), [with_history(sandbox)], 2)
    assert found[1][0] == found[0][-1]
    assert len({entry for page in found for entry in page}) == 5


def test_unknown_issues_are_left_out_without_a_word(sandbox: Sandbox, client: JiraClient) -> None:
    key = with_history(sandbox)
    found = client.post("changelog/bulkfetch", {"issueIdsOrKeys": [key, "DESK-99", "4711"]}).json()
    assert [one["issueId"] for one in found["issueChangeLogs"]] == ["10001"]


def test_only_the_fields_asked_for(sandbox: Sandbox, client: JiraClient) -> None:
    key = with_history(sandbox)
    sandbox.jira.move(key, "Pending")
    found = client.post("changelog/bulkfetch", {"issueIdsOrKeys": [key], "fieldIds": ["status"]}).json()
    assert len(found["issueChangeLogs"][0]["changeHistories"]) == 1


def test_an_author_may_be_missing(make: Make, login: Login) -> None:
    sandbox = make(anonymous_history_share=0.5)
    values = login(sandbox).get(f"issue/{with_history(sandbox, 40)}/changelog").json()["values"]
    assert 8 <= sum("author" not in one for one in values) <= 32


@pytest.mark.parametrize(
    "body", [{"issueIdsOrKeys": []}, {"issueIdsOrKeys": ["A-1"] * 1001},
             {"issueIdsOrKeys": ["A-1"], "startAt": 0},
             {"issueIdsOrKeys": ["A-1"], "maxResults": 10_001}]
)  # fmt: skip
def test_refusals(client: JiraClient, body: dict[str, object]) -> None:
    assert client.post("changelog/bulkfetch", body).status_code == 400


def test_named_histories(sandbox: Sandbox, client: JiraClient) -> None:
    key = with_history(sandbox)
    found = client.post(f"issue/{key}/changelog/list", {"changelogIds": [10_002, 10_004]}).json()
    assert [one["id"] for one in found["histories"]] == ["10002", "10004"]
