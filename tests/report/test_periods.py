"""Periods tile time without gaps, in local days, and can be called by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.evaluate.periods import Rhythm
from connector.model.instant import DAY, HOUR, parse_instant

ZONES = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
INSTANTS = st.integers(parse_instant("1990-01-01T00:00:00Z"), parse_instant("2040-01-01T00:00:00Z"))
FIXED = st.sampled_from(["day", "week", "month", "quarter", "year"])
ROLLING = st.sampled_from(["rolling 30d", "rolling 1d", "rolling 12 months", "rolling 1 month"])


@given(FIXED, ZONES, st.integers(1, 28), INSTANTS)
def test_every_instant_lies_in_exactly_one_period(per: str, zone: str, starts: int, at: int) -> None:
    rhythm = Rhythm(per, zone, starts)
    span = rhythm.containing(at)
    assert span.start <= at < span.end
    assert rhythm.containing(span.start) == span == rhythm.containing(span.end - 1)


@given(FIXED, ZONES, st.integers(1, 28), INSTANTS)
def test_periods_follow_one_another_without_gap_or_overlap(per: str, zone: str, starts: int, at: int) -> None:
    rhythm = Rhythm(per, zone, starts)
    span = rhythm.containing(at)
    former = rhythm.before(span, 3)
    assert [one.end for one in former] == [one.start for one in (*former[1:], span)]
    assert list(rhythm.within(former[0].start, span.end)) == [*former, span]


@given(st.one_of(FIXED, ROLLING), ZONES, st.integers(1, 28), INSTANTS)
def test_a_period_is_found_again_by_its_name(per: str, zone: str, starts: int, at: int) -> None:
    rhythm = Rhythm(per, zone, starts)
    span = rhythm.containing(at)
    assert rhythm.named(span.name) == span


@given(ROLLING, ZONES, INSTANTS)
def test_a_rolling_window_ends_with_the_local_day_and_former_ones_do_not_overlap(
    per: str, zone: str, at: int
) -> None:
    rhythm = Rhythm(per, zone)
    span = rhythm.containing(at)
    assert span.start <= at < span.end <= at + DAY + HOUR
    assert rhythm.before(span, 2)[-1].end == span.start


@pytest.mark.parametrize(
    ("per", "starts", "at", "name", "start", "end"),
    [
        ("month", 1, "2026-10-31T23:30:00Z", "2026-10", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z"),
        ("month", 15, "2026-10-14T12:00:00Z", "2026-09", "2026-09-14T23:00:00Z", "2026-10-14T23:00:00Z"),
        ("week", 1, "2026-01-01T12:00:00Z", "2026-W01", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("quarter", 1, "2026-05-05T00:00:00Z", "2026-Q2", "2026-03-31T23:00:00Z", "2026-06-30T23:00:00Z"),
        ("quarter", 15, "2026-04-05T00:00:00Z", "2026-Q1", "2026-01-15T00:00:00Z", "2026-04-14T23:00:00Z"),
        ("year", 1, "2026-05-05T00:00:00Z", "2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("day", 1, "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
        (
            "rolling 30d",
            1,
            "2026-10-30T12:00:00Z",
            "2026-10-30/30d",
            "2026-09-30T23:00:00Z",
            "2026-10-31T00:00:00Z",
        ),
        (
            "rolling 12 months",
            1,
            "2026-02-28T12:00:00Z",
            "2026-02-28/12m",
            "2025-03-01T00:00:00Z",
            "2026-03-01T00:00:00Z",
        ),
    ],
)
def test_a_period_is_a_span_of_london_days(
    per: str, starts: int, at: str, name: str, start: str, end: str
) -> None:
    span = Rhythm(per, "Europe/London", starts).containing(parse_instant(at))
    assert (span.name, span.start, span.end) == (name, parse_instant(start), parse_instant(end))


@pytest.mark.parametrize("name", ["2026-13", "October", "2026", "2026-W40", ""])
def test_a_wrong_name_is_told_how_to_write_it(name: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-10"):
        Rhythm("month", "UTC").named(name)
