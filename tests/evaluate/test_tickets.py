"""Steps, histories, conditions on references, versions and choices between agreements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.evaluate import evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.record import Change, Record, Reference
from tests.evaluate.desk import OPEN, book, clock, clocks, desk, look, minutes, states, t, ticket, told

PLAIN = desk(f"{OPEN}pause: {{state: on_hold}}\nwithin: [{{time: 4h}}]")
AFTERNOON = ("mon 14:00", "state", "resolved")


def with_changes(*changes: tuple[str, str, object, object], **fields: object) -> Record:
    """A ticket opened on Monday at 10, its changes (when, field, from, to) as a platform gave them."""
    history = tuple(Change(t(at), name, old, new, seq=n) for n, (at, name, old, new) in enumerate(changes))
    return Record("incident", "acme", "1", "INC1", {"opened": t("mon 10:00"), **fields}, history)


def test_changes_at_or_before_the_opening_are_part_of_it() -> None:
    early = with_changes(("mon 09:00", "state", "resolved", "new"), ("mon 12:00", "state", "new", "resolved"),
                         state="resolved")  # fmt: skip
    evaluated = look(PLAIN, early, "mon 15:00")
    (found,) = evaluated.cycles()
    assert (told(found.started), told(found.ended)) == ("mon 10:00", "mon 12:00")
    assert evaluated.repairs == {("acme", "incident", "1"): {"before the opening": 1}}


def test_changes_at_one_instant_are_one_step() -> None:
    both = with_changes(
        ("mon 12:00", "state", "new", "on_hold"),
        ("mon 12:00", "state", "on_hold", "resolved"),
        state="resolved",
    )
    assert minutes(clock(PLAIN, both, "mon 15:00").paused) == 0


def test_contradictions_are_repaired_by_undoing_and_counted() -> None:
    record = with_changes(
        ("mon 11:00", "state", "new", "in_progress"),
        ("mon 12:00", "state", "on_hold", "resolved"),
        state="resolved",
    )
    evaluated = look(PLAIN, record, "mon 15:00")
    (found,) = evaluated.cycles()
    assert minutes(found.elapsed) == 60  # on hold since 11:00, for that is what held before 12:00
    assert evaluated.repairs == {("acme", "incident", "1"): {"contradiction": 1}}


def test_changes_out_of_order_are_put_in_order() -> None:
    late, early = ("mon 14:00", "state", "new", "resolved"), ("mon 12:00", "priority", 3, 1)
    evaluated = look(PLAIN, with_changes(late, early, state="resolved", priority=1), "mon 15:00")
    assert [told(cycle.ended) for cycle in evaluated.cycles()] == ["mon 14:00"]
    assert evaluated.repairs == {("acme", "incident", "1"): {"out of order": 1}}


def test_what_happens_later_is_undone() -> None:
    record = ticket("mon 10:00", AFTERNOON)
    assert str(clock(PLAIN, record, "mon 13:59").state) == "running"
    assert str(clock(PLAIN, record, "mon 14:00").state) == "met"


def test_a_ticket_opened_later_has_no_clock_yet() -> None:
    evaluated = look(PLAIN, ticket("mon 10:00"), "mon 09:00")
    assert not list(evaluated.cycles())
    assert list(evaluated.next_at.values()) == [t("mon 10:00")]


def test_a_record_without_opened_is_set_aside() -> None:
    evaluated = look(PLAIN, Record("incident", "acme", "1", "INC1", {"state": "new"}), "mon 12:00")
    assert evaluated.aside == [("INC1", "it has no `opened`")]
    assert not list(evaluated.cycles())


def test_a_reference_matches_by_id_and_by_name_and_ids_in_the_history_are_looked_up() -> None:
    rules = desk(
        "start: {assignment_group: Network}\nstop: {assignment_group: {not: Network}}\nwithin: [{time: 4h}]"
    )
    network, desk_group = Reference("g1", "Network"), Reference("g2", "Desk")
    record = with_changes(("mon 12:00", "assignment_group", "g1", "g2"), assignment_group=desk_group)
    other = replace(with_changes(assignment_group=network), id="2", key="INC2")
    found = list(evaluate([record, other], rules, at=t("mon 15:00"), kinds=shipped_kinds()).cycles())
    assert [(cycle.ticket.key, told(cycle.ended)) for cycle in found] == [
        ("INC1", "mon 12:00"),
        ("INC2", None),
    ]


def test_rules_may_ask_for_a_tickets_key() -> None:
    rules = desk("start: {key: {starts_with: inc}}\nstop: {state: closed}\nwithin: [{time: 4h}]")
    assert states(clocks(rules, ticket("mon 10:00", key="INC7"), "mon 11:00")) == ["running"]
    assert not clocks(rules, ticket("mon 10:00", key="PRB7"), "mon 11:00")


def test_at_the_opening_only_opened_counts_as_changed() -> None:
    rules = desk("start: {opened: {changed: true}}\nstop: {priority: {changed: true}}\nwithin: [{time: 4h}]")
    record = with_changes(("mon 10:00", "priority", 3, 1), ("mon 11:00", "priority", 1, 2), priority=2)
    assert told(clock(rules, record, "mon 12:00").ended) == "mon 11:00"


def test_from_and_to_must_match_in_one_recorded_change() -> None:
    rules = desk(f"{OPEN}reset: {{priority: {{from: 3, to: 1}}}}\nwithin: [{{time: 4h}}]")
    record = ticket("mon 10:00", ("mon 11:00", "priority", 2), ("mon 12:00", "priority", 1))
    assert states(clocks(rules, record, "mon 13:00")) == ["running"]


TWO_VERSIONS = """
    agreement: desk
    type: sla
    version: 1
    valid: {to: 2026-03-03}
    applies_to: {record: [incident]}
    targets: {clock: {start: {priority: 3}, stop: {state: resolved}, within: [{time: 8h}]}}
    ---
    agreement: desk
    type: sla
    version: 2
    valid: {from: 2026-03-04}
    applies_to: {record: [incident]}
    targets: {clock: {start: {priority: 3}, stop: {state: resolved}, within: [{time: 1h}]}}
    """


def test_a_cycle_keeps_the_version_it_started_under() -> None:
    rules = book(TWO_VERSIONS)
    old, new = clock(rules, ticket("tue 23:00"), "thu 10:00"), clock(rules, ticket("wed 00:00"), "thu 10:00")
    assert [old.version, new.version] == [1, 2]


def test_versions_may_follow_different_events_of_another_target() -> None:
    text = """
    agreement: desk
    type: sla
    version: {version}
    valid: {{{valid}}}
    applies_to: {{record: [incident]}}
    targets:
      clock: {{start: {{state: new}}, stop: {{state: resolved}}, within: [{{time: 8h}}]}}
      then: {{after: {{target: clock, event: {event}}}, stop: {{state: closed}}, within: [{{time: 1h}}]}}
    """
    old = text.format(version=1, valid="to: 2026-03-03", event="started")
    new = text.format(version=2, valid="from: 2026-03-04", event="met")
    record = ticket("mon 10:00", AFTERNOON)
    followed = clocks(book(old + "---" + new), record, "mon 15:00")[1]
    assert (followed.target, told(followed.started)) == ("then", "mon 10:00")
    assert len(clocks(book(old + "---" + new), ticket("wed 10:00"), "wed 15:00")) == 1


def test_a_reopened_ticket_is_measured_by_the_version_then_in_force() -> None:
    record = ticket("mon 10:00", AFTERNOON, ("wed 09:00", "state", "new"))
    assert [cycle.version for cycle in clocks(book(TWO_VERSIONS), record, "thu 10:00")] == [1, 2]


@pytest.mark.parametrize("status", ["draft", "suspended"])
def test_only_enacted_agreements_measure_unless_every_one_is_asked_for(status: str) -> None:
    rules = desk(f"{OPEN}within: [{{time: 4h}}]", agreement=f"status: {status}")
    record, kinds = ticket("mon 10:00"), shipped_kinds()
    assert not list(evaluate([record], rules, at=t("mon 12:00"), kinds=kinds).cycles())
    (found,) = evaluate([record], rules, at=t("mon 12:00"), kinds=kinds, every=True).cycles()
    assert str(found.state) == ("running" if status == "draft" else "cancelled")


def test_only_the_highest_rank_of_a_group_measures_a_ticket() -> None:
    one = """
    agreement: {name}
    type: sla
    applies_to: {{record: [incident], where: {{{where}}}}}
    choose_one: {{group: desk, rank: {rank}}}
    targets: {{clock: {{start: {{state: new}}, stop: {{state: resolved}}, within: [{{time: 8h}}]}}}}
    """
    gold = one.format(name="gold", where="priority: 1", rank=20)
    rules = book(gold + "---" + one.format(name="basic", where="", rank=10))
    found = clocks(rules, ticket("mon 10:00", ("mon 12:00", "priority", 1)), "mon 13:00")
    assert sorted((c.agreement, str(c.state)) for c in found) == [("basic", "cancelled"), ("gold", "running")]


@given(size=st.integers(1, 12), chance=st.randoms(use_true_random=False))
def test_neither_the_size_of_batches_nor_the_order_of_tickets_matters(size: int, chance: object) -> None:
    records = [
        ticket(
            f"mon {hour}:00",
            *[(f"tue {hour}:{m:02}", "state", s) for m, s in enumerate(states_)],
            key=f"INC{hour}",
        )
        for hour, states_ in enumerate(
            [["on_hold"], [], ["resolved", "new"], ["on_hold", "new", "closed"]], start=10
        )
    ]
    whole = evaluate(records, PLAIN, at=t("wed 12:00"), kinds=shipped_kinds())
    chance.shuffle(records)  # type: ignore[attr-defined]
    parts = evaluate(records, PLAIN, at=t("wed 12:00"), kinds=shipped_kinds(), batch_size=size)
    order = lambda cycle: (cycle.ticket.key, cycle.number)  # noqa: E731
    assert sorted(parts.cycles(), key=order) == sorted(whole.cycles(), key=order)
    assert parts.coverage == whole.coverage


def test_very_long_tickets_and_many_short_ones_are_judged_alike() -> None:
    states_ = ["in_progress", "on_hold"] * 400 + ["resolved"]
    long = ticket(
        "mon 10:00", *[(f"mon 10:{n // 60:02}:{n % 60:02}", "state", s) for n, s in enumerate(states_, 1)]
    )
    short = [ticket("mon 10:00", AFTERNOON, key=f"INC{n}") for n in range(2, 12)]
    at, kinds = t("tue 10:00"), shipped_kinds()
    together = {c.ticket.key: c for c in evaluate([*short, long], PLAIN, at=at, kinds=kinds).cycles()}
    assert together["INC1"] == clock(PLAIN, long, "tue 10:00")
    assert together["INC1"].elapsed == 401_000  # a second each in progress, and the first one as new
    assert together["INC2"] == clock(PLAIN, short[0], "tue 10:00")
