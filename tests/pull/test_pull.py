"""The pull never misses anything, whatever moves while it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import NotAllowed
from connector.model.instant import HOUR, MINUTE, SECOND
from connector.pull.stop import Stop
from connector.store import sources, sweeps, tickets
from tests.pull.fake_platform import INCIDENT, LAG, OUTAGE, REQUEST, Clock, FakePlatform
from tests.pull.site import Site

pytestmark = pytest.mark.both_stores


def test_everything_there_is_comes_with_its_history(site: Site, desk: FakePlatform, clock: Clock) -> None:
    for number in range(10):
        desk.open(f"inc{number}")
        clock.pass_(SECOND)
    desk.change("inc4", state="in_progress", priority=1)
    clock.pass_(HOUR)

    pulled = site.pull()

    assert site.knows_everything()
    assert pulled.kinds["incident"].seen == 10
    assert [(c.field, c.old, c.new) for c in site.history("inc4")] == [
        ("state", "new", "in_progress"),
        ("priority", 3, 1),
    ]


def test_the_watermark_is_the_start_of_the_sweep_less_the_lag(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    began = clock()
    desk.on_request = lambda _what: clock.pass_(MINUTE)
    assert site.pull().watermark == began - LAG


def test_in_a_rehearsal_a_platform_whose_clock_is_ahead_loses_nothing(
    site: Site, desk: FakePlatform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "now", lambda: clock() + 24 * HOUR)
    for number in range(3):
        desk.open(f"inc{number}")
        clock.pass_(HOUR)
        assert site.pull(latest=clock()).watermark == clock() - LAG
        assert site.knows_everything()


def test_rows_that_change_during_the_pages_are_seen_as_they_end(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    for number in range(9):
        desk.open(f"inc{number}")
        clock.pass_(SECOND)

    def somebody_works(what: str) -> None:
        clock.pass_(2 * SECOND)
        if desk.requests[what] == 2 and what == "page incident":
            desk.change("inc0", state="in_progress")  # read already
            desk.change("inc8", state="resolved")  # still to come, and now behind the time the sweep began

    desk.on_request = somebody_works
    site.pull()
    assert site.record("inc0").fields["state"] == "in_progress"
    assert site.record("inc8").fields["state"] == "resolved"


def test_pages_that_access_rules_empty_are_not_the_end(site: Site, desk: FakePlatform, clock: Clock) -> None:
    for number in range(12):
        row = desk.open(f"inc{number:02}")
        row.is_hidden = 3 <= number < 9
        clock.pass_(SECOND)
    site.pull()
    assert site.record("inc11").key == "INC11"


def test_what_is_committed_late_comes_with_the_overlap(site: Site, desk: FakePlatform, clock: Clock) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    desk.change("inc1", state="in_progress", late=3 * MINUTE)
    clock.pass_(MINUTE)
    desk.open("inc2")  # a later update that is seen first
    clock.pass_(SECOND)
    site.pull()
    clock.pass_(5 * MINUTE)
    site.pull()
    assert site.record("inc1").fields["state"] == "in_progress"


def test_rows_read_again_unchanged_are_not_evaluated_again(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    for number in range(7):
        desk.open(f"inc{number}")
    clock.pass_(MINUTE)
    site.pull()
    site.evaluate_all()
    desk.requests.clear()
    clock.pass_(MINUTE)

    site.pull()

    assert site.dirty() == []
    assert desk.requests["history incident"] == 0


def test_an_update_that_changes_nothing_we_read_is_not_evaluated_again(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    """As our own writes are: they move `updated`, and leave no history."""
    row = desk.open("inc1")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    row.updated = row.fields["updated"] = clock()
    clock.pass_(MINUTE)
    site.pull()
    assert site.dirty() == []
    assert site.record("inc1").updated == row.updated


def test_an_empty_pull_asks_once_for_each_kind(desk: FakePlatform, clock: Clock, tmp_path: Path) -> None:
    site = Site(desk, tmp_path / "accord.db", (INCIDENT, REQUEST, OUTAGE))
    desk.open("inc1")
    desk.open("out1", "outage")
    clock.pass_(HOUR)
    site.pull()
    desk.requests.clear()
    clock.pass_(HOUR - SECOND)
    site.pull()
    assert dict(desk.requests) == {"page incident": 1, "page request": 1, "page outage": 1}


def test_what_was_found_out_of_the_platform_serves_until_a_pull_fails(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    def refuse(what: str) -> None:
        if what == "page incident":
            raise NotAllowed("a right was taken away")

    site.pull()
    site.pull()
    assert desk.requests["prepare"] == 1
    desk.on_request = refuse
    with pytest.raises(NotAllowed):
        site.pull()
    desk.on_request = lambda _what: None
    site.pull()
    assert desk.requests["prepare"] == 2
    clock.pass_(HOUR)
    site.pull()
    assert desk.requests["prepare"] == 3


def test_one_kind_that_may_not_be_read_does_not_keep_the_others_back(
    desk: FakePlatform, clock: Clock, tmp_path: Path
) -> None:
    site = Site(desk, tmp_path / "accord.db", (INCIDENT, REQUEST))
    for number in range(20):
        desk.open(f"req{number:02}", "request")
    clock.pass_(HOUR)

    def refuse(what: str) -> None:
        if what == "page incident":
            raise NotAllowed("incident may not be read")

    desk.on_request = refuse
    with pytest.raises(NotAllowed):
        site.pull()
    with site.store.read() as tx:
        assert tickets.counts(tx, "acme") == {"request": 20}
        known = sources.get(tx, "acme")
    assert known is not None
    assert known.watermark is None  # nothing may be said as of a time not seen of every kind


def test_a_pull_out_of_time_goes_on_where_it_stopped(site: Site, desk: FakePlatform, clock: Clock) -> None:
    for number in range(30):
        desk.open(f"inc{number:02}")
    clock.pass_(HOUR)
    began = clock()
    desk.on_request = lambda what: clock.pass_(SECOND * (what != "prepare"))
    first = site.pull(stop=Stop(site.world, deadline=clock() / 1000 + 6))
    assert not first.is_complete
    assert first.watermark is None
    read = first.kinds["incident"].seen
    assert 0 < read < 30
    second = site.pull()
    assert second.is_complete
    assert second.kinds["incident"].seen == 30 - read
    assert second.watermark == began - LAG  # what changed since the first part began is met by the next sweep


def test_nothing_is_said_as_of_a_time_that_one_kind_was_not_read_for(
    desk: FakePlatform, clock: Clock, tmp_path: Path
) -> None:
    site = Site(desk, tmp_path / "accord.db", (INCIDENT, REQUEST))
    desk.open("inc1")
    for number in range(30):
        desk.open(f"req{number:02}", "request")
    clock.pass_(HOUR)
    desk.on_request = lambda what: clock.pass_(SECOND * (what != "prepare"))
    pulled = site.pull(stop=Stop(site.world, deadline=clock() / 1000 + 8))
    with site.store.read() as tx:
        done = {sweep.kind: sweep.complete_at is not None for sweep in sweeps.every(tx, "acme")}
    assert done == {"incident": True, "request": False}
    assert pulled.watermark is None


def test_a_mark_outlives_an_evaluation_of_what_was_known_before(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    site.pull()
    with site.store.read() as tx:
        marks = tickets.to_evaluate(tx, "acme", clock(), after=("", ""), limit=9)
    desk.change("inc1", state="in_progress")
    clock.pass_(MINUTE)
    site.pull()
    with site.store.begin() as tx:
        tickets.settle(tx, "acme", marks, {}, {})
    assert site.dirty() == ["inc1"]
