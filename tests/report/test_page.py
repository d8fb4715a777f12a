"""The report as people and programs get it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from fractions import Fraction
from html.parser import HTMLParser

import pytest

from connector.evaluate.objectives import Fact
from connector.evaluate.periods import Rhythm
from connector.model.instant import parse_instant
from connector.report.contents import Report, needed_since, report
from connector.report.page import page
from connector.report.sheets import CYCLE_COLUMNS, as_csv, as_json, as_xlsx, safe_cell
from connector.rules.rulebook import Agreement
from tests.report.builders import agreement, at_least, fact, is_one_of, objective

OCTOBER = Rhythm("month", "UTC").named("2026-10")
AT = parse_instant("2026-11-02T09:00:00Z")


def made(*facts: Fact, by: Agreement | None = None, at: int = AT) -> Report:
    found = report([by or agreement()], facts, OCTOBER, at)
    assert found is not None
    return found


def every_kind_of_fact() -> list[Fact]:
    return [
        fact("INC1", values={"priority": 1}),
        fact("INC2", "missed", hours=5, values={"priority": 1}, url="https://acme.example/inc2"),
        fact("INC3", "missed", hours=12, values={"priority": 2}),
        fact("INC4", excluded="not an incident", values={"priority": 2}),
        fact("INC5", time=None, values={"priority": 2}),
        fact("INC6", "running", hours=7, values={"priority": 2}),
        fact("INC0", at="2026-09-10T12:00:00Z", values={"priority": 1}),
    ]


class Tags(HTMLParser):
    """Checks that every tag is closed and gathers them."""

    VOID = ("meta", "br", "rect", "line", "polyline", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_fetches_and_runs_nothing() -> None:
    tags = Tags(page([made(*every_kind_of_fact())]))
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.seen}
    assert not [
        name for _, attributes in tags.seen for name in attributes if name == "style" or name.startswith("on")
    ]


def test_the_page_allows_its_own_style_and_nothing_else() -> None:
    text = page([made()])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text


def test_what_comes_from_outside_is_escaped() -> None:
    hostile = '<script>alert("x")</script>'
    text = page(
        [
            made(
                fact(hostile, "missed", hours=9, url="javascript:alert(1)", entry=hostile),
                fact("B", excluded=hostile),
                by=agreement(title=hostile, customer=hostile),
            )
        ]
    )
    assert "<script" not in text
    assert "javascript:" not in text


def test_missed_tickets_come_worst_first_with_their_link() -> None:
    text = page([made(*every_kind_of_fact())])
    assert text.index("INC3") < text.index("INC6") < text.index("INC2")
    assert '<a href="https://acme.example/inc2"' in text
    assert "still open" in text


def test_what_does_not_count_is_told_with_its_reason() -> None:
    text = page([made(*every_kind_of_fact())])
    assert "not an incident" in text
    assert "1 more had no target" in text


def test_an_open_period_says_that_it_is_open() -> None:
    assert "has not ended" in page([made(at=OCTOBER.end - 1)])
    assert "has not ended" not in page([made(at=OCTOBER.end)])


def test_a_measure_not_counted_from_cycles_is_said_to_be_missing() -> None:
    text = page([made(by=agreement(objective(), objective(name="speed", measure="availability")))])
    assert "not measured here" in text


def test_an_agreement_without_objectives_is_reported_target_by_target_without_a_verdict() -> None:
    by = agreement(objectives={})
    (part,) = made(fact("A"), fact("B", "missed", hours=9), by=by).parts
    (row,) = part.rows
    assert (part.objective.name, row.figure.value, row.figure.standing) == (
        "resolution",
        Fraction(1, 2),
        "none",
    )
    assert "no bound" in page([made(fact("A"), by=by)])


def test_such_a_report_is_on_the_period_asked_for() -> None:
    day = Rhythm("day", "UTC").named("2026-10-05")
    made_on = report([agreement(objectives={})], [fact("A"), fact("B", at="2026-10-06T09:00:00Z")], day, AT)
    assert made_on is not None
    (part,) = made_on.parts
    assert (part.span.name, part.rows[0].figure.denominator) == ("2026-10-05", 1)


def test_a_coarse_history_is_pointed_out() -> None:
    assert "coarse history" in page([made(fact("A", history="timestamps"))])
    assert "coarse history" not in page([made(fact("A"))])


def test_the_trend_goes_through_former_periods_from_the_first_with_data_on() -> None:
    (part,) = made(fact("OLD", at="2026-07-10T12:00:00Z"), *every_kind_of_fact()).parts
    (row,) = part.rows
    assert [(one.period, one.denominator) for one in row.trend] == [
        ("2026-07", 1), ("2026-08", 0), ("2026-09", 1), ("2026-10", 4),
    ]  # fmt: skip


def test_an_objective_with_another_rhythm_is_shown_for_its_own_period() -> None:
    by = agreement(objective(), objective(name="quarterly", per="quarter"))
    monthly, quarterly = made(fact("A"), by=by).parts
    assert (monthly.span.name, quarterly.span.name) == ("2026-10", "2026-Q4")
    assert needed_since(by, OCTOBER) == parse_instant("2025-04-01T00:00:00Z")
    assert needed_since(agreement(), OCTOBER) == parse_instant("2026-04-01T00:00:00Z")


def test_a_period_without_an_agreement_in_force_has_no_report() -> None:
    over = agreement(valid_until=parse_instant("2026-09-01T00:00:00Z"))
    assert report([over], [], OCTOBER, AT) is None


def test_json_says_what_the_page_says() -> None:
    (told,) = json.loads(as_json([made(*every_kind_of_fact())]))
    (figure,) = told["objectives"][0]["figures"]
    assert (figure["value"], figure["promised"], figure["in_time"], figure["counted"]) == (
        "25 %",
        "95 %",
        1,
        4,
    )
    assert [one["ticket"] for one in figure["missed_cycles"]] == ["INC3", "INC6", "INC2"]
    assert figure["excluded"] == {"not an incident": 1}
    assert told["verdict"] == "missed"


def test_csv_holds_one_line_for_every_cycle_behind_the_figures() -> None:
    by = agreement(objective(each="priority", at_least=(at_least("0.9", is_one_of("priority", 1)),)))
    lines = list(csv.DictReader(io.StringIO(as_csv([made(*every_kind_of_fact(), by=by)]), newline="")))
    assert [(one["ticket"], one["verdict"]) for one in lines] == [
        ("INC2", "missed"), ("INC1", "met"), ("INC3", "missed"), ("INC6", "missed"), ("INC4", "excluded"),
        ("INC5", "without target"),
    ]  # fmt: skip
    assert tuple(lines[0]) == CYCLE_COLUMNS


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'␍=1"),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(text: str, cell: str) -> None:
    assert safe_cell(text) == cell
    rows = list(csv.reader(io.StringIO(as_csv([made(fact(text, "missed", hours=9))]), newline="")))
    assert rows[1][CYCLE_COLUMNS.index("ticket")] == cell


def test_xlsx_is_a_workbook() -> None:
    pytest.importorskip("xlsxwriter", reason="the extra [xlsx] is not installed")
    assert as_xlsx([made(*every_kind_of_fact())]).startswith(b"PK\x03\x04")
