"""Calendars: what hours mean in UTC, on odd days too."""

from __future__ import annotations

import pytest

from connector.evaluate.hours import add_open, open_between
from connector.model.instant import HOUR, MINUTE, parse_instant
from connector.rules.rulebook import Calendar
from tests.evaluate.desk import book, t, told


def calendar(text: str) -> Calendar:
    """A calendar in London, with these further keys."""
    return book(f"calendar: shop\ntimezone: Europe/London\n{text}\n").calendars["shop"]


def open_minutes(shop: Calendar, start: str, end: str) -> float:
    return open_between(shop, t(start), t(end)) / MINUTE


@pytest.mark.parametrize(
    ("keys", "minutes"),
    [
        ('hours: {tue: "22:00-06:00"}', 8 * 60),
        ('hours: {tue: "22:00-06:00"}\nholidays: [2026-03-03]', 0),
        ('hours: {tue: "22:00-06:00"}\nholidays: [2026-03-04]', 2 * 60),
        ('hours: {tue: "22:00-06:00"}\nholidays: [2026-03-04]\nholiday_rules: shift', 8 * 60),
        ('hours: {tue: "09:00-17:00"}\nholidays: [2026-03-03]\nspecial: {2026-03-03: "10:00-12:00"}', 120),
        ('hours: {tue: "09:00-17:00"}\nspecial: {2026-03-03: []}', 0),
        ('hours: {tue: ["09:00-12:00", "11:00-13:00"]}', 240),
        ('hours: {tue: "18:00-24:00"}', 360),
        ('hours: {tue: "09:00-17:00"}\nversions: [{from: 2026-03-03, hours: {tue: "09:00-10:00"}}]', 60),
        ('hours: {mon: "20:00-04:00"}\nversions: [{from: 2026-03-03, hours: {sat: "09:00-10:00"}}]', 8 * 60),
    ],
)
def test_a_week_of_hours(keys: str, minutes: float) -> None:
    assert open_minutes(calendar(keys), "mon 00:00", "sat 00:00") == minutes


def test_days_of_23_and_25_hours_have_them() -> None:
    shop = calendar('hours: {sun: "00:00-24:00"}')
    assert open_minutes(shop, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z") == 23 * 60
    assert open_minutes(shop, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z") == 25 * 60


def test_a_skipped_time_counts_by_the_offset_before_and_a_repeated_one_as_its_first() -> None:
    skipped, repeated = calendar('hours: {sun: "01:30-12:00"}'), calendar('hours: {sun: "01:30-12:00"}')
    assert open_minutes(skipped, "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z") == 9.5 * 60
    assert open_minutes(repeated, "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z") == 11.5 * 60


def test_time_that_ends_at_a_closing_is_due_at_that_closing() -> None:
    shop = calendar('hours: {mon-fri: "09:00-17:00"}')
    assert told(add_open(shop, t("mon 13:00"), 4 * HOUR)) == "mon 17:00"
    assert told(add_open(shop, t("mon 18:00"), 8 * HOUR)) == "tue 17:00"


def test_a_calendar_without_enough_open_time_within_20_years_gives_nothing() -> None:
    shop = calendar('hours: {}\nspecial: {2026-03-03: "10:00-12:00"}')
    assert told(add_open(shop, t("mon 00:00"), 2 * HOUR)) == "tue 12:00"
    assert add_open(shop, t("mon 00:00"), 3 * HOUR) is None


def test_looking_far_back_or_ahead_does_not_move_what_was_counted() -> None:
    shop = calendar('hours: {mon-fri: "09:00-17:00"}')
    week = open_between(shop, t("mon 00:00"), t("mon2 00:00"))
    far = parse_instant("2001-01-01T00:00:00Z")
    assert (
        open_between(shop, far, t("mon2 00:00")) - open_between(shop, far, t("mon 00:00"))
        == week
        == 40 * HOUR
    )


def test_a_zone_given_by_the_ticket_is_that_of_the_latest_step() -> None:
    from tests.evaluate.desk import clock, ticket

    rules = book("""
        calendar: local
        timezone: {field: location, default: UTC}
        hours: {mon-fri: "09:00-17:00"}
        ---
        agreement: desk
        type: sla
        calendar: local
        applies_to: {record: [incident]}
        targets: {clock: {start: {state: new}, stop: {state: resolved}, within: [{time: 4h}]}}
        """)
    due = [
        told(clock(rules, ticket("mon 07:00", location=zone), "mon 07:30").due)
        for zone in ("Europe/Berlin", "nowhere", None, "America/New_York")
    ]
    assert due == ["mon 12:00", "mon 13:00", "mon 13:00", "mon 18:00"]
