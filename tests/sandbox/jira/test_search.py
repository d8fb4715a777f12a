"""`search/jql`: what a client gets by default, page by page, and what the index shows when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.issue import Issue
from tests.sandbox.jira.conftest import START, JiraClient, Login, Make

MINUTE = 60_000


@pytest.fixture
def many(sandbox: Sandbox) -> list[str]:
    """The keys of 250 issues, made ten a minute."""
    keys = []
    for number in range(250):
        if number % 10 == 0:
            sandbox.advance(START + number // 10 * MINUTE)
        keys.append(sandbox.jira.create(f"Issue {number}").key)
    return keys


def all_pages(client: JiraClient, jql: str, **body: object) -> tuple[list[str], int]:
    """The ids of all issues a search finds, and how many pages they came on."""
    found, pages, token = [], 0, None
    while True:
        page = client.search(jql, **body, **({"nextPageToken": token} if token else {}))
        found += [issue["id"] for issue in page["issues"]]
        pages += 1
        token = page.get("nextPageToken")
        assert page["isLast"] is (token is None)
        if token is None:
            return found, pages


class TestShape:
    def test_nothing_but_ids_unless_fields_are_named(self, client: JiraClient) -> None:
        client.create()
        assert client.search("project = DESK")["issues"] == [{"id": "10001"}]

    def test_the_fields_named_and_no_others(self, client: JiraClient) -> None:
        client.create("Mail")
        issue = client.search("project = DESK", fields=["summary"])["issues"][0]
        assert issue["fields"] == {"summary": "Mail"}
        assert issue.keys() == {"id", "key", "self", "expand", "fields"}

    def test_a_page_with_fields_holds_a_hundred_whatever_is_asked(
        self, client: JiraClient, many: list[str]
    ) -> None:
        assert len(client.search("project = DESK", fields=["summary"], maxResults=5000)["issues"]) == 100
        assert len(client.search("project = DESK", maxResults=5000)["issues"]) == 250

    def test_by_get_as_by_post(self, client: JiraClient) -> None:
        client.create("Mail")
        found = client.get("search/jql", jql="project = DESK", fields="summary", maxResults=1).json()
        assert found == client.search("project = DESK", fields=["summary"], maxResults=1)

    def test_properties_and_expansions_come_along(self, client: JiraClient) -> None:
        key = client.create()
        client.put(f"issue/{key}/properties/accord.sla", {"cycles": []})
        found = client.search("project = DESK", fields=["summary"], properties=["accord.sla"], expand="names")
        assert found["issues"][0]["properties"] == {"accord.sla": {"cycles": []}}
        assert found["names"] == {"summary": "Summary"}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"jql": "order by key desc"}, ("Unbounded JQL queries are not allowed here."
             " Please add a search restriction to your query.")),
            ({"jql": "project = DESK", "startAt": 0},
             "Invalid request payload. Refer to the REST API documentation and try again."),
            ({"jql": "project = DESK", "expand": ["names"]},
             "Invalid request payload. Refer to the REST API documentation and try again."),
            ({"jql": "project = DESK", "maxResults": 5001},
             "The max results parameter has to be between 1 and 5,000."),
            ({"jql": "project = DESK order by a,b,c,d,e,f,g,h"}, "JQL can be ordered by at most 7 fields."),
        ],
    )  # fmt: skip
    def test_refusals(self, client: JiraClient, body: dict[str, object], message: str) -> None:
        response = client.post("search/jql", body)
        assert response.status_code == 400
        assert response.json() == {"errorMessages": [message], "errors": {}}

    def test_the_old_search_is_gone(self, client: JiraClient) -> None:
        response = client.get("search", jql="project = DESK")
        assert response.status_code == 410
        assert "/rest/api/3/search/jql" in response.json()["errorMessages"][0]

    def test_counting_without_reading(self, client: JiraClient, many: list[str]) -> None:
        assert client.post("search/approximate-count", {"jql": "project = DESK"}).json() == {"count": 250}


class TestPaging:
    @pytest.mark.parametrize(
        "order",
        ["updated asc, key asc", "updated desc", "created asc", "key desc", "priority desc, id asc", ""],
    )
    def test_every_issue_comes_once(self, client: JiraClient, many: list[str], order: str) -> None:
        found, pages = all_pages(
            client, f"project = DESK {'order by ' + order if order else ''}", maxResults=7
        )
        assert pages == 36
        assert sorted(found) == sorted({str(10_001 + number) for number in range(250)})

    def test_the_order_of_updates_is_kept_over_pages(
        self, sandbox: Sandbox, client: JiraClient, many: list[str]
    ) -> None:
        sandbox.advance(START + 60 * MINUTE)
        for key in many[100:103]:
            sandbox.jira.edit(key, summary="changed")
        found, _ = all_pages(client, "project = DESK order by updated asc, key asc", maxResults=13)
        assert found[-3:] == ["10101", "10102", "10103"]
        assert len(found) == 250

    def test_an_issue_written_between_pages_moves_to_the_end(
        self, sandbox: Sandbox, client: JiraClient, many: list[str]
    ) -> None:
        jql = "project = DESK order by updated asc, key asc"
        first = client.search(jql, maxResults=100)
        sandbox.advance(START + 60 * MINUTE)
        sandbox.jira.edit(many[0], summary="again")
        second = client.search(jql, maxResults=5000, nextPageToken=first["nextPageToken"])
        assert second["issues"][-1]["id"] == "10001"
        assert len(second["issues"]) == 151

    def test_a_token_is_for_one_query_and_one_week(
        self, sandbox: Sandbox, client: JiraClient, many: list[str]
    ) -> None:
        token = client.search("project = DESK", maxResults=10)["nextPageToken"]
        other = client.post("search/jql", {"jql": "project = DESK and id > 0", "nextPageToken": token})
        assert other.status_code == 400
        sandbox.advance(START + 8 * 86_400_000)
        late = client.post("search/jql", {"jql": "project = DESK", "nextPageToken": token})
        assert (late.status_code, late.json()["errorMessages"]) == (400, ["The next page token has expired."])


class TestIndex:
    """Searches lag behind the database; reads by id never do."""

    def test_a_new_issue_shows_after_a_while(self, make: Make, login: Login) -> None:
        sandbox = make(index_lag_ms=MINUTE)
        client = login(sandbox)
        key = client.create()
        assert client.keys("project = DESK") == []
        assert client.get(f"issue/{key}").status_code == 200
        sandbox.advance(START + MINUTE)
        assert client.keys("project = DESK") == [key]

    def test_until_then_the_older_self_is_found(self, make: Make, login: Login) -> None:
        sandbox = make(index_lag_ms=MINUTE)
        client = login(sandbox)
        key = sandbox.jira.create("before", priority="1").key
        sandbox.advance(START + 2 * MINUTE)
        sandbox.jira.edit(key, priority="4")
        assert client.keys("priority = Highest") == [key]
        assert client.keys("priority = Low") == []
        sandbox.advance(START + 4 * MINUTE)
        assert client.keys("priority = Low") == [key]

    def test_reconciled_issues_are_seen_as_they_are(self, make: Make, login: Login) -> None:
        client = login(make(index_lag_ms=MINUTE))
        client.create()
        found = client.search("project = DESK", reconcileIssues=[10_001])
        assert found["issues"] == [{"id": "10001"}]

    def test_what_was_visible_may_vanish_once_more(self, make: Make, login: Login) -> None:
        sandbox = make(index_lag_ms=MINUTE, index_flicker=1.0)
        client = login(sandbox)
        for number in range(20):
            sandbox.jira.create(f"Issue {number}")
        seen = []
        for second in range(0, 240, 5):
            sandbox.advance(START + second * 1000)
            seen.append({issue["id"] for issue in client.search("project = DESK")["issues"]})
        vanished = [a - b for a, b in pairwise(seen)]
        assert any(vanished)
        assert len(seen[-1]) == 20

    def test_the_same_seed_lags_the_same_way(self, make: Make, login: Login) -> None:
        def seen(seed: int) -> list[int]:
            sandbox = make(seed=seed, index_lag_ms=MINUTE, index_flicker=0.5)
            client = login(sandbox)
            counts = []
            for number in range(30):
                sandbox.jira.create(f"Issue {number}")
                sandbox.advance(START + number * 5000)
                counts.append(len(client.search("project = DESK")["issues"]))
            return counts

        assert seen(1) == seen(1) != seen(2)


class TestCost:
    """A page costs what it shows, not what there is."""

    def looked_at(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        seen: list[int] = []
        visible = sandbox.jira.site.visible

        def counting(issue: Issue, person: Person | None) -> bool:
            seen.append(issue.id)
            return visible(issue, person)

        monkeypatch.setattr(sandbox.jira.site, "visible", counting)
        return seen

    def test_in_the_order_of_updates_no_more_is_looked_at_than_shown(
        self, sandbox: Sandbox, client: JiraClient, many: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = self.looked_at(sandbox, monkeypatch)
        jql = f"updated >= {START + 5 * MINUTE} order by updated asc, key asc"
        token = client.search(jql, maxResults=20)["nextPageToken"]
        client.search(jql, maxResults=20, nextPageToken=token)
        assert len(seen) <= 2 * 40

    def test_in_another_order_only_the_first_page_looks(
        self, sandbox: Sandbox, client: JiraClient, many: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = self.looked_at(sandbox, monkeypatch)
        found, pages = all_pages(client, "project = DESK order by key asc", maxResults=20)
        assert (len(found), pages, len(seen)) == (250, 13, 250)
        sandbox.jira.edit(many[0], summary="changed")
        client.search("project = DESK order by key asc")
        assert len(seen) == 500
