"""Clocks: elapsed, retroactive starts, due, breach, lines, goals that change."""

from __future__ import annotations

import pytest

from connector.model.kind import FieldType
from tests.evaluate.desk import (
    OPEN,
    book,
    clock,
    clocks,
    desk,
    look,
    minutes,
    states,
    t,
    ticket,
    timeline,
    told,
)

FOUR_HOURS = desk(f"{OPEN}pause: {{state: on_hold}}\nwithin: [{{time: 4h}}]")
TWO_GOALS = "within: [{when: {priority: 1}, time: 1h, calendar: always}, {time: 8h}]"


def resolved(at: str) -> tuple[str, str, str]:
    return at, "state", "resolved"


@pytest.mark.parametrize(
    ("at_limit", "end", "state"),
    [("met", "mon 14:00", "met"), ("met", "mon 14:00:01", "missed"), ("missed", "mon 14:00", "missed")],
)
def test_the_tie_is_met_unless_at_limit_says_missed(at_limit: str, end: str, state: str) -> None:
    rules = desk(f"{OPEN}at_limit: {at_limit}\nwithin: [{{time: 4h}}]")
    assert str(clock(rules, ticket("mon 10:00", resolved(end)), "tue 09:00").state) == state


def test_a_due_at_closing_time_is_at_closing_and_shows_as_breach_in_the_morning() -> None:
    record = ticket("mon 13:00")
    evening = clock(FOUR_HOURS, record, "mon 20:00")
    assert (told(evening.due), evening.breached_at, evening.remaining) == ("mon 17:00", None, 0)
    assert evening.next_at == t("tue 09:00") + 1
    assert told(clock(FOUR_HOURS, record, "tue 09:00:01").breached_at) == "mon 17:00"


def test_a_pause_at_the_very_closing_leaves_the_due_where_it_was_reached() -> None:
    record = ticket("mon 13:00", ("mon 17:00", "state", "on_hold"), ("wed 10:00", "state", "new"))
    assert told(clock(FOUR_HOURS, record, "wed 11:00").breached_at) == "mon 17:00"


def test_an_ended_cycle_tells_where_it_would_have_been_due() -> None:
    assert told(clock(FOUR_HOURS, ticket("mon 10:00", resolved("mon 11:00")), "tue 09:00").due) == "mon 14:00"


def test_a_running_cycle_over_its_time_keeps_running_with_a_breach() -> None:
    found = clock(FOUR_HOURS, ticket("mon 10:00"), "mon 15:00")
    assert (str(found.state), told(found.breached_at), minutes(found.remaining)) == (
        "running",
        "mon 14:00",
        -60,
    )
    assert found.used == 1.25


def test_used_is_cut_and_not_rounded() -> None:
    found = clock(desk(f"{OPEN}within: [{{time: 3h}}]"), ticket("mon 10:00"), "mon 12:00")
    assert found.used == 0.6666


def test_best_effort_runs_without_figures_of_time_and_is_met() -> None:
    found = clock(
        desk(f"{OPEN}within: [{{time: none}}]"), ticket("mon 10:00", resolved("wed 10:00")), "thu 09:00"
    )
    assert (str(found.state), minutes(found.elapsed)) == ("met", 960)
    assert (found.time, found.due, found.remaining, found.used) == (None, None, None, None)


def test_a_retroactive_start_counts_from_its_field_without_the_pauses_before() -> None:
    rules = desk(
        "start: {priority: 1}\nstop: {state: resolved}\nstart_at: opened\n"
        "pause: {state: on_hold}\nwithin: [{time: 8h}]"
    )
    record = ticket(
        "mon 10:00",
        ("mon 11:00", "state", "on_hold"),
        ("mon 12:00", "state", "in_progress"),
        ("mon 13:00", "priority", 1),
    )
    found = clock(rules, record, "mon 14:00")
    assert (told(found.started), minutes(found.elapsed)) == ("mon 10:00", 180)
    assert found.origin == t("mon 13:00")


def test_retroactive_pause_false_leaves_earlier_pauses_in() -> None:
    rules = desk(
        "start: {priority: 1}\nstart_at: opened\nretroactive_pause: false\n"
        "stop: {state: resolved}\npause: {state: on_hold}\nwithin: [{time: 8h}]"
    )
    record = ticket(
        "mon 10:00",
        ("mon 11:00", "state", "on_hold"),
        ("mon 12:00", "state", "new"),
        ("mon 13:00", "priority", 1),
    )
    assert minutes(clock(rules, record, "mon 14:00").elapsed) == 240


@pytest.mark.parametrize(("which", "started"), [("first", "mon 13:00"), ("every", "mon 10:00")])
def test_only_the_first_cycle_starts_retroactively_unless_every_does(which: str, started: str) -> None:
    rules = desk(f"{OPEN}start_at: opened\nretroactive: {which}\nwithin: [{{time: 8h}}]")
    record = ticket("mon 10:00", resolved("mon 12:00"), ("mon 13:00", "state", "new"))
    assert told(clocks(rules, record, "mon 14:00")[1].started) == started


def test_lines_are_crossed_at_their_exact_instant_and_before_the_start_at_the_start() -> None:
    rules = desk(
        f"{OPEN}within: [{{time: 2h}}]\non: {{75%: [{{note: true}}], 30m before: [{{note: true}}], "
        "3h before: [{note: true}], 1h after: [{note: true}]}"
    )
    found = clock(rules, ticket("mon 15:00"), "tue 12:00")
    assert [f"{told(m.at)} {m.event}" for m in found.warnings] == [
        "mon 15:00 3h before", "mon 16:30 75%", "mon 16:30 30m before", "tue 10:00 1h after",
    ]  # fmt: skip


def test_a_new_goal_judges_the_whole_cycle_anew() -> None:
    rules = desk(f"{OPEN}{TWO_GOALS}")
    record = ticket("mon 10:00", ("mon 12:00", "priority", 1))
    found = clock(rules, record, "mon 12:00")
    assert (minutes(found.time), told(found.breached_at)) == (60, "mon 11:00")


def test_carry_keeps_what_was_counted_under_the_old_calendar() -> None:
    rules = desk(f"{OPEN}on_goal_change: carry\n{TWO_GOALS.replace('1h', '4h')}")
    record = ticket("mon 16:00", ("mon 20:00", "priority", 1))
    found = clock(rules, record, "mon 21:00")
    assert (minutes(found.elapsed), told(found.due)) == (120, "mon 23:00")


def test_carry_finds_a_crossing_in_the_time_as_counted() -> None:
    rules = desk(f"{OPEN}on_goal_change: carry\n{TWO_GOALS}")
    record = ticket("mon 10:00", ("mon 15:00", "priority", 1))
    assert told(clock(rules, record, "mon 15:00").breached_at) == "mon 11:00"


def test_restart_ends_the_cycle_as_reset_by_the_entry_it_ran_under() -> None:
    rules = desk(f"{OPEN}start_at: opened\non_goal_change: restart\n{TWO_GOALS}")
    first, second = clocks(rules, ticket("mon 10:00", ("mon 12:00", "priority", 1)), "mon 12:30")
    assert states([first, second]) == ["reset", "running"]
    assert (minutes(first.time), told(first.ended)) == (480, "mon 12:00")
    assert (told(second.started), minutes(second.time)) == ("mon 12:00", 60)


@pytest.mark.parametrize(
    ("stands", "state", "breach"), [("false", "met", None), ("true", "missed", "mon 11:00")]
)
def test_a_breach_is_withdrawn_by_a_longer_goal_unless_it_stands(
    stands: str, state: str, breach: str | None
) -> None:
    rules = desk(f"{OPEN}breach_stands: {stands}\n{TWO_GOALS}")
    record = ticket("mon 10:00", ("mon 12:00", "priority", 3), resolved("mon 13:00"), priority=1)
    found = clock(rules, record, "tue 09:00")
    assert (str(found.state), told(found.breached_at)) == (state, breach)
    withdrawn = ["mon 12:00 breach_withdrawn"] if stands == "false" else []
    assert timeline(found) == ["mon 10:00 started", "mon 11:00 breached", *withdrawn, f"mon 13:00 {state}"]


def test_the_entry_of_an_ended_cycle_is_that_of_its_last_step() -> None:
    record = ticket("mon 10:00", resolved("mon 12:00"), ("mon 13:00", "priority", 1))
    assert minutes(clock(desk(f"{OPEN}{TWO_GOALS}\nreopen: ignore"), record, "tue 09:00").time) == 480


def test_measure_total_counts_the_earlier_cycles_too() -> None:
    rules = desk("is: stint\ngroup: network\nwithin: [{time: 3h}]")
    record = ticket(
        "mon 09:00",
        ("mon 11:00", "assignment_group", "desk"),
        ("mon 13:00", "assignment_group", "network"),
        assignment_group="network",
    )
    first, second = clocks(rules, record, "mon 15:00")
    assert [minutes(first.elapsed), minutes(second.elapsed)] == [120, 240]
    assert told(second.breached_at) == "mon 14:00"


def test_times_and_due_dates_can_be_given_in_the_ticket() -> None:
    extra = {"agreed": FieldType.STRING, "promised": FieldType.DATETIME}
    text = """
        agreement: desk
        type: sla
        applies_to: {record: [incident]}
        targets:
          agreed: {start: {priority: 3}, stop: {state: resolved}, within: [{time: {field: agreed}}]}
          promised: {start: {priority: 3}, stop: {state: resolved}, within: [{until: {field: promised}}]}
        """
    record = ticket("mon 10:00", agreed="PT2H", promised=t("mon 15:00"))
    agreed, promised = clocks(book(text, extra=extra), record, "mon 16:00")
    assert (told(agreed.due), told(promised.due)) == ("mon 12:00", "mon 15:00")
    empty = clocks(book(text, extra=extra), ticket("mon 10:00"), "mon 16:00")
    assert [cycle.time for cycle in empty] == [None, None]


def test_a_due_date_before_the_start_is_breached_at_the_start() -> None:
    rules = book(
        "agreement: desk\ntype: sla\napplies_to: {record: [incident]}\ntargets:\n  clock: "
        "{start: {priority: 3}, stop: {state: resolved}, within: [{until: {field: promised}}]}\n",
        extra={"promised": FieldType.DATETIME},
    )
    found = clock(rules, ticket("mon 10:00", promised=t("mon 08:00")), "mon 10:01")
    assert (found.time, found.used, told(found.breached_at)) == (0, None, "mon 10:00")


@pytest.mark.parametrize(
    ("time", "opened", "due"),
    [
        ("0bd", "mon 10:00", "mon 17:00"),
        ("0bd", "mon 18:00", "tue 17:00"),
        ("2bd", "fri 10:00", "tue2 17:00"),
        ("1bd by 12:00", "mon 10:00", "tue 12:00"),
        ("1bd same time", "mon 10:30", "tue 10:30"),
        ("0bd if before 10:00", "mon 09:59", "mon 17:00"),
        ("0bd if before 10:00", "mon 10:00", "tue 17:00"),
        ("0bd if before 10:00", "mon 07:00", "mon 17:00"),
    ],
)
def test_due_dates_go_by_open_days(time: str, opened: str, due: str) -> None:
    assert told(clock(desk(f"{OPEN}within: [{{time: {time}}}]"), ticket(opened), opened).due) == due


def test_a_ticket_is_to_be_looked_at_again_at_its_next_line_or_known_change() -> None:
    rules = desk(f"{OPEN}within: [{{time: 4h}}]\non: {{50%: [{{note: true}}]}}")
    alone = look(rules, ticket("mon 10:00"), "mon 11:00")
    assert list(alone.next_at.values()) == [t("mon 12:00")]
    changed = look(rules, ticket("mon 10:00", ("mon 11:30", "priority", 1)), "mon 11:00")
    assert list(changed.next_at.values()) == [t("mon 11:30")]


def test_a_cycle_begins_at_another_targets_event_even_between_steps() -> None:
    rules = book("""
        agreement: desk
        type: sla
        applies_to: {record: [incident]}
        targets:
          main: {start: {priority: 3}, stop: {state: resolved}, within: [{time: 2h}]}
          review: {after: {target: main, event: breached}, stop: {state: closed}, within: [{time: 1h}]}
        """)
    (main, review) = clocks(rules, ticket("mon 10:00"), "mon 12:30")
    assert told(main.breached_at) == told(review.started) == "mon 12:00"
    assert minutes(review.elapsed) == 30
