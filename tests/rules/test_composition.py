"""Agreements that rest on others: circles, and promises that those below do not carry."""

from __future__ import annotations

from tests.rules.given import told

HOURS = """\
calendar: office
timezone: Europe/London
hours: {mon-fri: "09:00-17:00"}
day: 8h
---
calendar: overseas
timezone: America/New_York
hours: {mon-fri: "09:00-17:00"}
---
"""


def tree(above: str, below: str, *, kind: str = "ola", calendar: str = "office") -> list[str]:
    """What is told of an SLA with the keys *above*, resting on an OLA or UC with the keys *below*."""
    applies = "applies_to: {record: incident}"
    sla = f"agreement: top\ntype: sla\ncalendar: office\nsupported_by: bottom\n{applies}\n{above}\n"
    rest = f"agreement: bottom\ntype: {kind}\ncalendar: {calendar}\ntimezone: UTC\n{applies}\n{below}\n"
    return [line.split(" ", 1)[1] for line in told(f"{HOURS}{sla}---\n{rest}")]


def resolution(*rows: str) -> str:
    return f"targets: {{resolution: {{is: resolution, within: [{', '.join(rows)}]}}}}"


def hands_on(*rows: str) -> str:
    return f"targets: {{hands-on: {{is: stint, group: g, within: [{', '.join(rows)}]}}}}"


def test_agreements_that_support_each_other_in_a_circle_are_an_error() -> None:
    below = hands_on("{time: 1h}") + "\nsupported_by: [middle]"
    middle = (
        "agreement: middle\ntype: ola\ntimezone: UTC\nsupported_by: top\napplies_to: {record: incident}\n"
    )
    middle += resolution("{time: 1h}")
    lines = tree(resolution("{time: 4h}"), f"{below}\n---\n{middle}")
    assert lines == ["agreements support each other in a circle: bottom → middle → top → bottom [circle]"]


def test_an_ola_may_be_as_long_as_what_it_supports() -> None:
    rows = ("{when: {priority: 1}, time: 4h}", "{time: 2wd}")
    assert tree(resolution(*rows), hands_on(*rows)) == []


def test_a_longer_ola_is_told_row_by_row() -> None:
    above = resolution("{when: {priority: 1}, time: 4h}", "{time: 2wd}")
    below = hands_on("{when: {priority: 1}, time: 5h}", "{time: 3wd}")
    said = "warning: 'bottom' allows {} for 'hands-on', longer than the {} of 'top' that it supports"
    lengths = [("5 h", "4 h"), ("24 h", "16 h")]
    assert tree(above, below) == [f"{said.format(*each)} [supporter-longer]" for each in lengths]


def test_lengths_on_different_calendars_are_not_compared() -> None:
    assert tree(resolution("{time: 4h}"), hands_on("{time: 8h, calendar: always}")) == []


def test_open_time_beyond_a_clock_that_never_stops_is_told() -> None:
    above = resolution("{time: 4h, calendar: always}")
    lines = tree(above, hands_on("{time: 8h}"))
    assert "longer than the 4 h of 'top'" in lines[1]


def test_a_supporter_that_is_closed_meanwhile_is_told() -> None:
    said = "warning: 'bottom' is closed while 'top', which it supports, is open (Mon 09:00 UTC)"
    lines = tree(resolution("{time: 4h}"), hands_on("{time: 1h}"), calendar="overseas")
    assert lines == [f"{said} [supporter-closed]"]


def test_the_same_hours_by_other_names_cover_each_other() -> None:
    wider = (
        HOURS.replace("overseas", "wider")
        .replace("America/New_York", "UTC")
        .replace('09:00-17:00"}\n---\n', '07:00-18:00"}\n---\n')
    )
    applies = "applies_to: {record: incident}"
    sla = f"agreement: top\ntype: sla\ncalendar: office\nsupported_by: bottom\n{applies}\n"
    sla += resolution("{time: 4h}") + "\n"
    rest = f"agreement: bottom\ntype: ola\ncalendar: wider\n{applies}\n{hands_on('{time: 1h}')}\n"
    assert told(f"{wider}{sla}---\n{rest}") == []


def test_a_contract_that_ends_earlier_is_told() -> None:
    ends = "\nvalid: {from: 2026-01-01, to: %s}"
    above = resolution("{time: 4h}") + ends % "2026-12-31"
    said = "warning: the contract 'bottom' ends before 'top', which rests on it [supporter-ends]"
    assert tree(above, hands_on("{time: 1h}") + ends % "2026-11-30", kind="uc") == [said]
    assert tree(above, hands_on("{time: 1h}") + ends % "2027-01-01", kind="uc") == []
    assert tree(resolution("{time: 4h}"), hands_on("{time: 1h}") + ends % "2027-01-01", kind="uc") == [said]
    assert tree(above, hands_on("{time: 1h}") + ends % "2026-11-30", kind="ola") == []


def test_availabilities_multiply() -> None:
    promise = "objectives: {up: {availability: payroll, at_least: %s}}"
    said = "warning: 'top' promises 99.9% availability, those that support it together 99.8%"
    assert tree(promise % "99.9%", promise % "99.8%") == [f"{said} [supporter-availability]"]
    assert tree(promise % "99.9%", promise % "99.9%") == []
