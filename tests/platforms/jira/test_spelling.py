"""How Jira writes values, read and written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import parse_instant as instant
from connector.model.kind import FieldType
from connector.model.record import Reference
from connector.platforms.jira.facts import JiraField
from connector.platforms.jira.richtext import Mention, Part, document, lines_of, plain, wiki
from connector.platforms.jira.spelling import JiraSpelling, format_instant, parse_instant, shaped

AT = instant("2026-03-02T12:00:00.678Z")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-03-02T12:00:00.678+0000",
        "2026-03-02T23:00:00.678+1100",
        "2026-03-02T17:30:00.678+05:30",
        AT,
        str(AT),
        {"iso8601": "2026-03-02T23:00:00+1100", "epochMillis": AT, "friendly": "어제 18:02"},
    ],
)
def test_an_instant_is_read_in_every_form(raw: Any) -> None:
    assert parse_instant(raw) == AT


def test_seconds_and_milliseconds_are_told_apart_by_their_size() -> None:
    assert parse_instant(1_492_070_429) == 1_492_070_429_000
    assert parse_instant(1_489_487_114_594) == 1_489_487_114_594


@pytest.mark.parametrize("raw", ["", "yesterday", "2026-03-02T12:00:00", None, True, {}])
def test_what_is_no_instant_is_refused(raw: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_instant(raw)


@given(st.integers(0, 4 * 10**12))
def test_an_instant_is_written_with_three_digits_and_an_offset(at: int) -> None:
    assert parse_instant(format_instant(at)) == at
    assert len(format_instant(at)) == len("2026-03-02T12:00:00.678+0000")


def test_a_status_is_known_by_name_by_id_and_by_category() -> None:
    spelling = JiraSpelling({"3": "indeterminate"}.get)  # type: ignore[arg-type]
    told = {"id": "3", "name": "Triage", "statusCategory": {"key": "new"}}
    assert spelling.words(told) == ["Triage", "id:3", "category:new"]
    assert spelling.words({"id": "3", "name": "Triage"}) == ["Triage", "id:3", "category:indeterminate"]


@pytest.mark.parametrize(
    ("raw", "type_", "value"),
    [
        ({"accountId": "a:1", "displayName": "Ann"}, FieldType.REFERENCE, Reference("a:1", "Ann")),
        ({"name": "ann", "key": "ann", "displayName": "Ann"}, FieldType.REFERENCE, Reference("ann", "Ann")),
        ({"id": "5", "value": "Payroll"}, FieldType.REFERENCE, Reference("5", "Payroll")),
        ([{"id": "5", "name": "Acme"}, {"id": "6"}], FieldType.REFERENCE, Reference("5", "Acme")),
        (5.0, FieldType.INTEGER, 5),
        ({"rating": 4}["rating"], FieldType.NUMBER, 4.0),
        ({"millis": 3_700_376, "friendly": "1h 1m"}, FieldType.DURATION, 3_700_376),
        ({"id": "5", "value": "High"}, FieldType.STRING, "High"),
        (True, FieldType.BOOLEAN, True),
    ],
)
def test_objects_become_values(raw: Any, type_: FieldType, value: Any) -> None:
    assert JiraSpelling().parse(raw, type_) == value


@pytest.mark.parametrize(
    ("field", "value", "cloud", "server"),
    [
        (JiraField("assignee", "A", "user"), "a:1", {"accountId": "a:1"}, {"name": "a:1"}),
        (JiraField("priority", "P", "priority"), "High", {"name": "High"}, {"name": "High"}),
        (JiraField("x", "O", "option"), "Payroll", {"value": "Payroll"}, {"value": "Payroll"}),
        (JiraField("x", "O", "option"), "10020", {"id": "10020"}, {"id": "10020"}),
        (JiraField("x", "N", "number"), 0.5, 0.5, 0.5),
        (JiraField("labels", "L", "array", "string"), "two words", ["two_words"], ["two_words"]),
        (JiraField("x", "D", "date"), "2026-03-02T12:00:00.678+0000", "2026-03-02", "2026-03-02"),
        (JiraField("description", "D"), "a\nb", document([["a"], ["b"]]), "a\nb"),
        (JiraField("summary", "S"), "a", "a", "a"),
        (JiraField("summary", "S"), None, None, None),
    ],
)
def test_values_take_the_form_of_their_field(field: JiraField, value: Any, cloud: Any, server: Any) -> None:
    assert shaped(field, value, is_cloud=True) == cloud
    assert shaped(field, value, is_cloud=False) == server


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_document_reads_back_as_its_text(lines: list[str]) -> None:
    text = "\n".join(lines).strip("\n")
    assert plain(document(lines_of(text))) == "\n".join(text.splitlines()).strip("\n")


def test_people_are_mentioned_so_that_they_are_told() -> None:
    line: list[list[Part]] = [["To: ", Mention("a:1", "Ann")]]
    assert document(line)["content"][0]["content"][1] == {
        "type": "mention",
        "attrs": {"id": "a:1", "text": "@Ann"},
    }
    assert wiki(line) == "To: [~a:1]"


def test_markup_in_plain_text_is_no_markup() -> None:
    assert wiki([["{code} [link] *bold*"]]) == "\\{code\\} \\[link\\] \\*bold\\*"
