"""Targets that the platform's own SLA engine measures: what of its figures stands, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.evaluate import Evaluation, evaluate
from connector.evaluate.borrowed import HISTORY
from connector.mappings.kinds import shipped_kinds
from connector.model.cycle import Cycle, Moment
from connector.model.instant import HOUR, MINUTE
from connector.model.platformcycle import PlatformCycle, in_turn, platform_cycle
from connector.model.record import Record, Reference
from connector.rules.rulebook import Rulebook
from tests.evaluate.desk import desk, minutes, t, ticket, timeline, told

LINES = "on: {75%: [{note: true}], 1h before: [{note: true}], 30m after: [{note: true}]}"
RULES = desk("measured_by: {platform: P1 resolution}\n" + LINES)


def lent(started: str, **fields: Any) -> PlatformCycle:
    """A cycle as the platform told it; instants as `t` reads them."""
    instants = {name: t(fields.pop(name)) for name in ("ended", "due") if fields.get(name)}
    values: dict[str, Any] = {"name": "P1 resolution", "state": "running", "goal": 8 * HOUR}
    values |= {"id": started, **fields, **instants}
    return PlatformCycle(started=t(started), **values)


def look(rules: Rulebook, record: Record, at: str, *cycles: PlatformCycle) -> Evaluation:
    known = {(record.source, record.id): cycles}
    return evaluate([record], rules, at=t(at), kinds=shipped_kinds(), told=known)


def one(at: str, *cycles: PlatformCycle, rules: Rulebook = RULES, record: Record | None = None) -> Cycle:
    (found,) = look(rules, record or ticket("mon 09:00"), at, *cycles).cycles()
    return found


def test_what_the_platform_tells_of_an_ended_cycle_stands() -> None:
    given = lent(
        "mon 09:00", ended="tue 10:00", due="tue 09:00", state="ended", breached=True, elapsed=9 * HOUR
    )
    found = one("wed 09:00", given)
    assert (str(found.state), minutes(found.elapsed), minutes(found.time)) == ("missed", 540, 480)
    assert (told(found.due), told(found.breached_at), told(found.ended)) == (
        "tue 09:00",
        "tue 09:00",
        "tue 10:00",
    )
    assert (found.used, found.history, found.number) == (1.125, HISTORY, 1)


def test_the_platform_says_met_whatever_the_figures() -> None:
    given = lent("mon 09:00", ended="tue 10:00", due="tue 09:00", state="ended", elapsed=9 * HOUR)
    found = one("wed 09:00", given)
    assert (str(found.state), found.breached_at) == ("met", None)


def test_a_running_cycle_counts_by_the_calendar_up_to_its_due_instant() -> None:
    given = lent("mon 09:00", due="tue 09:30", paused=30 * MINUTE)  # half an hour was paused
    found = one("mon 16:00", given)
    assert (str(found.state), minutes(found.elapsed)) == ("running", 390)
    assert found.next_at == t("mon 16:30")  # 1h before, by the calendar


def test_lines_lie_where_the_calendar_has_them_and_next_is_the_breach() -> None:
    given = lent("mon 09:00", due="mon 17:00")
    found = one("mon 16:59", given)
    assert timeline(found) == ["mon 09:00 started", "mon 15:00 75%", "mon 16:00 1h before"]
    assert found.next_at == t("mon 17:00") + 1


def test_a_breach_by_time_alone_is_seen_though_the_platform_has_not_noted_it() -> None:
    given = lent("mon 09:00", due="mon 17:00")
    found = one("tue 10:00", given)
    assert (told(found.breached_at), str(found.state)) == ("mon 17:00", "running")
    assert timeline(found)[-2:] == ["mon 17:00 breached", "tue 09:30 30m after"]


def test_a_paused_cycle_has_no_due_and_nothing_to_come() -> None:
    given = lent("mon 09:00", due="mon 17:00", state="paused", elapsed=2 * HOUR)
    found = one("tue 10:00", given)
    assert (str(found.state), found.due, found.breached_at, found.next_at) == ("paused", None, None, None)
    assert minutes(found.elapsed) == 120


def test_a_goal_the_platform_does_not_tell_follows_from_start_and_due() -> None:
    found = one("mon 12:00", lent("mon 09:00", due="tue 11:00", goal=None))
    assert (minutes(found.time), minutes(found.elapsed)) == (600, 180)


def test_figures_that_the_calendar_contradicts_are_the_platforms_own() -> None:
    given = lent("mon 09:00", due="mon 15:00", paused=0, elapsed=77 * MINUTE)
    assert minutes(one("mon 12:00", given).elapsed) == 77


def test_what_begins_or_ends_later_is_known_to_come() -> None:
    later = look(RULES, ticket("mon 09:00"), "mon 10:00", lent("mon 11:00", due="mon2 09:00"))
    assert list(later.cycles()) == []
    assert later.next_at["acme", "incident", "inc1"] == t("mon 11:00")
    given = lent("mon 09:00", ended="mon 12:00", due="mon 17:00", state="ended", elapsed=3 * HOUR)
    ends = look(RULES, ticket("mon 09:00"), "mon 10:00", given)
    assert [str(cycle.state) for cycle in ends.cycles()] == ["running"]
    assert ends.next_at["acme", "incident", "inc1"] == t("mon 12:00")


def test_several_retroactive_cycles_have_instants_of_their_own() -> None:
    first = lent("mon 09:00", id="a", ended="mon 10:00", state="ended", elapsed=HOUR)
    second = lent("mon 09:00", id="b", ended="mon 15:00", state="cancelled", elapsed=3 * HOUR)
    third = lent("mon 09:00", id="c", due="mon 17:00")
    found = list(look(RULES, ticket("mon 09:00"), "mon 16:00", third, first, second).cycles())
    assert [(told(one.origin), str(one.state), one.number) for one in found] == [
        ("mon 09:00", "met", 1),
        ("mon 10:00", "cancelled", 2),
        ("mon 15:00", "running", 3),
    ]


def test_records_made_anew_by_a_repair_do_not_count_twice() -> None:
    old = lent("mon 09:00", id="old", updated=1)
    new = lent("mon 09:00", id="new", updated=2)
    ended = [lent("mon 08:00", id=name, ended="mon 08:30", state="ended") for name in ("x", "y")]
    assert [one.id for _, one in in_turn([old, *ended, new])] == ["y", "new"]


def test_only_where_the_agreement_applies_and_for_as_long() -> None:
    rules = desk(
        "measured_by: {platform: p1 RESOLUTION}",
        agreement="applies_to: {record: incident, where: {category: network}}",
    )
    given = lent("mon 09:00", due="mon 17:00")
    assert list(look(rules, ticket("mon 09:00", category="phone"), "mon 12:00", given).cycles()) == []
    moved = ticket("mon 09:00", ("mon 11:00", "category", "phone"), category="network")
    found = one("mon 12:00", given, rules=rules, record=moved)
    assert (str(found.state), told(found.ended), minutes(found.elapsed)) == ("cancelled", "mon 11:00", 120)


def test_another_name_is_another_sla() -> None:
    assert list(look(RULES, ticket("mon 09:00"), "mon 12:00", lent("mon 09:00", name="P2")).cycles()) == []


def test_excluded_cycles_say_why() -> None:
    rules = desk(
        "measured_by: {platform: P1 resolution}",
        agreement="exclude: [{when: {resolution: duplicate}, reason: a duplicate}]",
    )
    record = ticket("mon 09:00", resolution="duplicate")
    assert one("mon 12:00", lent("mon 09:00"), rules=rules, record=record).excluded == "a duplicate"


def test_a_record_without_schedule_is_read_round_the_clock() -> None:
    fields = {
        "name": "P1",
        "ticket": Reference("1"),
        "started": 5,
        "elapsed_always": 7,
        "state": "cancelled",
    }
    found = platform_cycle(Record("platform_cycle", "acme", "x", "x", fields))
    assert found is not None
    assert (found.elapsed, found.is_over, found.goal) == (7, True, None)
    assert platform_cycle(Record("platform_cycle", "acme", "x", "x", {"name": "P1"})) is None


@given(
    due=st.integers(1, 30 * 60),
    paused=st.integers(0, 120),
    goal=st.integers(1, 20 * 60),
    looks=st.lists(st.integers(1, 60 * 60), min_size=2, max_size=5),
)
def test_the_timeline_does_not_depend_on_when_it_is_looked_at(
    due: int, paused: int, goal: int, looks: list[int]
) -> None:
    begin = t("mon 09:00")
    cycle = PlatformCycle("x", "P1 resolution", "running", begin, due=begin + due * MINUTE)
    cycle = replace(cycle, goal=goal * MINUTE, paused=paused * MINUTE)
    record = ticket("mon 09:00")
    seen: list[Moment] = []
    for minute in sorted(looks):
        at = begin + minute * MINUTE
        known = {(record.source, record.id): [cycle]}
        (found,) = evaluate([record], RULES, at=at, kinds=shipped_kinds(), told=known).cycles()
        moments = list(found.timeline)
        assert moments[: len(seen)] == seen
        assert moments == sorted(moments, key=lambda moment: moment.at)
        assert all(begin <= moment.at <= at for moment in moments)
        assert found.next_at is None or found.next_at > at
        seen = moments
