"""What people read: the standard texts, a rule's own, a site's own, and what happens to broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.decide import load_wording
from connector.errors import Position, Wrong
from connector.model.effect import Output
from connector.rules.rulebook import Document
from connector.texts import read_texts
from tests.decide.office import Office, of, rules, texts
from tests.evaluate.desk import ticket

FRAMEWORK = Document("framework", "here", {"language": "de"}, Position("rules.yaml", 1))
HELD = ticket(
    "mon 09:00",
    ("mon 09:30", "hold_reason", "awaiting_caller"),
    ("mon 09:30", "state", "on_hold"),
    ("mon 10:40", "state", "in_progress"),
    ("mon 10:40", "hold_reason", None),
    title="cannot print",
)


def office(on: str, more: str = "", **others: object) -> Office:
    return Office(rules(on) + more, **others)  # type: ignore[arg-type]


def test_a_note_says_what_is_used_due_left_and_paused_and_by_which_rule() -> None:
    (note,) = texts(Office().hears("mon 13:10", HELD))
    assert note == (
        "Resolution for ACME gold: 75 % used, due 14:10 London, 1 h left;"
        " paused 1 h 10 min awaiting the caller; rule rules.yaml:17"
    )


def test_a_due_time_on_another_day_is_told_with_its_date() -> None:
    (note,) = texts(Office().hears("mon 23:10", ticket("mon 21:00")))
    assert "due 2026-03-03 01:00 London, 1 h 50 min left" in note


def test_a_note_after_the_breach_says_how_long_over() -> None:
    (note,) = texts(Office().hears("mon 14:30", ticket("mon 09:00")))
    assert "time is up, was due 13:00 London, 1 h 30 min over" in note


def test_a_note_names_the_other_clocks_of_the_ticket() -> None:
    response = "  first-response: {is: response, within: [{time: 8h}]}"
    desk = Office(rules("{50%: [{note: true}]}", also=response))
    (note,) = texts(desk.hears("mon 11:05", ticket("mon 09:00")))
    assert "; first response due 17:00 London; rule" in note


def test_a_rule_may_bring_its_own_text() -> None:
    desk = office(
        '{50%: [{note: "{{ ticket.key }} ({{ ticket.title }}): {{ left }} left, {{ line.percent }} %"}]}'
    )
    assert texts(desk.hears("mon 11:00", ticket("mon 09:00", title="cannot print"))) == [
        "INC1 (cannot print): 2 h left, 50 %"
    ]


@pytest.mark.parametrize(
    "broken",
    ["{{ nonsense }}", "{{ ticket.key", "{{ ticket.__class__.__mro__ }}", "{{ 1 / 0 }}", "{% for x in 1 %}"],
)
def test_a_text_that_cannot_be_made_is_replaced_and_told_with_its_place(broken: str) -> None:
    decision = office(f"{{50%: [{{note: {broken!r}}}]}}").hears("mon 11:00", ticket("mon 09:00"))
    assert "50 % used" in texts(decision)[0]
    (problem,) = decision.problems
    assert str(problem.place).startswith("rules.yaml:") or "rules.yaml" in str(problem.place)
    assert problem.severity == "warning"


def test_a_ticket_cannot_smuggle_a_template_in() -> None:
    desk = office('{50%: [{note: "{{ ticket.title }}"}]}')
    assert texts(desk.hears("mon 11:00", ticket("mon 09:00", title="{{ 7 * 7 }}"))) == ["{{ 7 * 7 }}"]


def test_a_notice_is_written_in_the_time_zone_of_who_reads_it() -> None:
    register = "\n---\nstakeholder: yuki\ncontact: {platform: yuki.tanaka}\ntimezone: Asia/Tokyo\n"
    (notice,) = of(
        office("{50%: [{notify: [yuki]}]}", register).hears("mon 11:00", ticket("mon 09:00")), Output.NOTIFY
    )
    assert notice.payload["recipients"] == ["yuki.tanaka"]
    assert notice.payload["subject"] == "INC1: resolution 50 % used (ACME gold)"
    assert "due 22:00 Tokyo" in notice.payload["text"]


def test_a_site_may_replace_texts_and_speak_another_language(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "note.txt").write_text("{{ ticket.key }}: noch {{ left }}")
    wording = load_wording(read_texts(tmp_path))
    assert wording.say("note", {"ticket": {"key": "INC1"}, "left": "2 h"}, "de-AT") == (
        "INC1: noch 2 h",
        None,
    )


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("notee", b"x", r"notee.txt:1:1: notee is not one of the texts.*note"),
        ("note", b"one\n{% if %}", r"note.txt:2:1: the text cannot be read: Expected an expression"),
        ("note", b"gr\xfc\xdfe", r"note.txt:1:1: the text is not UTF-8"),
        ("note", b"x" * 70_000, r"note.txt:1:1: a text has at most 64 kB"),
    ],
)
def test_a_text_that_would_never_do_is_an_error(tmp_path: Path, name: str, written: bytes, told: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / f"{name}.txt").write_bytes(written)
    with pytest.raises(Wrong, match=told):
        read_texts(tmp_path)


def test_a_created_record_takes_over_what_it_has_in_common_with_the_ticket() -> None:
    desk = office("{breached: [{create: problem, fields: {category: network, impact: {field: urgency}}}]}")
    late = ticket("mon 09:00", title="cannot print", priority=1, urgency="2")
    (created,) = of(desk.hears("mon 14:00", late), Output.CREATE)
    assert created.payload["kind"] == "problem"
    assert created.payload["links"] == [{"kind": "incident", "id": "inc1", "key": "INC1"}]
    fields = created.payload["fields"]
    assert fields["title"] == "Resolution of INC1 was not in time: cannot print"
    assert (fields["category"], fields["impact"], fields["urgency"]) == ("network", "2", "2")
