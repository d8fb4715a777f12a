"""Lengths, due dates, shares and dates: what they mean, what is refused and with which words."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import DAY, HOUR, MINUTE, SECOND
from connector.rules.calendars import ALWAYS
from connector.rules.rulebook import BusinessDays, Calendar, NoTarget, OpenTime
from connector.rules.values import (
    WrongValue,
    clock_minutes,
    read_length,
    read_number,
    read_share,
    read_span,
    read_time,
    write_length,
)

OFFICE = Calendar("office", "UTC", (((540, 1020),),) * 5 + ((),) * 2, day=8 * HOUR)
NO_DAY = Calendar("open-late", "UTC", (((540, 1320),),) * 7)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15m", 15 * MINUTE),
        ("4h", 4 * HOUR),
        ("1h30m", 90 * MINUTE),
        ("90s", 90 * SECOND),
        ("1h1s", HOUR + SECOND),
    ],
)
def test_a_length_is_hours_minutes_and_seconds(text: str, length: int) -> None:
    assert read_length(text) == length


@given(st.integers(0, 10**7))
def test_a_length_written_again_reads_the_same(seconds: int) -> None:
    assert read_length(write_length(seconds * SECOND)) == seconds * SECOND


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("4 hours", "'4 hours' is not a length of time", "did you mean '4h'?"),
        ("1.5h", "'1.5h' is not a length of time", "did you mean '1h30m'?"),
        ("30m1h", "'30m1h' is not a length of time", "did you mean '1h30m'?"),
        ("30 Min", "'30 Min' is not a length of time", "did you mean '30m'?"),
        ("4", "'4' is not a length of time", "a unit is missing: write 4m or 4h"),
        ("soon", "'soon' is not a length of time", "write 15m, 4h, 1h30m or 90s"),
        ("٤h", "'٤h' is not a length of time", "write 15m, 4h, 1h30m or 90s"),
        ("9999999h", "'9999999h' is longer than 100 years", None),
    ],
)
def test_what_is_no_length_is_told_with_a_guess(text: str, what: str, hint: str | None) -> None:
    with pytest.raises(WrongValue) as wrong:
        read_length(text)
    assert (wrong.value.what, wrong.value.hint) == (what, hint)


@pytest.mark.parametrize(
    ("text", "calendar", "time"),
    [
        ("none", OFFICE, NoTarget()),
        ("90m", OFFICE, OpenTime(90 * MINUTE, "90m")),
        ("2wd", OFFICE, OpenTime(16 * HOUR, "2wd")),
        ("2d", ALWAYS, OpenTime(2 * DAY, "2d")),
        ("1w", ALWAYS, OpenTime(7 * DAY, "1w")),
        ("2bd", OFFICE, BusinessDays(2, written="2bd")),
        ("0bd", ALWAYS, BusinessDays(0, written="0bd")),
        ("2bd by 16:00", OFFICE, BusinessDays(2, by=960, written="2bd by 16:00")),
        ("2bd same time", OFFICE, BusinessDays(2, same_time=True, written="2bd same time")),
        ("1bd if before 10:00", OFFICE, BusinessDays(1, if_before=600, written="1bd if before 10:00")),
        (
            "1bd by 12:00 if before 9:30",
            OFFICE,
            BusinessDays(1, by=720, if_before=570, written="1bd by 12:00 if before 9:30"),
        ),
    ],
)
def test_a_time_is_a_length_a_due_date_or_none(text: str, calendar: Calendar, time: object) -> None:
    assert read_time(text, calendar) == time


@pytest.mark.parametrize(
    ("text", "calendar", "what", "hint", "code"),
    [
        (
            "2d",
            OFFICE,
            "'2d' is ambiguous on calendar 'office', which is not always open",
            "write '48h' (open time), '2wd' (working days) or '2bd' (a due date)",
            "ambiguous-days",
        ),
        (
            "1w",
            OFFICE,
            "'1w' is ambiguous on calendar 'office', which is not always open",
            "write '168h' (open time), '7wd' (working days) or '7bd' (a due date)",
            "ambiguous-days",
        ),
        (
            "2wd",
            NO_DAY,
            "'2wd' needs the length of a day of calendar 'open-late'",
            "add `day: 8h` to the calendar, or write hours",
            "no-day",
        ),
        ("0h", OFFICE, "'0h' is no time at all", "write `none` where there is no target", "bad-time"),
        ("0wd", OFFICE, "'0wd' is no time at all", "write `none` where there is no target", "bad-time"),
        (
            "asap",
            OFFICE,
            "'asap' is not a time",
            "write a length (15m, 4h, 1h30m, 2wd), a due date (2bd), {field: F} or none",
            "bad-time",
        ),
        (
            "2bd before 10:00",
            OFFICE,
            "'2bd before 10:00' is not a due date",
            "write 2bd, 2bd by 16:00, 2bd same time, each with `if before 10:00` at its end",
            "bad-due-date",
        ),
        ("1bd by 25:00", OFFICE, "'25:00' is not a time of day", "write 17:30", "bad-clock-time"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_told_with_what_to_write(
    text: str, calendar: Calendar, what: str, hint: str, code: str
) -> None:
    with pytest.raises(WrongValue) as wrong:
        read_time(text, calendar)
    assert (wrong.value.what, wrong.value.hint, wrong.value.code) == (what, hint, code)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_wrong_value(text: str) -> None:
    with suppress(WrongValue):
        assert read_time(text, OFFICE)


@pytest.mark.parametrize(
    ("text", "share"), [("95%", Fraction(19, 20)), ("99.95%", Fraction(1999, 2000)), ("100%", Fraction(1))]
)
def test_a_share_is_exact(text: str, share: Fraction) -> None:
    assert read_share(text) == share


@pytest.mark.parametrize(("text", "hint"), [("95", "did you mean '95%'?"), ("most", "write 95% or 99.95%")])
def test_a_share_has_its_sign(text: str, hint: str) -> None:
    with pytest.raises(WrongValue) as wrong:
        read_share(text)
    assert wrong.value.hint == hint


@pytest.mark.parametrize("text", ["1e3", "1_000", "nan", "inf", "0x1", "", " 1", "1/2", "١"])
def test_a_number_is_a_plain_decimal(text: str) -> None:
    with pytest.raises(WrongValue):
        read_number(text)


def test_a_stretch_of_plain_time_knows_days() -> None:
    assert (read_span("30d"), read_span("2w"), read_span("48h")) == (30 * DAY, 14 * DAY, 48 * HOUR)


def test_midnight_at_the_end_of_a_day_is_an_end_only() -> None:
    assert clock_minutes("24:00", end=True) == 1440
    with pytest.raises(WrongValue) as wrong:
        clock_minutes("24:00")
    assert wrong.value.hint == "24:00 can only be an end"
