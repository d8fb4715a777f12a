"""When a digest goes, whom it is for, and what it says together."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connector.channels.together import messages
from connector.decide.digest import next_time
from connector.model.effect import Held, Output
from connector.model.instant import HOUR, format_instant, parse_instant
from connector.model.record import Reference
from tests.decide.office import Office, of, rules, t
from tests.deliver.desk import effect
from tests.evaluate.desk import ticket

LONDON = ZoneInfo("Europe/London")
TOLD = rules("{breached: [{notify: [assignee, ann]}]}")
REGISTER = """
---
stakeholder: ann
timezone: America/New_York
---
framework: here
digest: {DIGEST}
"""


@pytest.mark.parametrize(
    ("settings", "now", "expected"),
    [
        ({"every": 4 * HOUR}, "2026-03-02T08:55:00Z", "2026-03-02T12:00:00Z"),
        ({"every": 4 * HOUR}, "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        ({"every": 24 * HOUR}, "2026-07-02T12:00:00Z", "2026-07-02T23:00:00Z"),
        ({"every": 7 * HOUR}, "2026-03-02T22:00:00Z", "2026-03-03T00:00:00Z"),
        ({"at": [8 * 60, 16 * 60]}, "2026-03-28T17:00:00Z", "2026-03-29T07:00:00Z"),
        ({"at": [90]}, "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
    ],
)
def test_a_digest_goes_by_the_recipients_own_day(
    settings: dict[str, object], now: str, expected: str
) -> None:
    """Also on the day on which summer time begins (2026-03-29), and at a time that it leaves out."""
    assert format_instant(next_time(settings, parse_instant(now), LONDON)) == expected


def test_whoever_the_ticket_means_has_a_queue_of_their_own() -> None:
    """Two tickets of one assignee go together, a third of another does not, whatever word the rule uses."""
    desk = Office(TOLD + REGISTER.replace("{DIGEST}", "1h"), more={"channel": "smtp"})
    tickets = [
        ticket("mon 08:00", key=key, assignee=Reference(who))
        for key, who in (("A", "x"), ("B", "x"), ("C", "y"))
    ]
    decision = desk.hears("mon 12:10", *tickets)
    queues = [one.queue for one in of(decision, Output.NOTIFY)]
    assert sorted(queues) == [
        *["smtp/digest:ann"] * 3, *["smtp/digest:assignee x"] * 2, "smtp/digest:assignee y"
    ]  # fmt: skip
    assert {one.held for one in decision.effects if one.effect.is_act} == {Held.DIGEST}


def test_on_the_platform_a_notice_waits_and_stays_in_its_tickets_order() -> None:
    desk = Office(TOLD + REGISTER.replace("{DIGEST}", "1h"))
    decision = desk.hears("mon 12:10", ticket("mon 08:05"))
    waiting = [(one.effect.queue, one.not_before) for one in decision.effects if one.effect.is_act]
    assert waiting == [("incident:inc1", t("mon 13:00"))] * 2


def test_a_digest_does_not_go_out_in_quiet_hours() -> None:
    quiet = '---\ncalendar: at-work\ntimezone: Europe/London\nhours: {mon-fri: "09:00-17:00"}\n'
    both = REGISTER.replace("{DIGEST}", "1h") + "quiet_hours: at-work\n"
    decision = Office(TOLD + quiet + both).hears("mon 22:10", ticket("mon 18:00"))
    waiting = {(one.not_before, one.held) for one in decision.effects if one.effect.is_act}
    assert waiting == {(t("tue 09:00"), Held.QUIET)}


def test_a_key_does_not_move_with_the_rhythm() -> None:
    keys = {
        frozenset(one.key for one in of(decision, Output.NOTIFY))
        for digest in ("1h", "never", "{at: '09:00'}")
        for decision in [
            Office(TOLD + REGISTER.replace("{DIGEST}", digest), more={"channel": "smtp"}).hears(
                "mon 12:10", ticket("mon 08:00")
            )
        ]
    }
    assert len(keys) == 1


def test_the_same_words_to_one_person_are_said_once_and_count_for_both() -> None:
    """Whoever is the assignee and the group's manager too."""
    notices = [
        effect(Output.NOTIFY, key, recipients=[key], subject="late", text="INC1 is late") for key in "ab"
    ]
    (message,) = messages([(("beth@acme.example",), one) for one in notices])
    assert (message.keys, message.subject, message.text) == (("a", "b"), "late", "INC1 is late")
