"""Each rate limit is met where it applies: everything, one endpoint, or one issue waits."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.errors import NotReachable
from connector.model.instant import HOUR
from connector.platforms.governor import Passing
from connector.platforms.jira.limits import Lanes, QuotaSpent, limited
from connector.platforms.port import Outcome
from tests.platforms.jira.site import NOW, JiraQuirks, new_site, swept, ticket
from tests.platforms.jira.test_deliver import note
from tests.platforms.jira.test_login import gateway, oauth

LANES = Lanes("PUT /rest/api/3/issue/*", "issue 7")


def answer(**headers: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = 429
    response.headers.update({name.replace("_", "-"): str(value) for name, value in headers.items()})
    return response


def told(**headers: Any) -> Passing:
    return limited(answer(**headers), NOW, LANES, "too much")


def test_a_burst_slows_only_its_endpoint() -> None:
    passing = told(RateLimit_Reason="jira-burst-based", Retry_After=1)
    assert (passing.wait_s, passing.lane) == (1.0, LANES.endpoint)


def test_writes_to_one_issue_slow_only_those() -> None:
    passing = told(RateLimit_Reason="jira-per-issue-on-write", Retry_After=2)
    assert (passing.wait_s, passing.lane) == (2.0, LANES.issue)


@pytest.mark.parametrize("reset", ["2026-03-02T13:00:00Z", "2026-03-02T13:00Z"])
@pytest.mark.parametrize("reason", ["jira-quota-global-based", "jira-quota-tenant-based"])
def test_a_spent_quota_stops_everything_until_it_is_given_anew(reason: str, reset: str) -> None:
    passing = told(RateLimit_Reason=reason, X_RateLimit_Reset=reset, Retry_After=5)
    assert isinstance(passing, QuotaSpent)
    assert (passing.wait_s, passing.lane) == (HOUR / 1000, None)
    assert "2026-03-02T13:00:00Z" in passing.words


def test_a_gateway_that_names_no_reason_stops_everything_for_as_long_as_it_says() -> None:
    assert (told().wait_s, told().lane) == (None, None)
    assert told(X_RateLimit_Reset="2026-03-02T12:00:30Z").wait_s == 30.0
    assert told(X_RateLimit_Reset="1772452800").wait_s is None  # never an epoch


def test_a_sweep_rides_out_bursts() -> None:
    site = new_site(JiraQuirks(burst=2))
    for number in range(30):
        site.jira.create(f"incident {number}")
        site.pass_(1)
    assert len(swept(site.adapter(page_size=5))) == 30


def test_a_burst_leaves_the_other_endpoints_alone() -> None:
    site = new_site()
    adapter = site.adapter()
    site.jira.create("printer on fire")
    adapter.prepare(["incident"])
    site.sandbox.faults.once("POST */search/jql", "429", retry_after_s=120)
    assert len(swept(adapter)) == 1
    assert 120.0 in site.clock.slept
    site.sandbox.faults.once("POST */search/jql", "429", retry_after_s=500)
    with pytest.raises(NotReachable):
        swept(adapter)
    slept = len(site.clock.slept)
    adapter.read("incident", ["1"])  # the other endpoints need not wait
    assert site.clock.slept[slept:] == []
    assert adapter.client.governor.concurrency == 4


def test_writes_beyond_what_one_issue_takes_wait_for_it() -> None:
    site = new_site()
    adapter = site.adapter()
    about = ticket(site.jira.create("printer on fire"))
    for number in range(45):
        (one,) = adapter.send(adapter.compose([note(about, "again", str(number))], {}))
        assert one.outcome is Outcome.DONE
    assert len(site.jira.find(about.id).comments) == 45
    assert site.clock.at > NOW


def test_spent_points_are_told_with_the_hour_they_come_back(tmp_path: Any) -> None:
    site = new_site(JiraQuirks(quota_points=8))
    for number in range(30):
        site.jira.create(f"incident {number}")
    adapter = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path, page_size=10)
    with pytest.raises(
        NotReachable, match=r"points of this hour are spent until 2026-03-02T13:00:00Z.*API token"
    ):
        swept(adapter)
    before = site.sandbox.requests.total()
    with pytest.raises(NotReachable, match="left in peace"):  # nothing is asked before
        adapter.read("incident", ["1"])
    assert site.sandbox.requests.total() == before
    site.clock.at += HOUR
    adapter.read("incident", ["1"])
