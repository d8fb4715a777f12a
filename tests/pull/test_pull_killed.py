"""A pull may be killed anywhere, and the desk may do anything meanwhile: everything is known in the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.instant import HOUR, MINUTE, SECOND
from connector.store import sweeps
from tests.pull.fake_platform import Clock, FakePlatform
from tests.pull.site import Killed, Site

KILLS = range(3, 60)


@pytest.mark.parametrize("die_at", KILLS)
def test_a_pull_killed_anywhere_ends_as_one_that_was_not(
    die_at: int, desk: FakePlatform, clock: Clock, tmp_path: Path
) -> None:
    for number in range(14):
        desk.open(f"inc{number:02}")
        clock.pass_(SECOND)
        if number % 3 == 0:
            desk.change(f"inc{number:02}", state="in_progress", history_late=MINUTE)
    site = Site(desk, tmp_path / "accord.db")
    site.die_at = site.operations + die_at
    try:
        site.pull()
    except Killed:
        site.die_at = None
        desk.change("inc05", state="resolved")
        clock.pass_(5 * MINUTE)
        site.pull()
    site.die_at = None
    clock.pass_(5 * MINUTE)
    site.pull()
    assert site.knows_everything()
    assert len(site.dirty()) == 14
    with site.store.read() as tx:
        (sweep,) = sweeps.every(tx, "acme")
    assert sweep.begun_at is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    page_size=st.integers(1, 5),
    doings=st.lists(
        st.tuples(
            st.sampled_from(["open", "change", "pull", "kill"]),
            st.integers(0, 7),
            st.integers(1, 400),
            st.sampled_from([0, 0, 5, 100, 350]),
        ),
        max_size=40,
    ),
)
def test_whatever_happens_everything_is_known_two_pulls_later(
    page_size: int,
    doings: list[tuple[str, int, int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    clock = Clock()
    desk = FakePlatform(clock, page_size=page_size)
    site = Site(desk, tmp_path_factory.mktemp("store") / "accord.db")
    for what, number, seconds, late in doings:
        id_ = f"inc{number}"
        if what == "open" and id_ not in desk.rows["incident"]:
            desk.open(id_)
        elif what == "change" and id_ in desk.rows["incident"]:
            turned = desk.rows["incident"][id_].fields["priority"] % 5 + 1
            desk.change(id_, priority=turned, late=late * SECOND, history_late=late * SECOND)
        elif what in ("pull", "kill"):
            site.die_at = site.operations + 2 + number if what == "kill" else None
            try:
                site.pull()
            except Killed:
                site.die_at = None
        clock.pass_(seconds * SECOND)
    site.die_at = None
    clock.pass_(HOUR)
    site.pull()
    clock.pass_(HOUR)
    site.pull()
    assert site.knows_everything()
