"""The enacted text: what moves its hash, what does not, and which dates a version may gain."""

from __future__ import annotations

from datetime import date

import pytest

from connector.rules.enacted import only_adds_future_dates
from tests.rules.given import agreement, load

TEXT = """\
calendar: office
timezone: Europe/London
hours: {mon-fri: "09:00-17:00"}
day: 8h
holidays: [2026-04-03]
special: {2026-12-31: "09:00-12:00"}
---
calendar: elsewhere
timezone: UTC
hours: {mon: "09:00-17:00"}
day: 8h
---
derive: class
from: [{when: {plan: gold}, is: high}]
---
framework: f
at_limit: met
---
agreement: desk
type: sla
title: The desk
calendar: office
valid: {from: 2026-01-01}
applies_to: {record: incident, where: {customer: acme, priority: [1, 2]}}
targets:
  resolution:
    is: resolution
    within: [{when: {class: high}, time: 90m}, {time: 1wd}]
    on: {75%: [{note: true}]}
objectives: {o: {attained: resolution, at_least: 95%}}
review: {every: quarter}
"""


def hashed(text: str) -> str:
    return agreement(text).hash


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: The desk", "title: Our desk"),
        ("title: The desk", "status: enacted"),
        ("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-12-31}"),
        ("{every: quarter}", "{every: month}"),
        ("time: 90m", "time: 1h30m"),
        ("time: 1wd", "time: 8h"),
        ("{customer: acme, priority: [1, 2]}", "{priority: [2, 1], customer: ACME}"),
        ('timezone: UTC\nhours: {mon: "09:00-17:00"}', 'timezone: UTC\nhours: {mon: "09:00-18:00"}'),
        ("calendar: elsewhere", "# a comment\ncalendar: elsewhere"),
        ("is: resolution\n", "is: resolution\n    at_limit: met\n"),
        ("type: sla\n", "type: sla\nversion: 1\n"),
    ],
)
def test_the_hash_stays_where_nothing_measured_changes(before: str, after: str) -> None:
    assert before in TEXT
    assert hashed(TEXT.replace(before, after)) == hashed(TEXT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("time: 90m", "time: 91m"),
        ("customer: acme", "customer: acne"),
        ("at_limit: met", "at_limit: missed"),
        ("plan: gold", "plan: silver"),
        ("mon-fri", "mon-sat"),
        ("2026-04-03", "2026-04-06"),
        ("timezone: Europe/London", "timezone: Europe/Dublin"),
        ("{from: 2026-01-01}", "{from: 2026-01-02}"),
        ("at_least: 95%", "at_least: 96%"),
        ("75%", "80%"),
        ("attained: resolution,", "attained: resolution, warn: 99%,"),
        ("is: resolution", "is: response"),
    ],
)
def test_the_hash_moves_where_something_measured_changes(before: str, after: str) -> None:
    assert before in TEXT
    assert hashed(TEXT.replace(before, after)) != hashed(TEXT)


def test_the_hash_does_not_depend_on_files() -> None:
    parts = TEXT.split("---\n")
    book = load(*reversed(parts))
    assert book.agreements[0].hash == hashed(TEXT)


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("[2026-04-03]", "[2026-04-03]", True),
        ("[2026-04-03]", "[2026-04-03, 2026-12-25]", True),
        ("[2026-04-03]", "[2026-04-03, 2026-07-01]", False),  # today
        ("[2026-04-03]", "[2026-04-03, 2026-05-01]", False),  # past
        ("[2026-04-03]", "[]", False),
        ("2026-12-31:", '2026-12-30: [], 2026-12-31:', True),
        ('2026-12-31: "09:00-12:00"', '2026-12-31: "09:00-13:00"', False),
        ('2026-12-31: "09:00-12:00"', "", False),
        ("day: 8h", "day: 7h", False),
        ("time: 90m", "time: 80m", False),
        ("calendar: office\nvalid", "calendar: elsewhere\nvalid", False),
    ],
)  # fmt: skip
def test_only_future_dates_may_be_added_under_the_same_version(
    before: str, after: str, allowed: bool
) -> None:
    assert before in TEXT
    old, new = agreement(TEXT).text, agreement(TEXT.replace(before, after)).text
    assert only_adds_future_dates(old, new, date(2026, 7, 1)) is allowed
