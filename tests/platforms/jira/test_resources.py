"""Organisations, their members, answers of requesters and the site's own SLA cycles as records."""

from __future__ import annotations

from typing import Any

from connector.model.instant import MINUTE
from connector.model.record import Record, Reference
from connector.sandbox.jira.issue import Issue
from tests.platforms.jira.site import JiraQuirks, Site, new_site, swept


def test_every_organisation_is_read(site: Site) -> None:
    for number in range(120):
        site.jira.site.organization_named(f"Customer {number}")
    records = swept(site.adapter(), "customer")
    assert sorted(one.fields["name"] for one in records) == sorted(
        f"Customer {number}" for number in range(120)
    )


def test_the_members_of_organisations_are_stakeholders(site: Site) -> None:
    acme = site.jira.site.organization_named("Acme")
    acme.members.add(site.jira.person("reader").account_id)
    (record,) = swept(site.adapter(), "stakeholder")
    assert record.fields["person"].id == site.jira.person("reader").account_id
    assert record.fields["group"] == Reference(str(acme.id), "Acme")
    assert site.adapter().read("stakeholder", [record.id]).records[0].fields == record.fields


def test_what_the_requester_answered_is_a_record(site: Site) -> None:
    issue = site.jira.create("printer on fire")
    site.jira.create("nobody answered")
    site.pass_(60)
    site.jira.site.edit(issue, {site.field("Satisfaction"): 4}, site.jira.person("reader").account_id)
    records = swept(site.adapter(), "satisfaction")
    assert [(one.fields["ticket"], one.fields["rating"]) for one in records] == [
        (Reference(str(issue.id), issue.key), 4.0)
    ]


def cycles(site: Site, issue: Issue) -> dict[str, Record]:
    records = swept(site.adapter(), "platform_cycle")
    return {one.fields["name"]: one for one in records if one.fields["ticket"].id == str(issue.id)}


def test_the_sites_own_cycles_are_read_from_its_fields(site: Site) -> None:
    issue = site.jira.create("printer on fire", priority="1")
    started = issue.created
    site.pass_(600)
    running = cycles(site, issue)["Time to resolution"]
    assert (running.fields["state"], running.fields["breached"]) == ("running", False)
    assert (running.fields["started"], running.fields["due"]) == (started, started + 480 * MINUTE)
    assert running.fields["elapsed"] == 10 * MINUTE
    site.jira.move(issue, "Waiting for customer")
    assert cycles(site, issue)["Time to resolution"].fields["state"] == "paused"
    site.jira.edit(issue, resolution="10000")
    ended = cycles(site, issue)["Time to resolution"]
    assert (ended.fields["state"], ended.fields["ended"]) == ("ended", site.clock.at)


def test_a_breach_by_time_alone_is_seen_though_nothing_was_updated(site: Site) -> None:
    issue = site.jira.create("printer on fire", priority="1")
    adapter = site.adapter()
    adapter.prepare(["platform_cycle"])
    site.pass_(9 * 3600)
    since = site.clock.at - 15 * MINUTE
    records: list[Any] = [
        one
        for page in adapter.sweep("platform_cycle", None, site.clock.at, since=since)
        for one in page.records
    ]
    breached = {one.fields["name"] for one in records if one.fields["breached"]}
    assert breached == {"Time to first response", "Time to resolution"}
    assert issue.updated < since


def test_a_sla_that_never_started_has_no_cycle() -> None:
    site = new_site(JiraQuirks())
    site.jira.create("a task", kind="Task")
    assert swept(site.adapter(), "platform_cycle") == []
