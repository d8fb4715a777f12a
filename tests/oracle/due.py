"""Due dates: business days, and due instants that a ticket states."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.rules.rulebook import BusinessDays
from tests.oracle.opening import (
    Opening,
    at_clock,
    closing_of,
    is_closing,
    next_opening,
    open_day_after,
    open_day_of,
    to_instant,
    to_local,
)


def moved_into_hours(opening: Opening, stated: int) -> int | None:
    """A due instant outside opening hours moves to the next opening; a closing instant counts as inside."""
    return stated if is_closing(opening, stated) else next_opening(opening, stated)


def business_days_due(opening: Opening, goal: BusinessDays, started: int) -> int | None:
    """So many open days after the start's day: its closing, a given hour, or the hour of the start."""
    first = next_opening(opening, started)
    if first is None:
        return None
    day = open_day_of(opening, first)
    days = goal.days
    if goal.if_before is not None and minutes_of_day(opening, first) >= goal.if_before:
        days += 1
    target = open_day_after(opening, day, days)
    if target is None:
        return None
    if goal.by is not None:
        return at_clock(target, goal.by, opening.zone)
    if goal.same_time:  # Reading: the hour of the start itself, open or not
        clock = to_local(started, opening.zone).time()
        return to_instant(datetime.combine(target, clock, tzinfo=ZoneInfo(opening.zone)).replace(fold=0))
    return closing_of(opening, target)


def minutes_of_day(opening: Opening, instant: int) -> float:
    """What the clock shows, in minutes."""
    local = to_local(instant, opening.zone)
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second) / timedelta(minutes=1)
