"""The recorded log as a service desk's issues: the same tickets as on ServiceNow, played in the same time."""

from __future__ import annotations

from collections import Counter

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.jira.issue import Issue
from connector.sandbox.log.desk import NUMBER
from connector.sandbox.world import instant
from tests.sandbox.jira.conftest import JiraClient, Login

UNTIL = instant("2016-03-10T12:00:00Z")


@pytest.fixture(scope="module")
def both() -> Sandbox:
    """The whole slice on both platforms. Tests must not change it."""
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(platform="both")
    return sandbox


@pytest.fixture(scope="module")
def incidents(both: Sandbox) -> dict[str, Issue]:
    """The incidents by their number in the log."""
    return {issue.fields[NUMBER]: issue for issue in both.jira.search('issuetype = "[System] Incident"')}


def test_both_platforms_have_the_same_tickets(both: Sandbox, incidents: dict[str, Issue]) -> None:
    rows = {row["number"]: row for row in both.servicenow.rows("incident")}
    assert rows.keys() == incidents.keys()
    accounts = both.jira.site.accounts.people
    for number, row in rows.items():
        issue = incidents[number]
        assert issue.fields["priority"] == row["priority"]
        assert both.jira.site.setup.statuses[issue.fields["status"]].name == "Closed"
        if row["assigned_to"]:
            user = both.servicenow.record("sys_user", row["assigned_to"])
            assert accounts[issue.fields["assignee"]].name == user["user_name"]


def test_every_change_of_priority_is_in_the_history(both: Sandbox, incidents: dict[str, Issue]) -> None:
    told = Counter(row["documentkey"] for row in both.servicenow.rows("sys_audit", "fieldname=priority"))
    by_number = {row["sys_id"]: row["number"] for row in both.servicenow.rows("incident")}
    changed = {
        number: sum(item.field == "priority" for past in issue.histories for item in past.items)
        for number, issue in incidents.items()
    }
    ours = Counter({number: told[sys_id] for sys_id, number in by_number.items()})
    assert ours == Counter(changed)
    assert sum(changed.values()) > 80


def test_undoing_the_history_gives_a_ticket_as_it_began(incidents: dict[str, Issue]) -> None:
    for issue in incidents.values():
        fields = dict(issue.fields)
        for past in reversed(issue.histories):
            for item in reversed(past.items):
                if item.field != "issuelinks":
                    assert fields.get(item.field) == item.after
                    fields[item.field] = item.before


def test_comments_are_those_of_the_other_platform(both: Sandbox, incidents: dict[str, Issue]) -> None:
    entries = both.servicenow.rows("sys_journal_field", "element=comments")
    ours = [one for issue in incidents.values() for one in issue.comments]
    assert Counter(one["value"] for one in entries) == Counter(str(one.body) for one in ours)


def test_companions_come_along(both: Sandbox) -> None:
    kinds = Counter(issue.fields["issuetype"] for issue in both.jira.search("project = DESK"))
    assert all(kinds[key] >= 40 for key in ("10001", "10002", "10003", "10004"))
    causes = [
        link for issue in both.jira.search("project = DESK") for link in issue.links if link.type == "10004"
    ]
    assert causes


def test_organisations_have_members_and_some_say_how_it_was(
    both: Sandbox, incidents: dict[str, Issue]
) -> None:
    names = {one.name for one in both.jira.site.organizations.values()}
    assert {"ACME", "Borealis"} <= names
    assert all(both.jira.site.organization_named(name).members for name in ("ACME", "Borealis"))
    ratings = [issue.fields.get("customfield_10020") for issue in incidents.values()]
    assert 0.2 < sum(one is not None for one in ratings) / len(ratings) < 0.4


def test_on_jira_alone_there_are_no_tickets_on_servicenow(login: Login) -> None:
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(until=UNTIL, platform="jira")
    assert sandbox.servicenow.rows("incident") == []
    client = login(sandbox)
    found = client.search(
        "project = DESK ORDER BY updated ASC", fields=["summary", "updated"], maxResults=100
    )
    stamps = [issue["fields"]["updated"] for issue in found["issues"]]
    assert stamps == sorted(stamps)
    assert len(stamps) == 100


def test_played_step_by_step_it_ends_as_loaded_at_once(both: Sandbox) -> None:
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(until=UNTIL, platform="both")
    for week in range(1, 55):
        sandbox.advance(UNTIL + week * 7 * 86_400_000)
    assert sandbox.jira.dump() == both.jira.dump()


def test_what_a_client_wrote_stays_when_the_log_goes_on(login: Login) -> None:
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(until=UNTIL, platform="jira")
    client: JiraClient = login(sandbox)
    one, other = (issue.key for issue in sandbox.jira.search("resolution = Unresolved ORDER BY key")[:2])
    client.put(f"issue/{one}/properties/accord.sla", {"cycles": []})
    client.delete(f"issue/{other}")
    sandbox.advance(instant("2017-06-01T00:00:00Z"))
    end = sandbox.jira.find(one)
    assert end is not None
    assert end.properties == {"accord.sla": '{"cycles": []}'}
    assert end.fields["resolution"] == "10000"
    assert sandbox.jira.find(other) is None


def test_every_ticket_can_be_read_over_the_api(both: Sandbox, login: Login) -> None:
    client, found, token = login(both), 0, None
    while True:
        body = {"fields": ["*all"], "maxResults": 100, **({"nextPageToken": token} if token else {})}
        page = client.search("project = DESK AND key < DESK-300 ORDER BY updated ASC", **body)
        found += len(page["issues"])
        token = page.get("nextPageToken")
        if token is None:
            break
    assert found == 299
