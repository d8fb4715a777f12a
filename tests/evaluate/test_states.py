"""Clocks, the table: which row decides at a step."""

from __future__ import annotations

import pytest

from tests.evaluate.desk import OPEN, clock, clocks, desk, minutes, states, ticket, timeline, told

PLAIN = desk(f"{OPEN}pause: {{state: on_hold}}\ncancel: {{state: cancelled}}\nwithin: [{{time: 4h}}]")
DONE = ("mon 12:00", "state", "resolved")


def test_a_clock_runs_from_its_step_and_ends_by_stop() -> None:
    found = clock(PLAIN, ticket("mon 10:00", DONE), "tue 09:00")
    assert (str(found.state), told(found.started), told(found.ended)) == ("met", "mon 10:00", "mon 12:00")
    assert minutes(found.elapsed) == 120


def test_a_pause_is_not_counted_and_has_no_due() -> None:
    held = ticket("mon 10:00", ("mon 11:00", "state", "on_hold"))
    found = clock(PLAIN, held, "mon 15:00")
    assert (str(found.state), minutes(found.elapsed), minutes(found.paused), found.due) == (
        "paused",
        60,
        240,
        None,
    )


def test_a_pause_outside_hours_changes_nothing() -> None:
    held = ticket("mon 16:00", ("mon 18:00", "state", "on_hold"), ("tue 08:00", "state", "in_progress"))
    assert told(clock(PLAIN, held, "tue 09:00").due) == "tue 12:00"


def test_a_cancelled_clock_keeps_its_figures_and_starts_anew_when_start_holds_again() -> None:
    record = ticket("mon 10:00", ("mon 11:00", "state", "cancelled"), ("mon 13:00", "state", "new"))
    first, second = clocks(PLAIN, record, "mon 14:00")
    assert states([first, second]) == ["cancelled", "running"]
    assert (minutes(first.elapsed), told(second.started)) == (60, "mon 13:00")


def test_at_one_instant_stop_beats_cancel_and_start() -> None:
    rules = desk(
        "start: {priority: 3}\nstop: {priority: 1}\ncancel: {state: cancelled}\nwithin: [{time: 4h}]"
    )
    record = ticket("mon 10:00", ("mon 11:00", "state", "cancelled"), ("mon 11:00", "priority", 1))
    assert states(clocks(rules, record, "mon 12:00")) == ["met"]


@pytest.mark.parametrize(
    ("reopen", "expected"),
    [("new_cycle", ["met", "running"]), ("resume", ["running"]), ("ignore", ["met"])],
)
def test_reopen_says_what_becomes_of_a_clock_that_had_stopped(reopen: str, expected: list[str]) -> None:
    rules = desk(f"{OPEN}reopen: {reopen}\nwithin: [{{time: 4h}}]")
    record = ticket("mon 10:00", DONE, ("mon 14:00", "state", "in_progress"))
    assert states(clocks(rules, record, "mon 15:00")) == expected


def test_a_resumed_clock_does_not_count_the_time_between() -> None:
    rules = desk(f"{OPEN}reopen: resume\nwithin: [{{time: 4h}}]")
    record = ticket("mon 10:00", DONE, ("mon 14:00", "state", "new"), ("mon 15:00", "state", "closed"))
    found = clock(rules, record, "tue 09:00")
    assert minutes(found.elapsed) == 180
    assert timeline(found) == ["mon 10:00 started", "mon 12:00 met", "mon 14:00 reopened", "mon 15:00 met"]


def test_a_reset_ends_a_cycle_uncounted_and_begins_another_at_the_same_step() -> None:
    rules = desk(f"{OPEN}reset: {{public_reply: {{to: agent}}}}\nwithin: [{{time: 1h}}]")
    record = ticket("mon 10:00", ("mon 10:30", "public_reply", "agent"))
    first, second = clocks(rules, record, "mon 11:00")
    assert states([first, second]) == ["reset", "running"]
    assert (told(first.ended), told(second.started)) == ("mon 10:30", "mon 10:30")


def test_counted_resets_are_met_or_missed() -> None:
    rules = desk("is: rhythm\nwithin: [{time: 1h}]")
    reply = ("public_reply", "agent")
    record = ticket("mon 10:00", ("mon 10:30", *reply), ("mon 12:00", *reply), DONE)
    assert states(clocks(rules, record, "tue 09:00")) == ["met", "missed"]


def test_resume_rows_keep_a_clock_paused_until_they_hold() -> None:
    rules = desk(f"{OPEN}pause: {{state: on_hold}}\nresume: {{priority: 1}}\nwithin: [{{time: 4h}}]")
    record = ticket(
        "mon 10:00",
        ("mon 11:00", "state", "on_hold"),
        ("mon 12:00", "state", "in_progress"),
        ("mon 13:00", "priority", 1),
    )
    assert minutes(clock(rules, record, "mon 14:00").elapsed) == 120


def test_with_start_must_hold_a_clock_ends_when_start_no_longer_holds() -> None:
    rules = desk("start: {priority: 3}\nstart_must_hold: true\nstop: {state: closed}\nwithin: [{time: 4h}]")
    record = ticket("mon 10:00", ("mon 11:00", "priority", 1))
    assert states(clocks(rules, record, "mon 12:00")) == ["cancelled"]


@pytest.mark.parametrize(("born", "expected"), [("none", []), ("met", ["met"])])
def test_a_ticket_that_is_born_stopped_has_no_clock_or_one_of_no_length(
    born: str, expected: list[str]
) -> None:
    rules = desk(
        f"start: {{priority: 3}}\nstop: {{state: closed}}\nborn_stopped: {born}\nwithin: [{{time: 4h}}]"
    )
    found = clocks(rules, ticket("mon 10:00", state="closed"), "mon 12:00")
    assert states(found) == expected
    assert [cycle.elapsed for cycle in found] == [0] * len(expected)


def test_a_ticket_leaving_applies_to_is_cancelled() -> None:
    rules = desk(
        f"{OPEN}within: [{{time: 4h}}]", agreement="applies_to: {record: incident, where: {priority: 3}}"
    )
    record = ticket("mon 10:00", ("mon 11:00", "priority", 1))
    assert states(clocks(rules, record, "mon 12:00")) == ["cancelled"]


def test_without_a_change_nothing_is_judged_but_time() -> None:
    found = clock(PLAIN, ticket("fri 16:00"), "mon2 10:00")
    assert (minutes(found.elapsed), told(found.due)) == (120, "mon2 12:00")
