"""The slow evaluator against figures worked out by hand, one short story for each sentence of the rules."""

from __future__ import annotations

from typing import Any

import pytest

from connector.model.cycle import Cycle
from connector.model.instant import format_instant, parse_instant
from connector.model.record import Record
from connector.rules.rulebook import After, BusinessDays, ChooseOne, ExcludeRow, FieldDue, FieldTime, Target
from tests.oracle import given
from tests.oracle.evaluation import evaluate

OFFICE = given.calendar({"mon-fri": "09:00-17:00"})
MONDAY = "2026-03-02"  # a Monday without daylight saving


def at(clock: str, day: int = 2) -> str:
    """A time of March 2026."""
    return f"2026-03-{day:02d}T{clock}:00Z"


def cycles(target: Target, ticket: Record, now: str, *calendars: Any, **agreement: Any) -> list[Cycle]:
    rules = given.book(given.agreement(target, **agreement), calendars=calendars)
    return evaluate([ticket], rules, at=parse_instant(now), kinds=given.KINDS)


def clock(instant: int | None) -> str | None:
    """An instant of March 2026 as `day time`."""
    return None if instant is None else format_instant(instant)[8:16].replace("T", " ")


def told(cycle: Cycle) -> list[str]:
    return [f"{clock(moment.at)} {moment.event}" for moment in cycle.timeline]


def hours(cycle: Cycle) -> float:
    return cycle.elapsed / 3_600_000


def test_open_time_counts_and_due_lies_on_the_closing_instant() -> None:
    (cycle,) = cycles(given.target("8h"), given.ticket(at("09:00")), at("20:00"), OFFICE)
    assert (hours(cycle), clock(cycle.due), cycle.breached_at, cycle.remaining) == (8, "02 17:00", None, 0)


def test_a_breach_shows_once_time_is_exceeded_and_is_dated_at_the_due_instant() -> None:
    (cycle,) = cycles(given.target("8h"), given.ticket(at("09:00")), at("09:01", 3), OFFICE)
    assert (cycle.state, clock(cycle.breached_at)) == ("running", "02 17:00")
    assert cycle.used == 1.002


def test_at_limit_missed_makes_the_tie_a_breach() -> None:
    (cycle,) = cycles(given.target("8h", at_limit="missed"), given.ticket(at("09:00")), at("17:00"), OFFICE)
    assert clock(cycle.breached_at) == "02 17:00"


def test_a_pause_stops_the_clock_and_hides_the_due_instant() -> None:
    held = given.ticket(at("09:00"), (at("10:00"), {"state": "on_hold"}))
    (cycle,) = cycles(given.target("4h", pause=given.HELD), held, at("15:00"), OFFICE)
    assert (cycle.state, hours(cycle), cycle.due, cycle.paused) == ("paused", 1, None, 5 * 3_600_000)
    assert told(cycle) == ["02 09:00 started", "02 10:00 paused"]


def test_a_cycle_stopped_while_paused_is_due_as_if_it_had_run_on() -> None:
    story = given.ticket(at("09:00"), (at("10:00"), {"state": "on_hold"}), (at("16:00"), {"state": "closed"}))
    (cycle,) = cycles(given.target("4h", pause=given.HELD), story, at("20:00"), OFFICE)
    assert (cycle.state, clock(cycle.due), clock(cycle.ended)) == ("met", "03 11:00", "02 16:00")


def test_a_given_resume_keeps_the_pause_until_it_holds() -> None:
    target = given.target("4h", pause=given.HELD, resume=given.is_("plan", "gold"))
    story = given.ticket(
        at("09:00"),
        (at("10:00"), {"state": "on_hold"}),
        (at("11:00"), {"state": "new"}),
        (at("12:00"), {"plan": "gold"}),
    )
    (cycle,) = cycles(target, story, at("13:00"), OFFICE)
    assert hours(cycle) == 2


def test_lines_have_their_exact_instants_and_those_before_the_start_fall_on_it() -> None:
    target = given.target("4h", lines=("50%", "30m before", "5h before", "1h after", "2h after"))
    (cycle,) = cycles(target, given.ticket(at("14:00")), at("10:30", 3), OFFICE)
    assert [f"{clock(line.at)} {line.event}" for line in cycle.warnings] == [
        "02 14:00 5h before",
        "02 16:00 50%",
        "03 09:30 30m before",
    ]
    (later,) = cycles(target, given.ticket(at("14:00")), at("11:30", 3), OFFICE)
    assert told(later)[-2:] == ["03 10:00 breached", "03 11:00 1h after"]


REOPENED = given.ticket(
    at("09:00"), (at("10:00"), {"state": "closed"}), (at("12:00"), {"state": "in_progress"})
)


@pytest.mark.parametrize(
    ("mode", "figures"),
    [
        ("new_cycle", [("met", 1.0, "02 13:00"), ("running", 1.0, "02 16:00")]),
        ("resume", [("running", 2.0, "02 15:00")]),
        ("ignore", [("met", 1.0, "02 13:00")]),
    ],
)
def test_reopening_makes_a_new_cycle_goes_on_or_is_ignored(mode: str, figures: list[Any]) -> None:
    found = cycles(given.target("4h", reopen=mode), REOPENED, at("13:00"), OFFICE)
    assert [(cycle.state, hours(cycle), clock(cycle.due)) for cycle in found] == figures


def test_a_resumed_cycle_tells_its_end_and_its_reopening() -> None:
    (cycle,) = cycles(given.target("4h", reopen="resume"), REOPENED, at("13:00"), OFFICE)
    assert told(cycle) == ["02 09:00 started", "02 10:00 met", "02 12:00 reopened"]


PRIORITY = (
    given.entry("2h", given.is_("priority", 1), calendar="always"),
    given.entry("8h"),
)


def raised(at_time: str, *more: tuple[str, dict[str, Any]]) -> Record:
    return given.ticket(at("08:00"), (at(at_time), {"priority": 1}), *more, priority=3)


def test_recompute_judges_the_whole_cycle_by_the_new_entry() -> None:
    (cycle,) = cycles(given.target(*PRIORITY), raised("11:00"), at("11:00"), OFFICE)
    assert (hours(cycle), clock(cycle.breached_at), cycle.time) == (3, "02 10:00", 2 * 3_600_000)


def test_carry_keeps_what_was_counted_under_the_old_calendar() -> None:
    (cycle,) = cycles(given.target(*PRIORITY, on_goal_change="carry"), raised("10:30"), at("10:45"), OFFICE)
    assert (hours(cycle), clock(cycle.due)) == (1.75, "02 11:00")


def test_restart_ends_the_cycle_as_reset_by_the_entry_it_ran_under() -> None:
    first, second = cycles(
        given.target(*PRIORITY, on_goal_change="restart", start_at="opened"),
        raised("11:00"),
        at("12:00"),
        OFFICE,
    )
    assert (first.state, hours(first), first.time) == ("reset", 2, 8 * 3_600_000)
    assert (hours(second), clock(second.started), second.number) == (1, "02 11:00", 2)


def lowered() -> Record:
    return given.ticket(at("09:00"), (at("12:00"), {"priority": 3}), priority=1)


def test_a_withdrawn_breach_stays_in_the_timeline_with_its_withdrawal() -> None:
    (cycle,) = cycles(given.target(*PRIORITY), lowered(), at("13:00"), OFFICE)
    assert cycle.breached_at is None
    assert told(cycle) == ["02 09:00 started", "02 11:00 breached", "02 12:00 breach_withdrawn"]


def test_a_breach_that_stands_is_missed_whatever_the_new_entry_allows() -> None:
    closed = given.ticket(
        at("09:00"), (at("12:00"), {"priority": 3}), (at("13:00"), {"state": "closed"}), priority=1
    )
    (cycle,) = cycles(given.target(*PRIORITY, breach_stands=True), closed, at("14:00"), OFFICE)
    assert (cycle.state, clock(cycle.breached_at), cycle.time) == ("missed", "02 11:00", 8 * 3_600_000)


def test_a_retroactive_start_counts_from_the_field_without_the_pauses_before_the_step() -> None:
    story = given.ticket(
        at("09:00"),
        (at("10:00"), {"state": "on_hold"}),
        (at("11:00"), {"state": "new"}),
        (at("12:00"), {"priority": 1}),
    )
    settings: dict[str, Any] = {"start": given.is_("priority", 1), "start_at": "opened", "pause": given.HELD}
    (cycle,) = cycles(given.target("8h", **settings), story, at("13:00"), OFFICE)
    assert (clock(cycle.started), clock(cycle.origin), hours(cycle)) == ("02 09:00", "02 12:00", 3)
    (whole,) = cycles(given.target("8h", retroactive_pause=False, **settings), story, at("13:00"), OFFICE)
    assert hours(whole) == 4


@pytest.mark.parametrize(("which", "started"), [("first", "02 12:00"), ("every", "02 09:00")])
def test_only_the_first_cycle_starts_retroactively_unless_every_does(which: str, started: str) -> None:
    found = cycles(given.target("4h", start_at="opened", retroactive=which), REOPENED, at("13:00"), OFFICE)
    assert [clock(cycle.started) for cycle in found] == ["02 09:00", started]


def test_a_reset_ends_the_cycle_and_begins_the_next_at_once() -> None:
    target = given.target("1h", reset=given.changed("public_reply", new=("agent",)), count_resets=True)
    story = given.ticket(
        at("09:00"), (at("09:30"), {"public_reply": "agent"}), (at("11:00"), {"public_reply": "agent"})
    )
    found = cycles(target, story, at("11:15"), OFFICE)
    assert [(cycle.state, hours(cycle)) for cycle in found] == [
        ("met", 0.5),
        ("missed", 1.5),
        ("running", 0.25),
    ]


def test_born_stopped_tickets_have_no_cycle_or_one_of_no_length() -> None:
    born = given.ticket(at("09:00"), state="closed")
    settings: dict[str, Any] = {"start": given.is_("state", "new", "closed")}
    assert cycles(given.target("1h", **settings), born, at("10:00"), OFFICE) == []
    (cycle,) = cycles(given.target("1h", born_stopped="met", **settings), born, at("10:00"), OFFICE)
    assert (cycle.state, cycle.elapsed, clock(cycle.ended)) == ("met", 0, "02 09:00")


def test_leaving_the_agreement_cancels_and_start_must_hold_does_too() -> None:
    story = given.ticket(at("09:00"), (at("10:00"), {"plan": "none"}), plan="gold")
    (left,) = cycles(given.target("4h"), story, at("12:00"), OFFICE, where=given.is_("plan", "gold"))
    assert (left.state, clock(left.ended)) == ("cancelled", "02 10:00")
    target = given.target("4h", start=given.is_("plan", "gold"), start_must_hold=True)
    (lost,) = cycles(target, story, at("12:00"), OFFICE)
    assert lost.state == "cancelled"


@pytest.mark.parametrize(
    ("goal", "started", "due"),
    [
        (BusinessDays(0), at("10:00"), "02 17:00"),
        (BusinessDays(2), at("10:00"), "04 17:00"),
        (BusinessDays(2), at("18:00", 6), "11 17:00"),  # Friday evening: the start's day is Monday the 9th
        (BusinessDays(1, by=16 * 60), at("10:00"), "03 16:00"),
        (BusinessDays(1, same_time=True), at("20:00"), "04 20:00"),
        (BusinessDays(1, if_before=600), at("09:59"), "03 17:00"),
        (BusinessDays(1, if_before=600), at("10:00"), "04 17:00"),
        (BusinessDays(1, if_before=600), at("20:00"), "04 17:00"),  # judged at Tuesday's opening
    ],
)
def test_business_days_name_a_due_instant(goal: BusinessDays, started: str, due: str) -> None:
    (cycle,) = cycles(given.target(given.entry(goal)), given.ticket(started), at("23:00", 30), OFFICE)
    assert clock(cycle.due) == due
    assert cycle.breached_at == cycle.due


@pytest.mark.parametrize(
    ("stated", "due", "time"),
    [("12:00", "02 12:00", 3), ("17:00", "02 17:00", 8), ("20:00", "03 09:00", 8)],
)
def test_a_stated_due_instant_moves_to_the_next_opening(stated: str, due: str, time: int) -> None:
    ticket = given.ticket(at("09:00"), agreed_due=parse_instant(at(stated)))
    (cycle,) = cycles(given.target(given.entry(FieldDue("agreed_due"))), ticket, at("09:00"), OFFICE)
    assert (clock(cycle.due), cycle.time) == (due, time * 3_600_000)


def test_a_due_instant_before_the_start_is_breached_at_the_start() -> None:
    ticket = given.ticket(at("12:00"), agreed_due=parse_instant(at("10:00")))
    (cycle,) = cycles(given.target(given.entry(FieldDue("agreed_due"))), ticket, at("12:00"), OFFICE)
    assert (cycle.time, cycle.used, clock(cycle.breached_at)) == (0, None, "02 12:00")


def test_an_empty_length_field_is_as_none() -> None:
    (cycle,) = cycles(
        given.target(given.entry(FieldTime("agreed_time")), lines=("50%",)),
        given.ticket(at("09:00"), (at("12:00"), {"state": "closed"})),
        at("13:00"),
        OFFICE,
    )
    assert (cycle.state, cycle.time, cycle.due, cycle.used, cycle.warnings) == ("met", None, None, None, ())


def test_a_total_counts_the_earlier_cycles() -> None:
    target = given.target("1h30m", measure="total", lines=("50%",))
    first, second = cycles(target, REOPENED, at("13:00"), OFFICE)
    assert (hours(first), hours(second), clock(second.breached_at)) == (1, 2, "02 12:30")
    assert [clock(line.at) for line in second.warnings] == ["02 12:00"]


def test_an_after_target_begins_at_the_other_ones_breach_even_between_steps() -> None:
    follower = given.target(
        "1h", name="follow", start=None, stop=given.is_("plan", "done"), after=After("resolution", "breached")
    )
    rules = given.book(given.agreement(given.target("2h"), follower), calendars=[OFFICE])
    found = evaluate([given.ticket(at("09:00"))], rules, at=parse_instant(at("11:30")), kinds=given.KINDS)
    assert [(cycle.target, clock(cycle.started)) for cycle in found] == [
        ("follow", "02 11:00"),
        ("resolution", "02 09:00"),
    ]


def test_losing_choose_one_cancels_and_the_winner_starts_afresh() -> None:
    low = given.agreement(given.target("8h"), name="low", choose_one=ChooseOne("desk", 1))
    high = given.agreement(
        given.target("4h"), name="high", choose_one=ChooseOne("desk", 2), where=given.is_("plan", "gold")
    )
    story = given.ticket(at("09:00"), (at("10:00"), {"plan": "gold"}))
    found = evaluate(
        [story], given.book(low, high, calendars=[OFFICE]), at=parse_instant(at("11:00")), kinds=given.KINDS
    )
    assert [(c.agreement, c.state, clock(c.started)) for c in found] == [
        ("high", "running", "02 10:00"),
        ("low", "cancelled", "02 09:00"),
    ]


def test_the_version_in_force_at_the_start_serves_the_cycle_for_life() -> None:
    turn = parse_instant(at("00:00", 3))
    old = given.agreement(given.target("8h"), version=1, valid_until=turn)
    new = given.agreement(given.target("4h"), version=2, valid_from=turn)
    story = given.ticket(
        at("09:00"), (at("10:00", 3), {"state": "closed"}), (at("11:00", 3), {"state": "new"})
    )
    found = evaluate(
        [story], given.book(old, new, calendars=[OFFICE]), at=parse_instant(at("12:00", 3)), kinds=given.KINDS
    )
    assert [(c.version, c.number, c.state) for c in found] == [(1, 1, "missed"), (2, 2, "running")]


def test_contradictory_history_is_repaired_by_undoing() -> None:
    record = given.ticket(
        at("09:00"), (at("10:00"), {"state": "in_progress"}), (at("12:00"), {"state": "closed"})
    )
    wrong = record.changes[1]
    mended = (record.changes[0], type(wrong)(wrong.at, "state", "on_hold", "closed", seq=1))
    story = Record("incident", "acme", "1", "INC1", record.fields, mended)
    (cycle,) = cycles(given.target("8h", pause=given.HELD), story, at("13:00"), OFFICE)
    assert hours(cycle) == 1


def test_the_first_exclusion_gives_the_reason() -> None:
    rows = (
        ExcludeRow(given.is_("plan", "test"), "a test", given.PLACE),
        ExcludeRow(given.all_of(), "all", given.PLACE),
    )
    (cycle,) = cycles(
        given.target("8h"), given.ticket(at("09:00"), plan="Test"), at("10:00"), OFFICE, exclude=rows
    )
    assert cycle.excluded == "a test"


@pytest.mark.parametrize(
    ("shift_holidays", "open_hours"),
    [(False, 2 + 8), (True, 8 + 8)],  # Thursday's night loses its rest to the holiday's date, or keeps it
)
def test_a_holiday_closes_its_date_or_the_shift_that_starts_on_it(
    shift_holidays: bool, open_hours: int
) -> None:
    nights = given.calendar(
        {"mon-sun": "22:00-06:00"}, holidays=["2026-03-06"], shift_holidays=shift_holidays
    )
    ticket = given.ticket(at("12:00", 5))
    (cycle,) = cycles(given.target("500h"), ticket, at("12:00", 8), nights)
    assert hours(cycle) == open_hours


@pytest.mark.parametrize(
    ("day", "real"), [("2026-03-29", 4), ("2026-10-25", 6), ("2026-03-28", 5)]
)  # 00:00-05:00 in Berlin: an hour is skipped, comes twice, or neither
def test_open_time_is_real_time_over_a_change_of_the_clocks(day: str, real: int) -> None:
    berlin = given.calendar({"mon-sun": "00:00-05:00"}, "Europe/Berlin")
    ticket = given.ticket(f"{day}T00:00:00+01:00" if "03" in day else f"{day}T00:00:00+02:00")
    (cycle,) = cycles(given.target("500h"), ticket, f"{day}T12:00:00Z", berlin)
    assert hours(cycle) == real
