"""What the ticket shows, and the record of each cycle."""

from __future__ import annotations

import pytest

from connector.model.effect import Output
from tests.decide.office import Office, acts, of, rules, t
from tests.evaluate.desk import ticket

TWO = """
agreement: acme-gold
type: sla
title: ACME gold
applies_to: {record: incident}
timezone: Europe/London
targets:
  response: {is: response, within: [{time: 1h}]}
  resolution: {is: resolution, pause: {state: on_hold}, within: [{time: 4h}]}
"""


def shown(office: Office, at: str, record: object) -> dict[str, object]:
    (fields,) = of(office.hears(at, record), Output.FIELDS)  # type: ignore[arg-type]
    return dict(fields.payload)


def test_the_ticket_shows_the_cycle_that_is_due_next() -> None:
    office = Office(TWO)
    assert shown(office, "mon 09:10", ticket("mon 09:00"))["sla_target"] == "response (ACME gold)"
    answered = ticket("mon 09:00", ("mon 09:20", "state", "in_progress"))
    assert shown(office, "mon 09:30", answered) == {
        "sla_state": "running",
        "sla_due": t("mon 13:00"),
        "sla_target": "resolution (ACME gold)",
        "sla_used": 0.0,
    }


def test_a_clock_on_hold_shows_no_due() -> None:
    held = ticket("mon 09:00", ("mon 09:20", "state", "in_progress"), ("mon 10:00", "state", "on_hold"))
    fields = shown(Office(TWO), "mon 11:00", held)
    assert (fields["sla_state"], fields["sla_due"], fields["sla_used"]) == ("paused", None, 0.25)


def test_the_fields_are_emptied_when_nothing_is_due_any_more() -> None:
    office = Office(TWO)
    office.hears("mon 09:10", ticket("mon 09:00"))
    resolved = ticket("mon 09:00", ("mon 10:00", "state", "resolved"))
    assert set(shown(office, "mon 10:30", resolved).values()) == {None}


def test_a_ticket_that_no_clock_ever_ran_on_is_left_alone() -> None:
    decision = Office(TWO).hears("mon 11:00", ticket("mon 09:00", state="resolved"))
    assert decision.effects == ()


def test_on_a_closed_ticket_only_the_achievement_record_is_written() -> None:
    closed = ticket("mon 09:00", ("mon 15:00", "state", "closed"))
    decision = Office().hears("mon 16:00", closed)
    assert {one.effect.name for one in decision.effects if one.held is None} == {"achievement"}
    assert of(decision, Output.FIELDS) == []


def test_values_stay_the_same_between_two_events_however_often_a_run_looks() -> None:
    office, values = Office(), set()
    for at in ("mon 11:05", "mon 11:20", "mon 11:59"):
        decision = office.hears(at, ticket("mon 09:00"))
        values |= {
            str(effect.payload)
            for effect in (*of(decision, Output.FIELDS), *of(decision, Output.ACHIEVEMENT))
        }
    assert len(values) == 2
    (achievement,) = of(decision, Output.ACHIEVEMENT)
    assert (achievement.payload["used"], achievement.payload["elapsed_s"]) == (0.5, 7200)


def test_the_record_of_a_cycle_is_kept_through_its_life() -> None:
    office = Office()
    (first,) = of(office.hears("mon 09:10", ticket("mon 09:00")), Output.ACHIEVEMENT)
    resolved = ticket("mon 09:00", ("mon 14:00", "state", "resolved"))
    (last,) = of(office.hears("mon 15:00", resolved), Output.ACHIEVEMENT)
    assert first.key == last.key == last.payload["key"]
    assert {name: last.payload[name] for name in ("state", "cycle", "elapsed_s", "time_s", "used")} == {
        "state": "missed",
        "cycle": 1,
        "elapsed_s": 5 * 3600,
        "time_s": 4 * 3600,
        "used": 1.25,
    }
    assert last.payload["breached_at"] == t("mon 13:00")


@pytest.mark.parametrize(("ended", "written"), [("mon 09:30", 0), ("mon 10:30", 1)])
def test_cycles_that_ended_before_the_start_get_no_record(ended: str, written: int) -> None:
    office = Office(start=t("mon 10:00"))
    decision = office.hears("mon 11:00", ticket("mon 09:00", (ended, "state", "resolved")))
    assert len(of(decision, Output.ACHIEVEMENT)) == written


def test_records_reach_back_to_a_start_that_is_set_though_acts_do_not() -> None:
    office = Office(start=t("mon 10:00"), more={"record_from": t("mon 08:00")})
    decision = office.hears("mon 12:00", ticket("mon 09:00", ("mon 09:30", "state", "resolved")))
    assert len(of(decision, Output.ACHIEVEMENT)) == 1
    assert acts(decision) == []


def test_a_cycle_that_late_history_takes_away_stays_on_record_as_cancelled() -> None:
    office = Office()
    (before,) = of(office.hears("mon 09:10", ticket("mon 09:00")), Output.ACHIEVEMENT)
    never_ran = ticket("mon 09:00", state="resolved")
    (after,) = of(office.hears("mon 09:20", never_ran), Output.ACHIEVEMENT)
    assert (after.key, after.payload["state"]) == (before.key, "cancelled")


def test_excluded_cycles_are_not_shown_on_the_ticket() -> None:
    drill = "[{when: {priority: 5}, reason: drill}]"
    decision = Office(rules("{}", exclude=drill)).hears("mon 10:00", ticket("mon 09:00", priority=5))
    assert of(decision, Output.FIELDS) == []


def test_what_is_used_is_that_of_the_last_event_whatever_it_was() -> None:
    """After a pause that of its beginning, however long the clock has been running again."""
    resumed = ticket("mon 09:00", ("mon 10:00", "state", "on_hold"), ("mon 12:00", "state", "in_progress"))
    office = Office(rules("{}"))
    for at in ("mon 12:00", "mon 12:30", "mon 13:30"):
        decision = office.hears(at, resumed)
        (achievement,) = of(decision, Output.ACHIEVEMENT)
        assert (achievement.payload["used"], achievement.payload["elapsed_s"]) == (0.25, 3600)
        (fields,) = of(decision, Output.FIELDS)
        assert fields.payload["sla_used"] == 0.25
