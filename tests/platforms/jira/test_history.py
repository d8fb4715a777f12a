"""A record's history is what happened to it, in canonical words, without what Accord wrote itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.model.record import Reference
from connector.platforms.jira.answers import Gone
from connector.sandbox.jira.issue import Comment, Issue
from connector.sandbox.jira.present import Presenter
from tests.platforms.jira.site import JiraQuirks, Site, history_of, new_site, ticket
from tests.platforms.jira.test_deliver import achievement, fields, note

DATES = ("iso", "epoch_ms", "epoch_s")


def worked_on(site: Site) -> Issue:
    """An incident that went through the desk."""
    issue: Issue = site.jira.create("printer on fire", priority="3")
    site.pass_(60)
    site.jira.move(issue, "Work in progress")
    site.pass_(60)
    site.jira.edit(issue, priority="1")
    site.pass_(60)
    site.jira.move(issue, "Waiting for customer")
    site.pass_(60)
    site.jira.move(issue, "Work in progress")
    site.pass_(60)
    site.jira.move(issue, "Resolved")
    return issue


STORY = [
    ("state", "new", "in_progress"),
    ("priority", 3, 1),
    ("state", "in_progress", "on_hold"),
    ("state", "on_hold", "in_progress"),
    ("state", "in_progress", "resolved"),
]


def told(site: Site, issue: Issue, *names: str) -> list[tuple[str, object, object]]:
    changes = history_of(site.adapter(), issue).changes
    return [(one.field, one.old, one.new) for one in changes if one.field in (names or ("state", "priority"))]


@pytest.mark.parametrize("dates", DATES)
@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("cap", [1, 2, 10_000])
def test_the_story_is_told_however_the_bulk_form_tells_it(dates: str, repeats: bool, cap: int) -> None:
    quirks = JiraQuirks(changelog_repeats_last=repeats, changelog_cap=cap)
    quirks.changelog_created = dates  # type: ignore[assignment]
    site = new_site(quirks)
    site.jira.create("another")
    issue = worked_on(site)
    changes = history_of(site.adapter(), issue).changes
    assert told(site, issue) == STORY
    assert [one.at for one in changes if one.field == "state"] == [
        history.at for history in issue.histories if any(item.field == "status" for item in history.items)
    ]


def test_issues_that_the_bulk_form_leaves_out_are_asked_for_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = worked_on(site)
    adapter = site.adapter()
    asked = adapter.client.ask

    def leave_out(path: str, *told: Any, **more: Any) -> Any:
        return {"issueChangeLogs": []} if path.endswith("changelog/bulkfetch") else asked(path, *told, **more)

    monkeypatch.setattr(adapter.client, "ask", leave_out)
    changes = history_of(adapter, issue).changes
    assert [(one.field, one.old, one.new) for one in changes if one.field in ("state", "priority")] == STORY


@pytest.mark.parametrize("field_ids", [True, False])
def test_data_center_tells_the_same(field_ids: bool) -> None:
    site = new_site(JiraQuirks(deployment="datacenter", history_field_ids=field_ids))
    assert told(site, worked_on(site)) == STORY


def test_data_center_is_asked_for_many_histories_at_once() -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    issues = [worked_on(site) for _ in range(60)]
    adapter = site.adapter()
    adapter.prepare(["incident"])
    ids = [str(issue.id) for issue in issues]
    records = adapter.read("incident", ids).records
    site.jira.delete(issues[0])
    site.sandbox.requests.clear()
    histories = adapter.history("incident", records)
    assert [len(histories[id_].changes) > 0 for id_ in ids] == [False] + [True] * 59
    assert site.sandbox.requests == {"GET search": 2, "GET issue/*": 1, "POST search": 1}


@pytest.mark.parametrize("dates", DATES)
def test_the_date_of_resolution_follows_the_resolution(dates: str) -> None:
    """Jira never tells changes of it; the last is what the issue shows, however histories are stamped."""
    quirks = JiraQuirks()
    quirks.changelog_created = dates  # type: ignore[assignment]
    site = new_site(quirks)
    issue = worked_on(site)
    site.pass_(60)
    site.jira.move(issue, "Work in progress")
    site.pass_(60.25)
    site.jira.move(issue, "Resolved")
    first, second, third = told(site, issue, "resolved")
    assert (first[1], second[2], third[1]) == (None, None, None)
    assert first[2] == second[1]
    assert third[2] == issue.fields["resolutiondate"]


def test_comments_are_changes_to_the_role_of_their_writer(site: Site) -> None:
    issue = site.jira.create("printer on fire", by="reader")
    site.jira.edit(issue, reporter=site.jira.person("reader").account_id)
    for by, public in (("reader", True), ("accord_min", True), ("accord_min", False)):
        site.pass_(60)
        site.jira.comment(issue, "hello", by=by, public=public)
    assert told(site, issue, "public_reply", "work_note") == [
        ("public_reply", None, "requester"),
        ("public_reply", "requester", "agent"),
        ("work_note", None, "agent"),
    ]


def test_comments_of_many_tickets_are_asked_for_together(site: Site) -> None:
    issues = [worked_on(site) for _ in range(30)]
    for issue in issues:
        site.jira.comment(issue, "hello", by="accord_min")
        site.jira.comment(issue, "by hand", by="accord", public=False)
    adapter = site.adapter()
    adapter.prepare(["incident"])
    records = adapter.read("incident", [str(issue.id) for issue in issues]).records
    site.sandbox.requests.clear()
    histories = adapter.history("incident", records)
    entries = [
        change
        for one in histories.values()
        for change in one.changes
        if change.field in ("public_reply", "work_note")
    ]
    assert len(entries) == 2 * len(issues)
    assert sum(site.sandbox.requests.values()) == 3  # changelogs, comments, what ours carry


@pytest.mark.parametrize("deployment", ["cloud", "datacenter"])
def test_more_comments_than_an_issue_shows_are_read_all(deployment: str) -> None:
    quirks = JiraQuirks()
    quirks.deployment = deployment  # type: ignore[assignment]
    site = new_site(quirks)
    issue = site.jira.create("printer on fire")
    for number in range(230):
        site.pass_(1)
        site.jira.comment(issue, f"{number}", by="accord_min", public=number % 2 == 0)
    changes = history_of(site.adapter(), issue).changes
    assert len([one for one in changes if one.field in ("public_reply", "work_note")]) == 230


def test_what_accord_wrote_itself_is_not_told(site: Site) -> None:
    adapter = site.ready()
    issue = site.jira.create("printer on fire")
    site.pass_(60)
    about = ticket(issue)
    for request in adapter.compose([fields(about), achievement(about), note(about, "75 % used")], {}):
        adapter.send([request])
    assert issue.histories
    assert issue.comments
    assert history_of(adapter, issue).changes == ()


def test_what_accords_user_does_otherwise_counts(site: Site) -> None:
    issue = site.jira.create("printer on fire")
    site.pass_(60)
    site.jira.move(issue, "Work in progress", by="accord")
    site.jira.comment(issue, "typed by hand", by="accord", public=False)
    assert told(site, issue, "state", "work_note") == [
        ("state", "new", "in_progress"),
        ("work_note", None, "automation"),
    ]


def test_a_status_says_whom_a_ticket_waits_for_where_no_reason_is_given(site: Site) -> None:
    field = site.jira.site.setup.fields[site.field("Pending reason")]
    vendor = next(id_ for id_, text in field.options.items() if text == "Waiting on vendor")
    issue = site.jira.create("printer on fire")
    steps: list[Callable[[], object]] = [
        lambda: site.jira.move(issue, "Work in progress"),
        lambda: site.jira.move(issue, "Waiting for customer"),
        lambda: site.jira.edit(issue, **{"Pending reason": vendor}),
        lambda: site.jira.move(issue, "Work in progress"),
        lambda: site.jira.edit(issue, **{"Pending reason": None}),
        lambda: site.jira.move(issue, "Waiting for customer"),
    ]
    for step in steps:
        site.pass_(60)
        step()
    assert told(site, issue, "hold_reason") == [
        ("hold_reason", None, "awaiting_caller"),
        ("hold_reason", "awaiting_caller", "awaiting_vendor"),
        ("hold_reason", "awaiting_vendor", None),
        ("hold_reason", None, "awaiting_caller"),
    ]
    (record,) = site.adapter().read("incident", [str(issue.id)]).records
    assert record.fields["hold_reason"] == "awaiting_caller"


def test_a_status_says_it_where_there_is_no_such_field(site: Site) -> None:
    site.jira.site.setup.fields.remove(site.field("Pending reason"))
    issue = worked_on(site)
    assert told(site, issue, "hold_reason") == [
        ("hold_reason", None, "awaiting_caller"),
        ("hold_reason", "awaiting_caller", None),
    ]


def test_people_are_the_same_in_record_and_history(site: Site) -> None:
    issue = site.jira.create("printer on fire")
    site.pass_(60)
    site.jira.edit(issue, assignee=site.jira.person("accord_min").account_id)
    adapter = site.adapter()
    (change,) = [one for one in history_of(adapter, issue).changes if one.field == "assignee"]
    (record,) = adapter.read("incident", [str(issue.id)]).records
    assert isinstance(change.new, Reference)
    assert change.new == record.fields["assignee"]


def test_words_that_are_not_mapped_are_kept_and_counted(site: Site) -> None:
    issue = site.jira.create("printer on fire")
    site.pass_(60)
    options = {
        text: id_ for id_, text in site.jira.site.setup.fields[site.field("Pending reason")].options.items()
    }
    site.jira.edit(issue, **{"Pending reason": options.get("Awaiting evidence")})
    history = history_of(site.adapter(), issue)
    assert [one.new for one in history.changes if one.field == "hold_reason"] == ["awaiting_evidence"]
    assert not history.unmapped


def _comments_without(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """Have comments not show *field*, wherever they are shown."""
    shown = Presenter.comment

    def less(self: Presenter, issue: Issue, one: Comment) -> dict[str, Any]:
        return {name: value for name, value in shown(self, issue, one).items() if name != field}

    monkeypatch.setattr(Presenter, "comment", less)


def test_a_site_whose_comments_do_not_say_who_sees_them_is_asked_for_their_property(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    _comments_without(monkeypatch, "jsdPublic")
    issue = site.jira.create("printer on fire")
    for public in (False, True):
        site.pass_(60)
        site.jira.comment(issue, "hello", by="accord_min", public=public)
    assert told(site, issue, "public_reply", "work_note") == [
        ("work_note", None, "agent"),
        ("public_reply", None, "agent"),
    ]


@pytest.mark.parametrize("lacks", ["comment/list", "the field"])
def test_comments_are_read_issue_by_issue_where_there_is_no_other_way(
    site: Site, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    adapter = site.ready()
    issue = site.jira.create("printer on fire")
    site.pass_(60)
    adapter.send(adapter.compose([note(ticket(issue), "75 % used")], {}))
    site.pass_(60)
    site.jira.comment(issue, "hello", by="accord_min")
    asked = adapter.client.ask

    def less(path: str, body: Any, doing: str, **more: Any) -> Any:
        if lacks == "comment/list" and "/comment/list" in path:
            raise Gone("no such address")
        answer = asked(path, body, doing, **more)
        if lacks == "the field" and path.endswith("issue/bulkfetch"):
            for one in answer["issues"]:
                one["fields"].pop("comment", None)
        return answer

    monkeypatch.setattr(adapter.client, "ask", less)
    changes = history_of(adapter, issue).changes
    assert [(one.field, one.new) for one in changes if one.field != "state"] == [("public_reply", "agent")]
