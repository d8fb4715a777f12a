"""What cannot be trusted yet, is about to matter, or is not there any more is read again by its id."""

from __future__ import annotations

from connector.model.instant import HOUR, MINUTE
from connector.store import inbox
from tests.pull.fake_platform import Clock, FakePlatform
from tests.pull.site import Site


def test_a_history_that_lags_behind_its_record_is_waited_for(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    desk.change("inc1", state="in_progress")
    clock.pass_(HOUR)
    desk.change("inc1", state="resolved", history_late=2 * MINUTE)
    clock.pass_(MINUTE)

    site.pull()
    assert site.dirty() == []  # not to be announced yet
    clock.pass_(2 * MINUTE)
    site.pull()

    assert site.dirty() == ["inc1"]
    assert site.history("inc1")[-1].new == "resolved"


def test_a_first_change_without_history_yet_is_waited_for(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    desk.change("inc1", priority=1, history_late=2 * MINUTE)
    clock.pass_(MINUTE)
    site.pull()
    assert site.dirty() == []
    clock.pass_(2 * MINUTE)
    site.pull()
    assert site.dirty() == ["inc1"]


def test_a_history_that_never_agrees_is_taken_as_it_is_after_three_tries(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    desk.change("inc1", state="in_progress")
    clock.pass_(HOUR)
    desk.rows["incident"]["inc1"].fields["state"] = "closed"  # written past the audit
    first, second = site.pull(), site.pull()
    assert (first.kinds["incident"].waiting, first.kinds["incident"].given_up) == (2, 0)
    assert second.kinds["incident"].given_up == 1
    assert site.dirty() == ["inc1"]
    desk.requests.clear()
    clock.pass_(HOUR)
    site.pull()
    assert desk.requests["history incident"] == 0  # and not asked for for ever


def test_a_ticket_about_to_cross_a_line_is_read_again_first(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    desk.open("inc1")
    desk.open("inc2")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all(next_at=clock() + MINUTE)
    desk.requests.clear()
    clock.pass_(10 * MINUTE)
    site.pull()
    assert desk.requests["read incident"] == 1  # both, in bulk
    assert site.dirty() == ["inc1", "inc2"]  # their time has come, changed or not


def test_a_ticket_that_left_the_scope_is_frozen_and_comes_back(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    for id_ in ("inc1", "inc2", "inc3", "inc4"):
        desk.open(id_)
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all(next_at=clock() + MINUTE)
    rows = desk.rows["incident"]
    rows["inc1"].is_in_scope, rows["inc2"].is_deleted, rows["inc3"].is_hidden = False, True, True
    clock.pass_(HOUR)

    pulled = site.pull()

    assert pulled.kinds["incident"].frozen == {"out of scope": 1, "deleted": 1, "not readable": 1}
    assert site.dirty() == ["inc4"]
    rows["inc1"].is_in_scope = True
    desk.change("inc1", state="in_progress")
    clock.pass_(MINUTE)
    site.pull()
    assert site.dirty() == ["inc1", "inc4"]


def test_a_full_pull_finds_what_a_sweep_cannot(site: Site, desk: FakePlatform, clock: Clock) -> None:
    for id_ in ("inc1", "inc2", "inc3"):
        desk.open(id_)
    desk.rows["incident"]["inc3"].is_in_scope = False
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    desk.rows["incident"]["inc1"].is_deleted = True
    desk.rows["incident"]["inc3"].is_in_scope = True  # without being touched
    clock.pass_(HOUR)
    assert site.pull().kinds["incident"].frozen == {}

    pulled = site.pull(full=True)

    assert pulled.kinds["incident"].frozen == {"deleted": 1}
    assert site.dirty() == ["inc3"]


def test_a_ticket_that_comes_back_as_it_was_is_looked_at_again(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    """Time has gone by for it meanwhile, though nothing has changed."""
    row = desk.open("inc1")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    row.is_in_scope = False
    site.pull(full=True)
    row.is_in_scope = True
    clock.pass_(HOUR)
    site.pull(full=True)
    assert site.dirty() == ["inc1"]


def test_a_nudge_has_one_ticket_read(site: Site, desk: FakePlatform, clock: Clock) -> None:
    desk.open("inc1")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    desk.change("inc1", state="in_progress", late=HOUR)  # the sweep does not see it yet
    clock.pass_(MINUTE)
    with site.store.begin() as tx:
        for _ in range(3):
            inbox.add(tx, "acme", "incident", "inc1", clock())
    desk.requests.clear()
    site.pull()
    assert desk.requests["read incident"] == 1
    assert site.dirty() == ["inc1"]
    with site.store.read() as tx:
        assert inbox.waiting(tx, "acme") == []
