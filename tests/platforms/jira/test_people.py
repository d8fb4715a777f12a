"""Whom a notice by mail goes to: people of the ticket, users, and the members of groups."""

from __future__ import annotations

import pytest

from connector.model.cycle import TicketId
from connector.platforms.jira.adapter import Jira
from connector.sandbox.jira.accounts import EVERYONE
from tests.platforms.jira.site import JiraQuirks, Site, new_site, ticket


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> Site:
    quirks = JiraQuirks()
    quirks.deployment = request.param
    made = new_site(quirks)
    for name, groups in (("alice", ("Network",)), ("bob", ("Network", EVERYONE))):
        made.jira.site.accounts.add(name, name.title(), groups=groups)
    return made


@pytest.fixture
def about(site: Site) -> TicketId:
    issue = site.jira.create("printer on fire", by="bob", **{"Assignment group": "Network"})
    site.jira.edit(issue, assignee=site.jira.person("alice").account_id)
    return ticket(issue)


@pytest.fixture
def adapter(site: Site) -> Jira:
    return site.adapter()


def test_words_of_the_ticket(adapter: Jira, about: TicketId) -> None:
    assert adapter.addresses(["assignee", "requester", "assignment_group"], about) == {
        "assignee": "alice@example.com",
        "requester": "bob@example.com",
        "assignment_group": "alice@example.com, bob@example.com",
    }


def test_users_and_groups_by_name_with_or_without_a_ticket(site: Site, adapter: Jira) -> None:
    alice = site.jira.person("alice")
    id_ = alice.account_id if site.jira.quirks.cloud else alice.name
    assert adapter.addresses([id_, "Bob", "Network", "nobody here"], None) == {
        id_: "alice@example.com",
        "Bob": "bob@example.com",
        "Network": "alice@example.com, bob@example.com",
    }


def test_who_is_not_there_is_left_out(site: Site, adapter: Jira) -> None:
    alone = ticket(site.jira.create("nobody cares"))
    assert adapter.addresses(["assignee", "assignment_group", "assignment_group.manager"], alone) == {}
