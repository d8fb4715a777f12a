"""What Accord writes to a ticket is no news to the next pull; what anybody else writes is, however close."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.instant import HOUR, MINUTE, SECOND
from tests.pull.fake_platform import OVERLAP, Clock, FakePlatform
from tests.pull.site import Killed, Site

WAYS = ("noted", "noted", "unnoted", "unaware")  # noted; killed before; on top of what it had not seen


@pytest.fixture
def settled(site: Site, desk: FakePlatform, clock: Clock) -> Site:
    """One ticket, whose past was read when all of it had shown."""
    desk.open("inc1")
    clock.pass_(MINUTE)
    desk.change("inc1", state="in_progress")
    clock.pass_(HOUR)
    site.pull()
    site.evaluate_all()
    desk.requests.clear()
    return site


def histories_read(site: Site) -> int:
    """By one more pull."""
    site.desk.requests.clear()
    site.pull()
    return site.desk.requests["history incident"]


def test_our_own_writes_are_not_read_back(settled: Site, clock: Clock) -> None:
    for _ in range(3):
        settled.write("inc1")
    assert [histories_read(settled) for _ in range(3)] == [0, 0, 0]
    clock.pass_(2 * MINUTE)
    settled.write("inc1")
    clock.pass_(MINUTE)
    assert histories_read(settled) == 0
    assert settled.dirty() == []


def test_a_written_ticket_is_read_once_more_when_all_has_settled(settled: Site, clock: Clock) -> None:
    settled.write("inc1")
    clock.pass_(OVERLAP - MINUTE)
    assert histories_read(settled) == 0
    clock.pass_(2 * MINUTE)
    assert [histories_read(settled) for _ in range(2)] == [1, 0]
    assert settled.dirty() == []
    assert settled.knows_everything()


def test_a_write_whose_answer_was_never_noted_is_read_back(settled: Site) -> None:
    settled.write("inc1", is_noted=False)
    assert histories_read(settled) == 1
    assert settled.dirty() == []


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("what", ["change", "comment"])
@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_somebody_elses_write_beside_ours_is_read(
    when: str, what: str, seconds: int, settled: Site, desk: FakePlatform, clock: Clock
) -> None:
    """Between two of ours, or on either side of them, in the same second or the next."""

    def theirs() -> None:
        clock.pass_(seconds * SECOND)
        if what == "change":
            desk.change("inc1", state="resolved")
        else:
            desk.comment("inc1")
        clock.pass_(seconds * SECOND)

    for place in ("before", "between", "after"):
        if place == when:
            theirs()
        if place != "after":
            settled.write("inc1")

    assert histories_read(settled) == 1
    assert settled.history("inc1") == desk.rows["incident"]["inc1"].past
    assert settled.dirty() == ["inc1"]


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_comment_that_makes_the_same_edition_as_our_write_is_found_later(
    comes_first: bool, settled: Site, desk: FakePlatform, clock: Clock
) -> None:
    """The platform's count can be overwritten; the row then tells nothing of it."""
    if comes_first:
        desk.comment("inc1")
        settled.write("inc1", unaware=True)
    else:
        settled.write("inc1")
        desk.comment("inc1", unaware=True)
    settled.pull()
    clock.pass_(OVERLAP + MINUTE)
    settled.pull()
    assert settled.history("inc1") == desk.rows["incident"]["inc1"].past
    assert settled.dirty() == ["inc1"]


def test_a_comment_of_the_same_edition_but_a_later_second_is_read_at_once(
    settled: Site, desk: FakePlatform, clock: Clock
) -> None:
    settled.write("inc1")
    clock.pass_(SECOND)
    desk.comment("inc1", unaware=True)
    assert histories_read(settled) == 1


def test_what_had_not_settled_before_our_write_is_read_back_once(
    settled: Site, desk: FakePlatform, clock: Clock
) -> None:
    """That nothing in the history follows our own write is no reason to wait for it."""
    desk.change("inc1", state="resolved")
    clock.pass_(5 * SECOND)
    settled.pull()
    settled.write("inc1")
    clock.pass_(15 * SECOND)
    assert [histories_read(settled) for _ in range(3)] == [1, 0, 0]


def test_what_a_rule_of_the_platform_changes_along_with_our_write_is_read(
    settled: Site, desk: FakePlatform
) -> None:
    desk.rows["incident"]["inc1"].fields["category"] = "network"  # in our own update, by a business rule
    settled.write("inc1")
    assert histories_read(settled) == 1
    assert settled.knows_everything()


def test_a_write_on_top_of_what_had_not_settled_hides_nothing(
    site: Site, desk: FakePlatform, clock: Clock
) -> None:
    """The history of the latest change had not shown yet when the ticket was read, and then we wrote."""
    desk.open("inc1")
    clock.pass_(HOUR)
    desk.comment("inc1", history_late=3 * MINUTE)
    clock.pass_(MINUTE)
    site.pull()
    assert site.history("inc1") == []
    site.write("inc1")
    clock.pass_(3 * MINUTE)
    site.pull()
    assert site.knows_everything()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    doings=st.lists(
        st.tuples(
            st.sampled_from(["open", "change", "comment", "write", "write", "pull", "kill"]),
            st.integers(0, 3),
            st.sampled_from([0, 0, 1, 15, 100, 400]),
            st.sampled_from([0, 0, 5, 100]),
            st.sampled_from(WAYS),
        ),
        max_size=40,
    )
)
def test_whatever_we_write_everything_of_others_is_known_two_pulls_later(
    doings: list[tuple[str, int, int, int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = Clock()
    desk = FakePlatform(clock)
    site = Site(desk, tmp_path_factory.mktemp("store") / "accord.db")
    rows = desk.rows["incident"]
    for what, number, seconds, late, way in doings:
        id_ = f"inc{number}"
        if what == "open" and id_ not in rows:
            desk.open(id_)
        elif what == "change" and id_ in rows:
            turned = rows[id_].fields["priority"] % 5 + 1
            desk.change(id_, priority=turned, late=late * SECOND, history_late=late * SECOND)
        elif what == "comment" and id_ in rows:
            desk.comment(id_, history_late=late * SECOND, unaware=way == "unaware" and rows[id_].edition > 0)
        elif what == "write" and id_ in rows:
            is_unaware = way == "unaware" and rows[id_].edition > 0
            site.write(id_, is_noted=way != "unnoted", unaware=is_unaware)
        elif what in ("pull", "kill"):
            site.die_at = site.operations + 2 + number if what == "kill" else None
            try:
                site.pull()
            except Killed:
                site.die_at = None
        clock.pass_(seconds * SECOND)
    for _ in range(2):
        clock.pass_(HOUR)
        site.pull()
    site.store.close()
    assert site.knows_everything()
