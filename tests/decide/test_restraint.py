"""Switches, the test environment, and acts that wait for their turn."""

from __future__ import annotations

import pytest

from connector.model.effect import Held, Output
from tests.decide.office import Office, held, of, rules, t
from tests.evaluate.desk import ticket

ON = "{50%: [{note: true}, {notify: [assignee]}, {create: problem}]}"
INCIDENT = ticket("mon 09:00")


def office(**more: object) -> Office:
    return Office(rules(ON), **more)  # type: ignore[arg-type]


def test_values_may_go_at_once_and_acts_wait_for_their_turn() -> None:
    assert held(office().hears("mon 11:00", INCIDENT)) == {
        "achievement": None,
        "fields": None,
        "note": Held.TURN,
        "notify": Held.TURN,
        "create.problem": Held.TURN,
    }


def test_an_output_switched_to_plan_is_shown_and_not_sent() -> None:
    switches = {"notify": "plan", "fields": "plan"}
    told = held(office(switches=switches).hears("mon 11:00", INCIDENT))
    assert (told["notify"], told["fields"], told["note"]) == (Held.SWITCHED, Held.SWITCHED, Held.TURN)


def test_an_output_switched_off_is_not_made() -> None:
    told = held(office(switches={"create.problem": "off"}).hears("mon 11:00", INCIDENT))
    assert "create.problem" not in told


@pytest.mark.parametrize("why", [Held.FIRST_CONTACT, Held.CHANGE])
def test_at_first_contact_and_after_a_change_acts_are_held_with_the_reason(why: Held) -> None:
    told = held(office().hears("mon 11:00", INCIDENT, cautious=why))
    assert (told["note"], told["fields"]) == (why, None)


def test_in_a_test_environment_notices_go_to_one_address_and_say_whom_they_were_for() -> None:
    real = office().hears("mon 11:00", INCIDENT)
    test = office(more={"redirect_to": "test@acme.example"}).hears("mon 11:00", INCIDENT)
    (notice,) = of(test, Output.NOTIFY)
    assert notice.payload["recipients"] == ["test@acme.example"]
    assert notice.payload["subject"].startswith("[test, for assignee] INC1")
    assert notice.key == of(real, Output.NOTIFY)[0].key


def test_notes_and_platform_notices_on_a_closed_ticket_are_held_and_records_are_created() -> None:
    closed = ticket("mon 09:00", ("mon 12:00", "state", "closed"))
    told = held(office().hears("mon 12:30", closed))
    assert (told["note"], told["notify"], told["create.problem"]) == (Held.CLOSED, Held.CLOSED, Held.TURN)


def test_mail_about_a_closed_ticket_goes_out_by_its_own_queue() -> None:
    closed = ticket("mon 09:00", ("mon 12:00", "state", "closed"))
    decision = office(more={"channel": "smtp"}).hears("mon 12:30", closed)
    assert held(decision)["notify"] is Held.TURN
    assert of(decision, Output.NOTIFY)[0].queue == "smtp/incident:inc1"


def test_the_more_urgent_act_is_the_graver_one_of_the_graver_ticket() -> None:
    noted = rules("{50%: [{note: true}], breached: [{note: true}]}")
    half = ticket("mon 11:00", priority=1, key="HALF")
    late = ticket("mon 08:00", priority=4, key="LATE")
    grave = ticket("mon 08:00", priority=1, key="GRAVE")
    notes = of(Office(noted).hears("mon 13:30", half, late, grave), Output.NOTE)
    in_order = sorted(notes, key=lambda effect: -effect.urgency)
    assert [effect.ticket.key for effect in in_order if effect.ticket] == ["GRAVE", "LATE", "HALF"]


AT_WORK = """
---
calendar: at-work
timezone: Europe/London
hours: {mon-fri: "09:00-17:00"}
---
framework: here
quiet_hours: {QUIET}
"""


@pytest.mark.parametrize("quiet", ["at-work", "{calendar: at-work, but: [breached]}"])
def test_a_notice_of_the_night_waits_until_people_are_at_work_again(quiet: str) -> None:
    """Notes disturb nobody and do not wait."""
    rules_at_night = rules(ON) + AT_WORK.replace("{QUIET}", quiet)
    decision = Office(rules_at_night).hears("mon 22:10", ticket("mon 20:00"))
    waits = {one.effect.name: one.not_before for one in decision.effects if one.effect.is_act}
    assert waits == {"note": 0, "notify": t("tue 09:00"), "create.problem": 0}


def test_a_notice_of_the_day_does_not_wait() -> None:
    rules_by_day = rules(ON) + AT_WORK.replace("{QUIET}", "at-work")
    decision = Office(rules_by_day).hears("mon 11:10", INCIDENT)
    assert {one.not_before for one in decision.effects} == {0}


def test_a_line_that_is_worth_a_disturbance_does_not_wait() -> None:
    quiet = AT_WORK.replace("{QUIET}", "{calendar: at-work, but: [50%]}")
    decision = Office(rules(ON) + quiet).hears("mon 22:10", ticket("mon 20:00"))
    assert {one.not_before for one in decision.effects} == {0}
