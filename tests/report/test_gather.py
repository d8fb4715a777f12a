"""A report is gathered from the store: evaluated cycles, links to tickets, and who had no clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import AccordError
from connector.evaluate import evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import parse_instant
from connector.model.record import Change, Record
from connector.report.contents import Report
from connector.report.gather import Gathering, gather
from connector.rules import load_rulebook
from connector.store import changes, cycles, open_store, sources, tickets
from connector.world import World

RULES = """\
calendar: weekdays
timezone: Europe/London
hours: {mon-fri: "09:00-17:30"}
---
agreement: acme-desk
type: sla
applies_to: {record: incident, where: {category: desk}}
targets:
  resolution: {is: resolution, within: [{time: 4h, calendar: always}]}
objectives:
  in-time: {attained: resolution, per: month, at_least: 95%}
  quarterly: {attained: resolution, per: quarter, at_least: 50%}
  by-day: {attained: resolution, where: {opened: {inside: weekdays}}, at_least: 50%}
---
agreement: office
type: sla
timezone: Europe/London
applies_to: {record: incident, where: {category: office}}
targets:
  resolution: {is: resolution, within: [{time: 4h, calendar: always}]}
objectives:
  in-time: {attained: resolution, per: month, at_least: 95%}
"""
AT = parse_instant("2026-11-02T09:00:00Z")
KINDS = shipped_kinds()


def incident(key: str, opened: str, hours: float | None = None, **fields: object) -> Record:
    """A new incident, resolved *hours* after it was opened."""
    at = parse_instant(opened)
    changes: tuple[Change, ...] = ()
    given: dict[str, object] = {"opened": at, "state": "new", "category": "desk", **fields}
    if hours is not None:
        changes = (Change(at + int(hours * 3_600_000), "state", given["state"], "resolved"),)
        given["state"] = "resolved"
    return Record("incident", "acme", f"id-{key}", key, given, changes, url=f"https://acme.example/{key}")


RECORDS = (
    incident("INC1", "2026-10-05T09:00:00Z", 2),
    incident("INC2", "2026-10-06T09:00:00Z", 6),
    incident("INC3", "2026-09-06T09:00:00Z", 2),
    incident("INC4", "2026-10-07T09:00:00Z", 2, category="garden"),
    incident("INC5", "2026-10-08T09:00:00Z", state="closed"),
    incident("INC6", "2026-10-09T09:00:00Z"),
)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Gathering]:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    book = load_rulebook([tmp_path / "rules.yaml"], KINDS, at=AT)
    store = open_store(f"sqlite:///{tmp_path}/accord.db", World(now=lambda: AT))
    yield Gathering(store, book, KINDS)
    store.close()


def fill(source: Gathering, *records: Record) -> None:
    found = list(evaluate(records, source.book, at=AT, kinds=KINDS).cycles())
    opened = {record.id: {"opened": record.fields["opened"]} for record in records}
    with source.store.begin() as tx:
        sources.meet(tx, "acme", "https://acme.example", 0)
        tickets.put(tx, [tickets.Reading(record, "digest", AT) for record in records], {})
        changes.put(tx, "acme", "incident", {record.id: record.changes for record in records})
        cycles.put(
            tx,
            "acme",
            "incident",
            [record.id for record in records],
            [(cycle, opened[cycle.ticket.id]) for cycle in found],
        )
        sources.move_watermark(tx, "acme", AT)


def october(source: Gathering) -> Report:
    (made,) = gather(source, agreement="acme-desk", period="2026-10")
    return made


def test_figures_rest_on_the_cycles_in_the_store(source: Gathering) -> None:
    fill(source, *RECORDS)
    monthly, quarterly, _ = october(source).parts
    (row,) = monthly.rows
    assert (row.figure.numerator, row.figure.denominator) == (1, 3)
    assert [fact.cycle.ticket.key for fact in row.missed] == ["INC6", "INC2"]
    assert [one.period for one in row.trend][-2:] == ["2026-09", "2026-10"]
    assert quarterly.span.name == "2026-Q4"


def test_where_may_ask_a_calendar(source: Gathering) -> None:
    fill(source, *RECORDS, incident("INC7", "2026-10-10T09:00:00Z", 2))  # a Saturday
    by_day = october(source).parts[2]
    assert by_day.rows[0].figure.denominator == 3


def test_every_ticket_in_a_report_can_be_opened(source: Gathering) -> None:
    fill(source, *RECORDS)
    (row,) = october(source).parts[0].rows
    assert [fact.url for fact in row.missed] == ["https://acme.example/INC6", "https://acme.example/INC2"]


def test_tickets_without_a_clock_are_told_apart(source: Gathering) -> None:
    fill(source, *RECORDS)
    coverage = october(source).coverage
    assert (coverage.tickets, coverage.without_clock) == (5, ("INC4", "INC5"))
    assert (coverage.no_agreement, coverage.never_started) == (1, 1)


def test_without_a_name_all_agreements_are_reported_for_the_last_whole_month(source: Gathering) -> None:
    fill(source, *RECORDS)
    made = gather(source, agreement=None, period=None)
    assert [(one.agreement.name, one.span.name, one.is_open) for one in made] == [
        ("acme-desk", "2026-10", False),
        ("office", "2026-10", False),
    ]


def test_the_running_month_is_open(source: Gathering) -> None:
    fill(source, *RECORDS)
    (made,) = gather(source, agreement="acme-desk", period="2026-11")
    assert made.is_open


@pytest.mark.parametrize(
    ("agreement", "period", "told"),
    [
        ("acme-dsk", None, "did you mean 'acme-desk'"),
        (None, "October", "is no period; write 2026-10"),
        (None, "2026-13", "is no month"),
        (None, "2026-12", "had not begun"),
    ],
)
def test_a_mistake_is_told(source: Gathering, agreement: str | None, period: str | None, told: str) -> None:
    fill(source, *RECORDS)
    with pytest.raises(AccordError, match=told):
        gather(source, agreement=agreement, period=period)


def test_a_store_that_knows_nothing_says_what_to_do(source: Gathering) -> None:
    with pytest.raises(AccordError, match="run `accord sync` first"):
        gather(source, agreement=None, period=None)
