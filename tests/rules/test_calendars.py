"""Calendars: what their documents mean. What is refused in them: `wrong/calendars`."""

from __future__ import annotations

from datetime import date

import pytest

from connector.model.instant import HOUR
from connector.rules.rulebook import Calendar, FieldZone, WeekFrom
from tests.rules.given import MINIMAL, load, told

NINE_TO_FIVE = ((540, 1020),)


def calendar(text: str) -> Calendar:
    """The calendar `c` of *text*, which lacks its first key."""
    return load(f"calendar: c\n{text}").calendars["c"]


def test_days_may_be_ranges_that_go_round_the_week() -> None:
    week = calendar('timezone: UTC\nhours: {fri-mon: "09:00-17:00", WED: "10:00-11:00"}').week
    assert week == (NINE_TO_FIVE, (), ((600, 660),), (), NINE_TO_FIVE, NINE_TO_FIVE, NINE_TO_FIVE)


def test_a_day_may_have_several_shifts_in_any_order() -> None:
    assert calendar('timezone: UTC\nhours: {mon: ["13:00-17:00", "9:00-12:00"]}').week[0] == (
        (540, 720),
        (780, 1020),
    )


def test_a_shift_that_ends_before_it_starts_ends_the_next_day() -> None:
    assert calendar('timezone: UTC\nhours: {mon: "22:00-06:00", tue: "22:00-00:00"}').week[:2] == (
        ((1320, 1800),),
        ((1320, 1440),),
    )


@pytest.mark.parametrize(
    ("hours", "always"),
    [
        ('{mon-sun: ["00:00-12:00", "12:00-24:00"]}', True),
        ('{mon-sun: ["06:00-18:00", "18:00-06:00"]}', True),
        ('{mon-sun: ["06:00-18:00", "18:00-05:59"]}', False),
        ('{mon-sat: "00:00-24:00"}', False),
        ('{mon-sat: ["06:00-18:00", "18:00-06:00"], sun: "06:00-24:00"}', False),
    ],
)
def test_shifts_that_leave_no_gap_are_open_round_the_clock(hours: str, always: bool) -> None:
    assert calendar(f"timezone: UTC\nhours: {hours}").is_always == always


def test_a_whole_day_ends_at_midnight() -> None:
    whole = calendar('timezone: UTC\nhours: {mon-sun: "00:00-24:00"}')
    assert whole.is_always
    assert not calendar('timezone: UTC\nhours: {mon-sun: "00:00-24:00"}\nholidays: [2030-01-01]').is_always


def test_holidays_special_days_versions_and_the_working_day_are_kept() -> None:
    found = calendar(
        """\
timezone: Europe/London
hours: {mon: "09:00-17:00"}
day: 7h30m
holidays: [2030-12-25, 2030-04-19]
special: {2030-12-31: "09:00-12:00", 2030-12-30: []}
holiday_rules: shift
versions: [{from: 2031-01-01, hours: {tue: "09:00-17:00"}}, {from: 2030-07-01, hours: {}}]
"""
    )
    assert found.day == 7.5 * HOUR
    assert found.holidays == {date(2030, 12, 25), date(2030, 4, 19)}
    assert found.special == {date(2030, 12, 31): ((540, 720),), date(2030, 12, 30): ()}
    assert found.shift_holidays
    closed = ((),) * 7
    assert found.versions == (
        WeekFrom(date(2030, 7, 1), closed),
        WeekFrom(date(2031, 1, 1), ((), NINE_TO_FIVE, *closed[2:])),
    )


def test_a_zone_may_come_from_the_ticket() -> None:
    text = 'timezone: {field: customer_timezone, default: Europe/Paris}\nhours: {mon: "09:00-17:00"}'
    assert calendar(text).timezone == FieldZone("customer_timezone", "Europe/Paris")


def test_a_list_of_holidays_that_ends_within_ninety_days_is_told() -> None:
    text = 'calendar: c\ntimezone: UTC\nhours: {mon: "09:00-17:00"}\nholidays: [2026-01-01, 2026-05-%s]\n'
    ends = "4:11 warning: the holidays of calendar 'c' end with 2026-05-30"
    assert told(text % "30") == [f"{ends}; add the coming years, see `accord holidays` [holidays-end]"]
    assert told(text % "31") == []


def test_always_is_built_in() -> None:
    book = load(MINIMAL)
    assert book.calendars["always"].is_always
    assert book.agreements[0].calendar == "always"
