"""Random opening hours: nights, overlaps, holidays, special days, new hours, zones, clock changes."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from connector.rules.rulebook import Calendar, FieldZone, Shift, WeekFrom

# Weeks in which something happens to the clocks of some of the zones below, and one in which nothing does. On
# 2018-11-04 Sao Paulo had no midnight, and Lord Howe moves by half an hour. The rules do not say what becomes
# of the hours of a date that a zone skips whole, as Apia did once, so no week has one.
WEEKS = (
    date(2026, 3, 23),
    date(2026, 10, 19),
    date(2026, 3, 2),
    date(2026, 6, 1),
    date(2018, 10, 29),
)
ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
)
NIGHT_AND_DAY: Shift = (0, 1440)

Week = tuple[tuple[Shift, ...], ...]


def weighed(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One of *strategies*, each as often as it is named (`one_of` would forget doubles)."""
    return st.sampled_from(range(len(strategies))).flatmap(lambda place: strategies[place])


def seldom(strategy: st.SearchStrategy[Any], otherwise: Any) -> st.SearchStrategy[Any]:
    """*otherwise* most of the time; what a failing example shrinks to."""
    usual = st.just(otherwise)
    return weighed(usual, usual, usual, usual, usual, usual, usual, strategy)


SHIFTS = st.one_of(
    st.builds(
        lambda half_hours, length: (half_hours * 30, half_hours * 30 + length),
        st.integers(0, 47),
        st.sampled_from((480, 30, 60, 120, 240, 720, 1410)),
    ),
    st.just(NIGHT_AND_DAY),
)
DAYS = st.lists(SHIFTS, max_size=2).map(tuple)  # they may overlap, and stand in any order
ANY_WEEKS = st.builds(lambda workday, weekend: (workday,) * 5 + (weekend,) * 2, DAYS, DAYS)
OFFICE: Week = (((540, 720), (780, 1020)),) * 5 + ((),) * 2
ALWAYS: Week = ((NIGHT_AND_DAY,),) * 7
WEEKLY_HOURS = weighed(st.just(OFFICE), st.just(ALWAYS), ANY_WEEKS, ANY_WEEKS)


@cache
def dates(week: date) -> st.SearchStrategy[date]:
    """A date on which the tickets of that week may live."""
    return st.integers(-1, 13).map(lambda n: week + timedelta(days=n))


@cache
def calendars(name: str, week: date, *, field_zones: bool = True) -> st.SearchStrategy[Calendar]:
    """A calendar whose exceptions lie around *week*."""
    zones: st.SearchStrategy[str | FieldZone] = st.sampled_from(ZONES)
    if field_zones:
        zones = weighed(zones, zones, zones, zones.map(lambda zone: FieldZone("region", str(zone))))
    return st.builds(
        Calendar,
        name=st.just(name),
        timezone=zones,
        week=WEEKLY_HOURS,
        holidays=st.frozensets(dates(week), max_size=2),
        special=st.dictionaries(dates(week), DAYS, max_size=2),
        shift_holidays=st.booleans(),
        versions=st.lists(st.builds(WeekFrom, dates(week), WEEKLY_HOURS), max_size=1).map(tuple),
    )
