"""Arithmetic cases: each calendar written as a rule file, each operation asked of the product's open time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from connector.errors import Wrong
from connector.evaluate.hours import add_open, due_by_days, is_open, open_between
from connector.evaluate.opentime import OpenTime, open_time
from connector.model.instant import DAY, SECOND, Instant, from_datetime, to_datetime
from connector.rules.rulebook import BusinessDays, Calendar
from tests.vectors.reference import Case
from tests.vectors.rulefile import calendar_text, rulebook

REFUSED = "refused"


def answer(case: Case) -> Any:
    """What the product says, in the words of the case: seconds, an instant, a date, yes or no, or that the
    rule file is refused."""
    try:
        return _answer(case.data)
    except Wrong:
        return REFUSED


def _answer(data: Mapping[str, Any]) -> Any:
    calendar = calendar_of(calendar_text("reference", data["calendar"]))
    zone = str(calendar.timezone)
    start = instant_of(data["start"], zone)
    match data["op"]:
        case "between":
            return open_between(calendar, start, instant_of(data["end"], zone)) / SECOND
        case "add" | "next_open":
            return add_open(calendar, start, data.get("duration_s", 0) * SECOND)
        case "is_open":
            return is_open(calendar, start)
        case "add_days":
            return open_day(calendar, start, data["days"])
        case "prev_close":
            return previous_close(open_time(calendar, zone), start)
        case "next_close":
            return next_close(calendar, start)
    raise AssertionError(f"{data['op']} is not known here")


def expected(case: Case) -> Any:
    """What the case says; where a peer rolls a result at closing on, the plain one."""
    data, zone = case.data, case.data["calendar"]["tz"]
    if "expect_s" in data:
        return data["expect_s"]
    wanted = data.get("expect_no_roll", data["expect"])
    if data["op"] == "add_days":
        return date.fromisoformat(wanted)
    return instant_of(wanted, zone) if isinstance(wanted, str) else wanted


# ------------------------------------------------------------- what the product answers in its own words


def open_day(calendar: Calendar, start: Instant, days: int) -> date:
    """The date of `<days>bd`."""
    due = due_by_days(calendar, start, BusinessDays(days))
    assert due is not None
    return to_datetime(due - 1).astimezone(ZoneInfo(str(calendar.timezone))).date()


def previous_close(hours: OpenTime, start: Instant) -> Instant:
    """The earliest instant at which as much open time has passed as at *start*: the closing before it, or
    *start* itself where it is open."""
    now = np.array([start], np.int64)
    return int(hours.reaching(hours.upto(now), now)[0])


def next_close(calendar: Calendar, start: Instant) -> Instant:
    """The end of the first open span after *start*, found by halving: up to there all time is open."""
    opening = add_open(calendar, start, 0)
    assert opening is not None
    low, high = opening, opening + 8 * DAY
    while high - low > 1:
        middle = (low + high) // 2
        is_open_all_along = open_between(calendar, opening, middle) == middle - opening
        low, high = (middle, high) if is_open_all_along else (low, middle)
    return low


def instant_of(text: str, zone: str) -> Instant:
    """A time without offset is local to the calendar."""
    moment = datetime.fromisoformat(text)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


@cache
def calendar_of(text: str) -> Calendar:
    return rulebook(text).calendars["reference"]
