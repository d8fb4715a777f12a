"""Small stories on which engine and slow evaluator differed once, or still do (xfail)."""

from __future__ import annotations

import pytest

from connector.model.instant import parse_instant
from connector.rules.rulebook import After, Target
from tests.oracle import given
from tests.properties.stories import engine, oracle
from tests.properties.telling import differences


def following(event: str) -> Target:
    return given.target("4h", name="follow-up", start=None, after=After("resolution", event))


def test_a_version_may_follow_another_event_than_the_one_before_it() -> None:
    turn = parse_instant("2026-03-05T00:00:00Z")
    old = given.agreement(given.target("8h"), following("started"), valid_until=turn)
    new = given.agreement(given.target("8h"), following("met"), version=2, valid_from=turn)
    tickets, now = [given.ticket("2026-03-02T09:00:00Z")], parse_instant("2026-03-02T10:00:00Z")
    book = given.book(old, new)
    assert not differences(engine(tickets, book, now), oracle(tickets, book, now))


WITHIN = (given.entry("1h", given.is_("priority", 1)), given.entry("8h"))
NOW = parse_instant("2026-03-02T13:00:00Z")


def test_a_resumed_cycle_was_missed_at_its_first_end_where_its_breach_stands() -> None:
    target = given.target(*WITHIN, reopen="resume", breach_stands=True)
    story = given.ticket(
        "2026-03-02T09:00:00Z",
        ("2026-03-02T11:00:00Z", {"priority": 2, "state": "closed"}),
        ("2026-03-02T12:00:00Z", {"state": "in_progress"}),
        priority=1,
    )
    book = given.book(given.agreement(target))
    assert "missed" in [moment.event for moment in oracle([story], book, NOW)[0].timeline]
    assert not differences(engine([story], book, NOW), oracle([story], book, NOW))


@pytest.mark.parametrize("stands", [False, True])
def test_a_breach_is_withdrawn_or_stands_when_a_cycle_resumes_under_another_goal(stands: bool) -> None:
    target = given.target(*WITHIN, reopen="resume", breach_stands=stands)
    story = given.ticket(
        "2026-03-02T09:00:00Z",
        ("2026-03-02T11:00:00Z", {"state": "closed"}),
        ("2026-03-02T12:00:00Z", {"state": "in_progress", "priority": 2}),
        priority=1,
    )
    book = given.book(given.agreement(target))
    assert (oracle([story], book, NOW)[0].breached_at is not None) == stands
    assert not differences(engine([story], book, NOW), oracle([story], book, NOW))
