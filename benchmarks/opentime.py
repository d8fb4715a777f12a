"""Open time between pairs of instants: against timegrid (Rust, compiled timeline) and businesstimedelta."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
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


Work = Callable[[], np.ndarray]
MANY, FEW = 20_000, 200  # pairs for those that are asked one by one
BATCH = 16_384  # as many at once as stay in the processor's cache


def run() -> None:
    """Print nanoseconds a pair of each, and how many times slower than Accord the others are."""
    begin, end = pairs(1_000_000)
    hours = Hours(Calendar("office", "UTC", (((540, 1020),),) * 5 + ((), ()), holidays=HOLIDAYS), "UTC")
    print("open time between two instants (Monday to Friday 9 to 17, holidays, 5 years, up to 30 days apart)")
    length = _compared(
        lambda: _by_batches(lambda part: hours.upto(end[part]) - hours.upto(begin[part]), len(begin)),
        timegrid_of(begin[:MANY], end[:MANY]),
        businesstimedelta_of(begin[:FEW], end[:FEW]),
        len(begin),
    )
    some = np.flatnonzero(length >= 2_000)  # half of it ends within open hours
    begin, half = begin[some], length[some] // 2_000 * 1_000
    print("due instants: so much open time later, on the same pairs (half of the time between them)")
    _compared(
        lambda: _by_batches(
            lambda part: hours.reaching(hours.upto(begin[part]) + half[part], begin[part]), len(begin)
        ),
        due_by_timegrid(begin[:MANY], half[:MANY]),
        due_by_businesstimedelta(begin[:FEW], half[:FEW]),
        len(begin),
    )


def _compared(accord: Work, rust: Work, python: Work, count: int) -> np.ndarray:
    ours, found = timed(accord)
    by_rust, rust_found = timed(rust)
    by_python, python_found = timed(python, times=1)
    assert (found[: len(rust_found)] == rust_found).all(), "timegrid disagrees"
    assert (found[: len(python_found)] == python_found).all(), "businesstimedelta disagrees"
    ours, by_rust, by_python = ours / count, by_rust / len(rust_found), by_python / len(python_found)
    print(f"  accord             {ours * 1e9:12.1f} ns a pair")
    print(f"  timegrid           {by_rust * 1e9:12.1f} ns a pair  {by_rust / ours:10,.0f} × accord's")
    print(f"  businesstimedelta  {by_python * 1e9:12.1f} ns a pair  {by_python / ours:10,.0f} × accord's")
    return found


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of instants up to 30 days apart."""
    chance = np.random.default_rng(1)
    begin = from_datetime(BEGIN) + chance.integers(0, 4 * 365 * DAY // 1_000, count) * 1_000
    return begin, begin + chance.integers(0, 30 * DAY // 1_000, count) * 1_000


def timed(work: Work, times: int = 10) -> tuple[float, np.ndarray]:
    """The best of some runs, in processor seconds (others may use the machine), and what came out."""
    best, found = float("inf"), np.empty(0)
    for _ in range(times):
        begun = time.process_time()
        found = work()
        best = min(best, time.process_time() - begun)
    return best, found


def _by_batches(ask: Callable[[slice], np.ndarray], count: int) -> np.ndarray:
    return np.concatenate([ask(slice(start, start + BATCH)) for start in range(0, count, BATCH)])


def _calendar() -> TimeGridCalendar:
    calendar = TimeGridCalendar.weekdays(clock(9), clock(17))
    for day in HOLIDAYS:
        calendar = calendar.close(day)
    return calendar


def timegrid_of(begin: np.ndarray, end: np.ndarray) -> Work:
    """By timegrid's compiled timeline, a call a pair: it has none for many. Datetimes are made beforehand."""
    timeline = _calendar().compile(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None))
    pairs_ = list(zip(_plain(begin), _plain(end), strict=True))

    def work() -> np.ndarray:
        worked = [timeline.get_working_duration(a, b) for a, b in pairs_]
        return np.array([length.total_seconds() * 1_000 for length in worked])

    return work


def due_by_timegrid(begin: np.ndarray, length: np.ndarray) -> Work:
    """By timegrid's calendar, a call a pair: its compiled timeline has no due instants."""
    calendar = _calendar()
    pairs_ = list(zip(_plain(begin), _lengths(length), strict=True))

    def work() -> np.ndarray:
        due = [calendar.add_work_duration(a, b) for a, b in pairs_]
        return np.array([from_datetime(at.replace(tzinfo=UTC)) for at in due])

    return work


def _rules() -> businesstimedelta.Rules:
    day = businesstimedelta.WorkDayRule(
        start_time=clock(9), end_time=clock(17), working_days=[0, 1, 2, 3, 4], tz=pytz.utc
    )
    closed = businesstimedelta.HolidayRule(dict.fromkeys(HOLIDAYS, "holiday"), tz=pytz.utc)
    return businesstimedelta.Rules([day, closed])


def businesstimedelta_of(begin: np.ndarray, end: np.ndarray) -> Work:
    """By businesstimedelta, likewise."""
    rules = _rules()
    local = [[pytz.utc.localize(at) for at in _plain(column)] for column in (begin, end)]

    def work() -> np.ndarray:
        worked = [rules.difference(a, b) for a, b in zip(*local, strict=True)]
        return np.array([length.hours * HOUR + length.seconds * 1_000 for length in worked])

    return work


def due_by_businesstimedelta(begin: np.ndarray, length: np.ndarray) -> Work:
    """By businesstimedelta, likewise."""
    rules = _rules()
    local = [pytz.utc.localize(at) for at in _plain(begin)]
    lengths = [businesstimedelta.BusinessTimeDelta(rules, timedelta=each) for each in _lengths(length)]

    def work() -> np.ndarray:
        return np.array([from_datetime(at + each) for at, each in zip(local, lengths, strict=True)])

    return work


def _plain(instants: np.ndarray) -> list[datetime]:
    return [to_datetime(at).replace(tzinfo=None) for at in instants.tolist()]


def _lengths(lengths: np.ndarray) -> list[timedelta]:
    return [timedelta(milliseconds=each) for each in lengths.tolist()]
