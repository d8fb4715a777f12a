"""Opening hours by columns against opening hours by walking days."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connector.evaluate.arrays import NONE
from connector.evaluate.opendays import OpenDays
from connector.evaluate.opentime import open_time
from connector.model.instant import DAY, HOUR, MINUTE, Instant, Millis
from connector.rules.rulebook import BusinessDays, Calendar
from tests.oracle import opening as slow
from tests.oracle.due import business_days_due, moved_into_hours
from tests.properties.calendars import WEEKS, calendars
from tests.properties.rulebooks import business_days
from tests.properties.tickets import begin_of, instants

week_and_hours = st.sampled_from(WEEKS).flatmap(
    lambda week: st.tuples(st.just(week), calendars("hours", week, field_zones=False))
)
minutes = st.integers(-3 * 1440, 20 * 1440)
amounts = st.sampled_from((1, MINUTE, HOUR, 8 * HOUR, 3 * DAY))


def column(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def instant_of(week: date, minute: int) -> Instant:
    return begin_of(week) + minute * 60_000


@given(case=week_and_hours, first=minutes, second=minutes)
def test_open_time_between_two_instants(case: tuple[date, Calendar], first: int, second: int) -> None:
    week, calendar = case
    start, end = sorted((instant_of(week, first), instant_of(week, second)))
    hours = open_time(calendar, str(calendar.timezone))
    upto = hours.upto(column(start, end))
    plain = slow.Opening(calendar, str(calendar.timezone))
    assert int(upto[1] - upto[0]) == slow.open_between(plain, start, end)


@given(case=week_and_hours, minute=minutes)
def test_open_and_next_opening(case: tuple[date, Calendar], minute: int) -> None:
    week, calendar = case
    at = instant_of(week, minute)
    hours, plain = open_time(calendar, str(calendar.timezone)), slow.Opening(calendar, str(calendar.timezone))
    assert bool(hours.is_open(column(at))[0]) == slow.is_open(plain, at)
    assert none(hours.opening(column(at))) == slow.next_opening(plain, at)


@given(case=week_and_hours, minute=minutes, amount=amounts)
def test_the_instant_after_so_much_open_time(
    case: tuple[date, Calendar], minute: int, amount: Millis
) -> None:
    week, calendar = case
    start = instant_of(week, minute)
    hours, plain = open_time(calendar, str(calendar.timezone)), slow.Opening(calendar, str(calendar.timezone))
    found = none(hours.reaching(hours.upto(column(start)) + amount, column(start)))
    assert found == walked(plain, start, amount)


@given(case=week_and_hours, at=st.data(), goal=business_days)
def test_business_days(case: tuple[date, Calendar], at: st.DataObject, goal: BusinessDays) -> None:
    week, calendar = case
    start = at.draw(instants(week))
    found = none(OpenDays(calendar, str(calendar.timezone)).due(column(start), goal))
    assert found == business_days_due(slow.Opening(calendar, str(calendar.timezone)), goal, start)


@given(case=week_and_hours, minute=minutes)
def test_stated_due_instants_move_into_hours(case: tuple[date, Calendar], minute: int) -> None:
    week, calendar = case
    stated = instant_of(week, minute)
    found = none(OpenDays(calendar, str(calendar.timezone)).next_open(column(stated)))
    assert found == moved_into_hours(slow.Opening(calendar, str(calendar.timezone)), stated)


def walked(opening: slow.Opening, start: Instant, amount: Millis) -> Instant | None:
    """The instant after *amount* of open time, span by span."""
    for begin, end in slow.open_spans(opening, start):
        if end - begin >= amount:
            return begin + amount if begin + amount <= start + slow.TWENTY_YEARS_MS else None
        amount -= end - begin
    return None


def none(instants: np.ndarray) -> Instant | None:
    return None if instants[0] == NONE else int(instants[0])
