"""A report says why cycles were missed: whose time it was, what paused them, what broke with them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.model.instant import HOUR, MINUTE, parse_instant
from connector.model.record import Change, Record
from connector.report import reasons
from connector.report.contents import Report
from connector.report.gather import Gathering, gather
from connector.report.page import page
from connector.report.sheets import as_csv, as_json
from connector.rules import load_rulebook
from connector.store import open_store
from connector.world import World
from tests.report.test_gather import AT, KINDS, fill

RULES = """\
agreement: network
type: ola
timezone: UTC
applies_to: {record: incident}
targets: {hands-on: {is: stint, group: network, within: [{time: 2h}]}}
---
agreement: acme-desk
type: sla
timezone: UTC
supported_by: [network]
applies_to: {record: incident}
targets: {resolution: {is: resolution, pause: {state: on_hold}, within: [{time: 4h}]}}
objectives: {in-time: {attained: resolution, per: month, at_least: 95%}}
"""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Gathering]:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    book = load_rulebook([tmp_path / "rules.yaml"], KINDS, at=AT)
    store = open_store(f"sqlite:///{tmp_path}/accord.db", World(now=lambda: AT))
    yield Gathering(store, book, KINDS)
    store.close()


def incident(key: str, day: int, hours: int) -> Record:
    """Opened at nine with the desk, with the network from ten, on hold from noon to one; then resolved."""

    def at(hour: int) -> int:
        return parse_instant(f"2026-10-{day:02}T09:00:00Z") + hour * HOUR

    changes = (
        Change(at(1), "assignment_group", "desk", "network", seq=0),
        Change(at(3), "hold_reason", None, "awaiting_caller", seq=1),
        Change(at(3), "state", "new", "on_hold", seq=2),
        Change(at(4), "state", "on_hold", "in_progress", seq=3),
        Change(at(hours), "state", "in_progress", "resolved", seq=4),
    )
    fields = {"opened": at(0), "state": "resolved", "assignment_group": "network"}
    return Record("incident", "acme", f"id-{key}", key, {**fields, "hold_reason": "awaiting_caller"}, changes)


def october(source: Gathering) -> Report:
    fill(source, incident("INC1", 5, 8), *(incident(f"INC{n}", 5 + n, 7) for n in range(2, 9)))
    (made,) = gather(source, agreement="acme-desk", period="2026-10")
    return made


def test_a_missed_cycle_is_shared_out_to_groups_pauses_and_what_broke_with_it(source: Gathering) -> None:
    report = october(source)
    worst = report.parts[0].rows[0].missed[0].cycle
    cause = report.causes.of(worst)
    assert cause is not None
    assert worst.ticket.key == "INC1"
    assert cause.attribution.groups == {"desk": HOUR, "network": 6 * HOUR}
    assert cause.attribution.reasons == {"awaiting_caller": 60 * MINUTE}
    assert [(one.type, one.agreement) for one in cause.attribution.broken] == [("ola", "network")]


def test_the_missed_of_a_figure_are_summed_up(source: Gathering) -> None:
    report = october(source)
    total = report.causes.summed([fact.cycle for fact in report.parts[0].rows[0].missed])
    assert total.groups == {"desk": 8 * HOUR, "network": 6 * HOUR + 7 * 5 * HOUR}
    assert total.broken == {"OLA network": 8}


def test_the_worst_few_are_drawn_and_no_more(source: Gathering) -> None:
    text = page([october(source)])
    assert text.count('<svg class="timeline"') == reasons.PICTURES
    assert "Timelines of the worst 5" in text
    assert "time by group: network 6 h, desk 1 h · time paused: awaiting_caller 1 h" in text


def test_json_and_csv_say_it_too(source: Gathering) -> None:
    report = october(source)
    (told,) = json.loads(as_json([report]))
    missed = told["objectives"][0]["figures"][0]["missed_cycles"][0]
    assert missed["attribution"]["groups"][0] == {"group": "desk", "elapsed_s": 3600}
    first = next(iter(csv.DictReader(as_csv([report]).splitlines())))
    assert first["time_by_group"] == "desk 3600 s; network 21600 s"
    assert first["broken_with_it"] == "OLA network hands-on"


def test_a_ticket_that_is_no_longer_kept_is_reported_without_a_cause(source: Gathering) -> None:
    october(source)
    with source.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM changes")
        tx.exec_driver_sql("DELETE FROM tickets")
    (made,) = gather(source, agreement="acme-desk", period="2026-10")
    assert made.parts[0].rows[0].figure.denominator == 8
    assert not made.causes.found
    assert "took" in page([made])
