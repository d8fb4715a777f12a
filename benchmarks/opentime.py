"""Open time between pairs of instants: against timegrid (Rust, compiled timeline) and businesstimedelta."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as clock

import businesstimedelta
import numpy as np
import pytz  # type: ignore[import-untyped]  # comes with businesstimedelta, which takes no other zones
from timegrid import TimeGridCalendar

from connector.evaluate.opentime import Hours
from connector.model.instant import DAY, HOUR, from_datetime, to_datetime
from connector.rules.rulebook import Calendar

HOLIDAYS = frozenset(
    date(year, month, day) for year in range(2021, 2026) for month, day in ((1, 1), (12, 25))
)
BEGIN, END = datetime(2021, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


BATCH = 16_384  # as many at once as stay in the processor's cache


def run() -> None:
    """Print nanoseconds a pair of each, and how many times slower than Accord the others are."""
    begin, end = pairs(1_000_000)
    hours = Hours(Calendar("office", "UTC", (((540, 1020),),) * 5 + ((), ()), holidays=HOLIDAYS), "UTC")
    ours, found = timed(lambda: with_accord(hours, begin, end))
    rust, by_rust = timed(timegrid_of(begin[:20_000], end[:20_000]))
    python, by_python = timed(businesstimedelta_of(begin[:200], end[:200]), times=1)
    assert (found[:20_000] == by_rust).all(), "timegrid disagrees"
    assert (found[:200] == by_python).all(), "businesstimedelta disagrees"
    ours, rust, python = ours / len(begin), rust / 20_000, python / 200
    print("open time between two instants (Monday to Friday 9 to 17, holidays, 5 years, up to 30 days apart)")
    print(f"  accord             {ours * 1e9:12.1f} ns a pair")
    print(f"  timegrid           {rust * 1e9:12.1f} ns a pair  {rust / ours:10,.0f} × accord's")
    print(f"  businesstimedelta  {python * 1e9:12.1f} ns a pair  {python / ours:10,.0f} × accord's")


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of instants up to 30 days apart."""
    chance = np.random.default_rng(1)
    begin = from_datetime(BEGIN) + chance.integers(0, 4 * 365 * DAY // 1_000, count) * 1_000
    return begin, begin + chance.integers(0, 30 * DAY // 1_000, count) * 1_000


def timed(work: Callable[[], np.ndarray], times: int = 10) -> tuple[float, np.ndarray]:
    """The best of some runs, in processor seconds (others may use the machine), and what came out."""
    best, found = float("inf"), np.empty(0)
    for _ in range(times):
        begun = time.process_time()
        found = work()
        best = min(best, time.process_time() - begun)
    return best, found


def with_accord(hours: Hours, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """By columns, batch after batch."""
    parts = [slice(start, start + BATCH) for start in range(0, len(begin), BATCH)]
    return np.concatenate([hours.upto(end[part]) - hours.upto(begin[part]) for part in parts])


def timegrid_of(begin: np.ndarray, end: np.ndarray) -> Callable[[], np.ndarray]:
    """By timegrid's compiled timeline, a call a pair: it has none for many. Datetimes are made beforehand."""
    calendar = TimeGridCalendar.weekdays(clock(9), clock(17))
    for day in HOLIDAYS:
        calendar = calendar.close(day)
    timeline = calendar.compile(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None))
    pairs_ = list(
        zip(*([to_datetime(at).replace(tzinfo=None) for at in c.tolist()] for c in (begin, end)), strict=True)
    )

    def work() -> np.ndarray:
        worked = [timeline.get_working_duration(a, b) for a, b in pairs_]
        return np.array([length.total_seconds() * 1_000 for length in worked])

    return work


def businesstimedelta_of(begin: np.ndarray, end: np.ndarray) -> Callable[[], np.ndarray]:
    """By businesstimedelta, likewise."""
    day = businesstimedelta.WorkDayRule(
        start_time=clock(9), end_time=clock(17), working_days=[0, 1, 2, 3, 4], tz=pytz.utc
    )
    closed = businesstimedelta.HolidayRule(dict.fromkeys(HOLIDAYS, "holiday"), tz=pytz.utc)
    rules = businesstimedelta.Rules([day, closed])
    local = [
        [pytz.utc.localize(to_datetime(at).replace(tzinfo=None)) for at in c.tolist()] for c in (begin, end)
    ]

    def work() -> np.ndarray:
        worked = [rules.difference(a, b) for a, b in zip(*local, strict=True)]
        return np.array([length.hours * HOUR + length.seconds * 1_000 for length in worked])

    return work
