"""What is news, who hears of it, and what stays silent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.effect import Output
from connector.model.record import Record
from tests.decide.office import Office, acts, of, rules, t
from tests.evaluate.desk import MONDAY, ticket

INCIDENT = ticket("mon 09:00", priority=1)


def office(on: str, **more: object) -> Office:
    return Office(rules(on), **more)  # type: ignore[arg-type]


def test_a_line_is_announced_once() -> None:
    desk = Office()
    assert acts(desk.hears("mon 11:30", INCIDENT)) == ["note"]
    assert acts(desk.hears("mon 11:40", INCIDENT)) == []


def test_of_lines_crossed_since_the_last_run_only_the_latest_is_told() -> None:
    (note,) = of(Office().hears("mon 12:10", INCIDENT), Output.NOTE)
    assert "75 % used" in note.payload["text"]


def test_records_are_created_for_each_line_crossed() -> None:
    desk = office("{50%: [{create: problem}], 75%: [{create: problem}], breached: [{create: problem}]}")
    decision = desk.hears("mon 14:00", INCIDENT)
    assert acts(decision) == ["create.problem"] * 3
    assert len({effect.key for effect in of(decision, Output.CREATE)}) == 3


def test_a_line_that_only_creates_does_not_silence_the_one_before_it() -> None:
    desk = office("{75%: [{note: true}], breached: [{create: problem}]}")
    assert acts(desk.hears("mon 14:00", INCIDENT)) == ["note", "create.problem"]


def test_two_cycles_are_told_of_each_for_itself() -> None:
    response = "  response: {is: response, within: [{time: 2h}], on: {50%: [{note: true}]}}"
    told = Office(rules("{50%: [{note: true}]}", also=response))
    assert acts(told.hears("mon 11:30", INCIDENT)) == ["note", "note"]


def test_an_action_is_done_only_when_its_condition_held_at_the_event() -> None:
    desk = office("{50%: [{note: true, when: {priority: 1}}]}")
    lowered_later = ticket("mon 09:00", ("mon 11:05", "priority", 4), priority=1)
    raised_later = ticket("mon 09:00", ("mon 11:05", "priority", 1), priority=4, key="INC2")
    decision = desk.hears("mon 11:10", lowered_later, raised_later)
    assert [effect.ticket.key for effect in of(decision, Output.NOTE) if effect.ticket] == ["INC1"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"start": t("mon 11:30")}, "before the start"),
        ({"in_force_since": {("acme-gold", 1): t("mon 11:30")}}, "before the first run with version 1"),
        ({"in_force_since": {}}, "before the first run with version 1"),
        ({"backfill": True}, "found by evaluating the past anew"),
    ],
)
def test_what_happened_before_we_were_asked_changes_fields_and_starts_no_act(
    more: dict[str, object], why: str
) -> None:
    decision = Office(more=more).hears("mon 11:20", INCIDENT)
    assert acts(decision) == []
    assert {effect.name for effect in of(decision, Output.FIELDS)} == {"fields"}
    assert all(event.silent and why in (event.why_silent or "") for event in decision.events)


def test_an_event_at_the_start_itself_is_announced() -> None:
    assert acts(Office(start=t("mon 11:00")).hears("mon 11:00", INCIDENT)) == ["note"]


def test_a_silent_event_is_never_announced_later() -> None:
    desk = Office()
    desk.hears("mon 11:20", INCIDENT, backfill=True)
    assert acts(desk.hears("mon 11:30", INCIDENT)) == []


def test_excluded_cycles_are_recorded_and_not_announced() -> None:
    drill = "[{when: {priority: 1}, reason: drill}]"
    decision = Office(rules("{50%: [{note: true}]}", exclude=drill)).hears("mon 12:00", INCIDENT)
    assert acts(decision) == []
    (achievement,) = of(decision, Output.ACHIEVEMENT)
    assert achievement.payload["excluded"] == "drill"
    assert of(decision, Output.FIELDS) == []


def test_the_same_person_is_not_told_the_same_thing_twice() -> None:
    register = "---\nstakeholder: ann\nrole: [owner, deputy]\n"
    desk = office("{50%: [{notify: [owner, deputy, ann]}, {notify: [owner]}]}\n" + register)
    decision = desk.hears("mon 11:30", INCIDENT)
    assert len({effect.key for effect in of(decision, Output.NOTIFY)}) == 1


def test_two_notes_of_one_line_are_two() -> None:
    desk = office("{50%: [{note: one}, {note: two}]}")
    decision = desk.hears("mon 11:30", INCIDENT)
    assert len({effect.key for effect in of(decision, Output.NOTE)}) == 2


def test_a_waiting_act_whose_event_late_history_takes_away_is_withdrawn() -> None:
    desk = Office()
    (note,) = of(desk.hears("mon 11:30", INCIDENT), Output.NOTE)
    known_late = ticket("mon 09:00", ("mon 09:30", "state", "on_hold"), priority=1)
    assert desk.hears("mon 11:40", known_late).withdrawn == (note.key,)


RAISED = "    within: [{when: {priority: 1}, time: 1h}, {time: 8h}]"


def by_priority() -> Office:
    on = "{breached: [{note: true}, {create: problem}]}"
    return Office(rules(on).replace("    within: [{time: 4h}]", RAISED))


def test_a_breach_that_is_withdrawn_before_anybody_heard_of_it_is_not_told() -> None:
    """Neither where its acts wait (for a digest, say), nor where a run finds both at once."""
    lowered = ticket("mon 09:00", ("mon 10:05", "priority", 4), priority=1)
    desk = by_priority()
    told = {one.effect.key for one in desk.hears("mon 10:02", INCIDENT).effects}
    withdrawn = desk.hears("mon 10:10", lowered).withdrawn
    assert len(withdrawn) == 2
    assert set(withdrawn) <= told
    at_once = by_priority().hears("mon 10:10", lowered)
    assert acts(at_once) == []
    assert [event.name for event in at_once.events] == ["started", "breached", "breach_withdrawn"]


def test_a_breach_that_stands_again_is_told() -> None:
    desk = by_priority()
    back_and_forth = (("mon 10:05", "priority", 4), ("mon 10:20", "priority", 1))
    desk.hears("mon 10:10", ticket("mon 09:00", back_and_forth[0], priority=1))
    again = desk.hears("mon 10:30", ticket("mon 09:00", *back_and_forth, priority=1))
    assert acts(again) == ["note", "create.problem"]


def test_a_key_does_not_move_when_late_history_inserts_a_cycle() -> None:
    history = (("mon 10:00", "state", "resolved"), ("mon 10:30", "state", "in_progress"))
    later = Office().hears("mon 13:00", ticket("mon 10:30", priority=1))
    inserted = Office().hears("mon 13:00", ticket("mon 09:00", *history, priority=1))
    assert _last_note(later) == _last_note(inserted)


def _last_note(decision: object) -> str:
    return of(decision, Output.NOTE)[-1].key  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(runs=st.lists(st.integers(0, 14 * 60), min_size=1, max_size=8))
def test_what_is_known_in_the_end_does_not_depend_on_when_runs_looked(runs: list[int]) -> None:
    """Events and created records are the same; of notes only fewer may be told, never others."""
    story = ticket(
        "mon 09:00",
        ("mon 11:30", "state", "on_hold"),
        ("mon 12:30", "state", "in_progress"),
        ("mon 18:00", "state", "resolved"),
        priority=1,
    )
    once = Office()
    whole = once.hears("tue 00:00", story)
    often, told, made = Office(), set(), set()
    for minute in [*sorted(runs), 15 * 60]:
        at = MONDAY + (9 * 60 + minute) * 60_000
        decision = often.hears(_written(at), _as_of(story, at))
        told |= {effect.key for effect in of(decision, Output.NOTE)}
        made |= {effect.key for effect in of(decision, Output.CREATE)}
    assert often.known.events == once.known.events
    assert made == {effect.key for effect in of(whole, Output.CREATE)}
    assert {effect.key for effect in of(whole, Output.NOTE)} <= told


def _as_of(record: Record, at: int) -> Record:
    """The record as a pull at *at* finds it."""
    fields = dict(record.fields)
    for change in reversed(record.changes):
        if change.at > at:
            fields[change.field] = change.old
    return replace(record, fields=fields, changes=tuple(c for c in record.changes if c.at <= at))


def _written(at: int) -> str:
    from connector.model.instant import format_instant

    return format_instant(at)
