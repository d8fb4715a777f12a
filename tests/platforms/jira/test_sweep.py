"""A sweep sees every issue, whatever the index, the pages and the clocks do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from connector.errors import NotAllowed, NotReachable, Wrong
from connector.model.instant import MINUTE
from connector.model.record import Record
from connector.platforms.jira.adapter import Jira
from tests.platforms.jira.site import NOW, JiraQuirks, Site, new_site, swept, token


def filled(site: Site, count: int, *, apart_s: float = 1.0) -> list[Any]:
    issues = []
    for number in range(count):
        issues.append(site.jira.create(f"incident {number}"))
        site.pass_(apart_s)
    return issues


def pages(adapter: Jira, cursor: Any = None, since: int | None = None) -> Iterator[tuple[list[Record], Any]]:
    for page in adapter.sweep("incident", cursor, NOW, since=since):
        yield list(page.records), page.cursor


def prepared(site: Site, **more: Any) -> Jira:
    adapter = site.adapter(**more)
    adapter.prepare(["incident"])
    return adapter


def test_every_issue_comes_once_though_pages_are_short(site: Site) -> None:
    issues = filled(site, 230)
    seen = [record.id for record in swept(site.adapter())]
    assert seen == [str(one.id) for one in issues]


def test_many_issues_of_one_instant_are_not_cut(site: Site) -> None:
    issues = filled(site, 230, apart_s=0)
    seen = [record.id for record in swept(site.adapter())]
    assert sorted(seen) == sorted(str(one.id) for one in issues)


@pytest.mark.parametrize("apart_s", [0, 1.0])
def test_a_row_that_moves_while_pages_are_read_hides_no_other(site: Site, apart_s: float) -> None:
    issues = filled(site, 40, apart_s=apart_s)
    site.pass_(60)
    seen: list[tuple[str, Any]] = []
    for turn, (records, _) in enumerate(pages(prepared(site, page_size=10))):
        seen += [(record.id, record.fields["category"]) for record in records]
        if turn < 3:  # an issue that was read already moves to the end
            site.jira.edit(issues[turn], Category="moved")
            site.pass_(1)
    assert {id_ for id_, _ in seen} == {str(one.id) for one in issues}
    assert {(str(one.id), "moved") for one in issues[:3]} <= set(seen)


@pytest.mark.parametrize("deployment", ["cloud", "datacenter"])
def test_a_page_that_takes_too_long_is_asked_for_in_smaller_parts(
    deployment: Literal["cloud", "datacenter"],
) -> None:
    site = new_site(JiraQuirks(deployment=deployment))
    issues = filled(site, 60)
    site.sandbox.faults.once("POST */search*", "timeout", skip=1, times=2)
    with capture_logs() as told:
        adapter = prepared(site, page_size=40)
        seen = {record.id for records, _ in pages(adapter) for record in records}
    assert seen == {str(one.id) for one in issues}
    assert [one["next"] for one in told if one["event"] == "pull.page_took_too_long"] == [20, 10]


@pytest.mark.parametrize("asked", ["changelog/bulkfetch", "issue/bulkfetch"])
def test_what_is_asked_for_in_bulk_is_asked_in_smaller_parts_too(site: Site, asked: str) -> None:
    for issue in filled(site, 30):
        site.jira.edit(issue, priority="1")
    records = swept(site.adapter())
    site.sandbox.faults.once(f"POST */{asked}", "timeout", times=1)
    with capture_logs() as told:
        histories = prepared(site).history("incident", records)
    assert all("priority" in {change.field for change in one.changes} for one in histories.values())
    assert len(histories) == 30
    assert [one["event"] for one in told if "page" in one["event"]] == ["pull.page_took_too_long"]


def test_a_question_that_is_never_answered_is_given_up_with_a_mend(site: Site) -> None:
    filled(site, 1)
    adapter = prepared(site)
    site.sandbox.faults.always("POST */search/jql", "timeout")
    with pytest.raises(NotReachable, match="narrow `jql`"):
        list(pages(adapter))


def test_a_sweep_from_the_start_compares_no_date(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number near nothing is no instant to every site."""
    site.jira.create("printer on fire")
    adapter = site.adapter()
    adapter.prepare(["incident"])
    asked: list[str] = []
    page = adapter.search.page

    def noted(jql: str, *more: Any) -> Any:
        asked.append(jql)
        return page(jql, *more)

    monkeypatch.setattr(adapter.search, "page", noted)
    assert [len(one.records) for one in adapter.sweep("incident", None, NOW)] == [1]
    assert "updated >=" not in asked[0]
    assert "updated >=" in asked[-1]


def test_a_sweep_goes_on_behind_its_cursor(site: Site) -> None:
    issues = filled(site, 35)
    first = pages(prepared(site, page_size=10))
    records, cursor = next(first)
    rest = [record for more, _ in pages(prepared(site, page_size=10), cursor) for record in more]
    assert {one.id for one in (*records, *rest)} == {str(one.id) for one in issues}
    assert len(rest) <= 26  # the last instant is read again, and no more


def test_only_what_was_updated_since_is_asked_for(site: Site) -> None:
    filled(site, 5)
    site.pass_(3600)
    late = site.jira.create("late")
    since = site.clock.at - 10 * MINUTE
    assert [one.id for records, _ in pages(prepared(site), since=since) for one in records] == [str(late.id)]


def test_on_data_center_the_accounts_zone_is_minded() -> None:
    site = new_site(JiraQuirks(deployment="datacenter", zone="Australia/Sydney"))
    filled(site, 3)
    site.pass_(3600)
    late = filled(site, 12, apart_s=20)
    since = site.clock.at - 10 * MINUTE
    adapter = prepared(site, page_size=5)
    assert {one.id for records, _ in pages(adapter, since=since) for one in records} == {
        str(o.id) for o in late
    }


def test_a_lagging_index_is_met_by_the_overlap() -> None:
    site = new_site(JiraQuirks(index_lag_ms=120_000, index_flicker=0.3))
    issues = filled(site, 20)
    adapter = prepared(site)
    seen = {one.id for records, _ in pages(adapter) for one in records}
    begun = site.clock.at
    site.pass_(600)
    since = begun - 15 * MINUTE
    seen |= {one.id for records, _ in pages(adapter, since=since) for one in records}
    assert seen == {str(one.id) for one in issues}


def test_our_own_writes_are_seen_at_once_though_the_index_lags() -> None:
    site = new_site(JiraQuirks(index_lag_ms=600_000))
    adapter = prepared(site)
    issue = site.jira.create("new")
    assert str(issue.id) not in {one.id for records, _ in pages(adapter) for one in records}
    adapter.search.wrote_to(str(issue.id))
    assert str(issue.id) in {one.id for records, _ in pages(adapter) for one in records}


def test_an_ended_token_is_an_error_and_not_an_empty_desk(site: Site) -> None:
    filled(site, 3)
    adapter = prepared(site)
    adapter = site.adapter(auth=token("expired"))
    with pytest.raises(NotAllowed, match="login was refused"):
        list(adapter.sweep("incident", None, NOW))


def test_a_token_that_ends_during_a_sweep_is_an_error(site: Site) -> None:
    filled(site, 30)
    adapter = prepared(site, page_size=10)
    turning = pages(adapter)
    next(turning)
    site.jira.site.accounts.tokens.pop("accord")
    with pytest.raises(NotAllowed, match="login was refused"):
        list(turning)
    with pytest.raises(NotAllowed):  # and it is not tried again
        adapter.now() if adapter.client.governor.is_closed is False else adapter.read("incident", ["1"])


def test_pages_that_go_in_a_circle_are_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(site, 5, apart_s=0)
    adapter = prepared(site)
    told = {"issues": [], "nextPageToken": "again", "isLast": False}
    monkeypatch.setattr(adapter.client, "ask", lambda *_, **__: told)
    with pytest.raises(NotReachable, match="circle"):
        list(pages(adapter))


def test_ids_are_all_in_scope_and_sorted(site: Site) -> None:
    issues = filled(site, 12)
    site.jira.create("a problem", kind="[System] Problem")
    adapter = prepared(site)
    assert [id_ for part in adapter.ids("incident") for id_ in part] == sorted(str(one.id) for one in issues)


@pytest.mark.parametrize("deployment", ["cloud", "datacenter"])
def test_missing_tells_out_of_scope_from_not_readable(deployment: str) -> None:
    quirks = JiraQuirks()
    quirks.deployment = deployment  # type: ignore[assignment]
    site = new_site(quirks)
    there, gone, other = filled(site, 3)
    site.jira.delete(gone)
    adapter = prepared(site)
    problem = site.jira.create("a problem", kind="[System] Problem")
    ids = [str(one.id) for one in (there, gone, other, problem)]
    assert adapter.missing("incident", ids) == {
        str(gone.id): "not readable",
        str(problem.id): "out of scope",
    }


def test_to_a_login_that_ended_no_issue_is_missing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = site.jira.create("printer on fire")
    adapter = site.adapter()
    adapter.prepare(["incident"])
    monkeypatch.setattr(
        adapter.client, "ask", lambda *_told, **_more: {"issues": []}
    )  # as a stranger is told

    def refused(*_told: Any, **_more: Any) -> Any:
        raise NotAllowed("the login was refused")

    monkeypatch.setattr(adapter.client, "get", refused)
    with pytest.raises(NotAllowed, match="login"):
        adapter.missing("incident", [str(issue.id)])


def test_read_gives_those_that_are_there(site: Site) -> None:
    first, second = filled(site, 2)
    page = prepared(site).read("incident", [str(second.id), "999999", str(first.id)])
    assert {one.key for one in page.records} == {first.key, second.key}


def test_a_missing_issue_type_is_told_with_its_mend(site: Site) -> None:
    adapter = site.adapter()
    lost = replace(adapter.given("incident"), options={"issue_type": ["Outage report"], "project": None})
    records = {**adapter.catalogue.records, "incident": lost}
    adapter = site.adapter(mapping=replace(adapter.catalogue, records=records))
    with pytest.raises(Wrong, match=r"no issue type 'Outage report'.*name the type"):
        adapter.prepare(["incident"])


@pytest.mark.parametrize(("project", "words"), [("OPS", "no service project"), ("NONE", "no project 'NONE'")])
def test_a_project_that_is_no_service_desk_is_told(site: Site, project: str, words: str) -> None:
    adapter = site.adapter()
    given = adapter.given("incident")
    other = replace(given, options={**given.options, "project": project})
    adapter = site.adapter(
        mapping=replace(adapter.catalogue, records={**adapter.catalogue.records, "incident": other})
    )
    with pytest.raises(Wrong, match=words):
        adapter.prepare(["incident"])
