"""The pages of the Jira site."""

from __future__ import annotations

from connector.sandbox import Sandbox
from connector.sandbox.wire import Request
from connector.sandbox.world import instant
from tests.sandbox.jira.conftest import START, JiraClient, adf


def page(sandbox: Sandbox, target: str, status: int = 200) -> str:
    response = sandbox.handle(Request.make("GET", target))
    assert response.status == status
    return response.body.decode()


def test_an_issue_shows_what_an_agent_needs(sandbox: Sandbox, client: JiraClient) -> None:
    key, other = client.create("<b>Mail</b>", priority={"id": "1"}), client.create("Root cause")
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    client.post(f"issue/{key}/comment", {"body": adf("75 % used"), "properties": internal})
    client.post(f"issue/{key}/comment", {"body": adf("we look <i>into</i> it")})
    client.put(f"issue/{key}/properties/accord.sla", {"cycles": [{"state": "running"}]})
    client.post(
        "issueLink",
        {"type": {"name": "Problem/Incident"}, "inwardIssue": {"key": other}, "outwardIssue": {"key": key}},
    )
    sandbox.advance(START + 9 * 3_600_000)
    sandbox.jira.move(key, "Waiting for customer")
    text = page(sandbox, f"/browse/{key}")
    for seen in (
        "internal note", "reply to customer", "75 % used", "Time to resolution", "breached, paused", "-1h",
        "accord.sla", "is caused by", f'href="/browse/{other}"', "Highest", "Waiting for customer",
    ):  # fmt: skip
        assert seen in text
    assert "<b>Mail" not in text
    assert "<i>into" not in text


def test_lists_take_jql_and_turn_pages(sandbox: Sandbox) -> None:
    for number in range(60):
        sandbox.jira.create(f"Issue {number:02d}")
    second = page(sandbox, "/issues?jql=project+%3D+DESK+order+by+key&page=2")
    assert "60 found" in second
    assert "Issue 09" in second
    assert "Issue 10" not in second
    assert "Unbounded" not in page(sandbox, "/issues?jql=order+by+key")
    wrong = page(sandbox, "/issues?jql=nope+%3D+%22%3Cscript%3E%22")
    assert "Field &#39;nope&#39; does not exist" in wrong
    assert "<script" not in wrong


def test_the_first_page_counts_the_projects(sandbox: Sandbox) -> None:
    sandbox.jira.create("Mail")
    text = page(sandbox, "/")
    assert "Jira Service Management" in text
    assert "Service Desk" in text


def test_what_is_not_here_is_said(sandbox: Sandbox) -> None:
    assert "There is nothing at" in page(sandbox, "/browse/DESK-9", status=404)


def test_every_issue_of_the_log_has_a_page() -> None:
    sandbox = Sandbox(now=0)
    sandbox.load_log(until=instant("2016-03-08T00:00:00Z"), platform="jira")
    keys = [issue.key for issue in sandbox.jira.search("project = DESK")]
    assert len(keys) > 100
    for key in keys:
        page(sandbox, f"/browse/{key}")
