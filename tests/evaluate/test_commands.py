"""`accord evaluate` and `accord calendar`: what they print, and what they say about files that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from tests.evaluate.desk import BUSINESS

RULES = f"""{BUSINESS}---
agreement: acme
type: sla
calendar: business
applies_to: {{record: [incident]}}
targets:
  resolution:
    is: resolution
    within: [{{when: {{priority: 1}}, time: 4h, calendar: always}}, {{time: {{field: agreed}}}}]
    on: {{75%: [{{note: true}}]}}
exclude: [{{when: {{resolution: not_an_incident}}, reason: not an incident}}]
"""
TICKET = {
    "kind": "incident", "source": "acme", "id": "9d38", "key": "INC1",
    "fields": {"state": "resolved", "priority": 1, "opened": "2026-03-02T08:55:00Z", "agreed": "2h"},
    "changes": [
        {"at": "2026-03-02T09:10:00+00:00", "field": "state", "from": "new", "to": "in_progress"},
        {"at": "2026-03-02T12:00:00.500Z", "field": "state", "from": "in_progress", "to": "resolved"},
    ],
}  # fmt: skip


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "acme.yaml").write_text(RULES)
    return folder


def evaluated(file: Path, rules: Path, *more: str) -> int:
    return main(["evaluate", str(file), "--rules", str(rules), "--at", "2026-03-02T14:00:00Z", *more])


def test_evaluate_prints_one_object_a_cycle(
    tmp_path: Path, rules: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert evaluated(lines(tmp_path / "t.jsonl", TICKET), rules) == 0
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert json.loads(line) == {
        "key": "INC1", "source": "acme", "kind": "incident", "agreement": "acme", "version": 1,
        "target": "resolution", "cycle": 1, "state": "met", "started": "2026-03-02T08:55:00Z",
        "ended": "2026-03-02T12:00:00.500Z", "elapsed_s": 11100.5, "time_s": 14400, "remaining_s": 3299.5,
        "due": "2026-03-02T12:55:00Z", "breached_at": None,
        "warnings": [{"at": "2026-03-02T11:55:00Z", "line": "75%"}],
        "used": 0.7708, "history": "file", "excluded": None,
    }  # fmt: skip
    assert b'"time_s":14400,' in line


def test_fields_that_only_the_file_knows_may_be_used(tmp_path: Path, rules: Path) -> None:
    one = TICKET | {"fields": TICKET["fields"] | {"priority": 3, "resolution": "not_an_incident"}}  # type: ignore[operator]
    out = tmp_path / "out.jsonl"
    assert evaluated(lines(tmp_path / "t.jsonl", one), rules, "--out", str(out)) == 0
    found = json.loads(out.read_text())
    assert (found["time_s"], found["excluded"]) == (7200, "not an incident")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("not json", "this line is not JSON"),
        ("[1]", "a ticket is an object, {…}, not `array`"),
        ({"kind": "incidnt", "id": "1", "fields": {}}, "did you mean 'incident'"),
        ({"kind": "incident", "id": "1", "feilds": {}}, "unknown key 'feilds'; did you mean 'fields'?"),
        ({"kind": "incident", "id": "1", "fields": {}}, "the ticket has no `opened`"),
        ({"kind": "incident", "id": "1", "fields": {"opened": "2026-03-02T08:55:00"}}, "has no offset"),
        (TICKET | {"changes": [{"at": "soon", "field": "state"}]}, "changes[0].at: 'soon' is not a date"),
        (TICKET | {"changes": [{"field": "state"}]}, "`at` is missing in changes[0]"),
        (
            TICKET | {"fields": {"opened": "2026-03-02T08:55:00Z", "priority": "high"}},
            "'high' is not a number",
        ),
        (
            TICKET | {"fields": {"opened": "2026-03-02T08:55:00Z", "agreed": "soon"}},
            "fields.agreed: 'soon' is not a length of time",  # as the rules use it; no kind declares it
        ),
        (
            TICKET | {"fields": {"opened": "2026-03-02T08:55:00Z", "agreed": "9" * 30 + "h"}},
            "is longer than 100 years",
        ),
        (
            TICKET | {"fields": {"opened": "2026-03-02T08:55:00Z", "assignment_group": {"id": [1]}}},
            "fields.assignment_group: the id of a reference is text, not [1]",
        ),
        (
            TICKET | {"fields": {"opened": "0001-01-01T00:00:00Z"}},
            "fields.opened: '0001-01-01T00:00:00Z' lies outside the years 1900 to 2199",
        ),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_can_be_skipped(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str], row: Any, said: str
) -> None:
    file, out = lines(tmp_path / "t.jsonl", TICKET, row), tmp_path / "out.jsonl"
    assert evaluated(file, rules, "--out", str(out)) == 2
    assert not out.exists()
    told = capsys.readouterr().err
    assert f"{file}:2" in told
    assert said in told
    assert evaluated(file, rules, "--out", str(out), "--skip-bad") == 0
    assert len(out.read_text().splitlines()) == 1
    assert "1 bad record left out" in capsys.readouterr().err


def test_one_unreadable_value_does_not_turn_a_whole_field_into_text(tmp_path: Path, rules: Path) -> None:
    (rules / "acme.yaml").write_text(RULES.replace("time: {field: agreed}", "until: {field: promised}"))
    promised = {"opened": "2026-03-02T08:55:00Z", "promised": "2026-03-02T12:00:00Z"}
    rows = [TICKET | {"fields": promised}, TICKET | {"fields": promised | {"promised": "tomorrow"}}]
    out = tmp_path / "out.jsonl"
    assert evaluated(lines(tmp_path / "t.jsonl", *rows), rules, "--skip-bad", "--out", str(out)) == 0
    assert [json.loads(line)["due"] for line in out.open()] == ["2026-03-02T12:00:00Z"]


@pytest.mark.parametrize(("bound", "good"), [("5", 10), ("2h", "10h"), ("'2026-03-02T09:00:00Z'", None)])
def test_one_word_does_not_turn_what_is_compared_into_text(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str], bound: str, good: object
) -> None:
    where = f"applies_to: {{record: [incident], where: {{score: {{ge: {bound}}}}}}}"
    (rules / "acme.yaml").write_text(RULES.replace("applies_to: {record: [incident]}", where))
    fields = {"opened": "2026-03-02T08:55:00Z", "agreed": "2h", "score": good or "2026-03-02T10:00:00Z"}
    rows = [TICKET | {"fields": fields}, TICKET | {"fields": fields | {"score": "high"}}]
    assert evaluated(lines(tmp_path / "t.jsonl", *rows), rules, "--skip-bad") == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert "t.jsonl:2:1: fields.score: 'high' is not a" in told.err


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, rules: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps(TICKET), encoding="utf-8-sig")
    assert evaluated(tmp_path / "t.jsonl", rules) == 0


def test_a_date_that_stands_for_never_is_no_mistake_and_gives_no_due(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules / "acme.yaml").write_text(RULES.replace("time: {field: agreed}", "until: {field: promised}"))
    fields = {
        "opened": "2026-03-02T08:55:00Z",
        "promised": "9999-12-31T23:59:59Z",
        "resolved": "1601-01-01T00:00:00Z",
    }
    assert evaluated(lines(tmp_path / "t.jsonl", TICKET | {"fields": fields, "changes": []}), rules) == 0
    assert json.loads(capsys.readouterr().out)["due"] is None


def test_an_endless_line_is_told_and_read_over(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.ticketfile.LONGEST_LINE", 2_048)
    rows = [TICKET, "[" + "{}, " * 2_000 + "]", TICKET]
    assert evaluated(lines(tmp_path / "t.jsonl", *rows), rules, "--skip-bad") == 0
    told = capsys.readouterr()
    assert "t.jsonl:2:1: this line is longer than 0 MiB; one ticket a line" in told.err
    assert len(told.out.splitlines()) == 2


def test_an_empty_file_is_an_error(tmp_path: Path, rules: Path) -> None:
    assert evaluated(lines(tmp_path / "t.jsonl"), rules) == 2


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (["--to", "2026-03-09T00:00:00Z"], {"open_s": 25200}),
        (["--add", "9h"], {"at": "2026-03-09T11:00:00Z"}),
        (["--add", "2wd"], {"at": "2026-03-10T10:00:00Z"}),
        (["--add", "1bd"], {"at": "2026-03-09T17:00:00Z"}),
    ],
)
def test_calendar_answers_in_json(
    rules: Path, capsys: pytest.CaptureFixture[str], ask: list[str], said: dict[str, Any]
) -> None:
    command = ["calendar", "business", "--rules", str(rules), "--from", "2026-03-06T10:00:00Z"]
    assert main([*command, *ask, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == said


@pytest.mark.parametrize(
    "ask", [["--to", "2026-03-06T09:00:00Z"], ["--to", "2026-03-07T09:00:00"], ["--add", "soon"], []]
)
def test_calendar_refuses_what_it_cannot_answer(rules: Path, ask: list[str]) -> None:
    assert main(["calendar", "business", "--rules", str(rules), "--from", "2026-03-06T10:00:00Z", *ask]) == 2


def test_an_unknown_calendar_is_told_with_a_guess(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["calendar", "busines", "--rules", str(rules), "--from", "2026-03-06T10:00:00Z", "--add", "1h"]
    assert main(command) == 2
    assert "did you mean 'business'" in capsys.readouterr().err
