"""JQL is built of escaped parts, and its dates never leave out what they should let in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import MINUTE, parse_instant, to_datetime
from connector.platforms.jira.jql import Dates, both, is_in, quoted
from connector.sandbox.jira.jql import parse


@given(st.text(st.characters(codec="utf-8", exclude_characters="\ud800"), min_size=1, max_size=40))
def test_a_value_stays_one_word_whatever_stands_in_it(value: str) -> None:
    written = quoted(value)
    inside = written[1:-1].replace("\\\\", "").replace('\\"', "")
    assert written[0] == written[-1] == '"'
    assert '"' not in inside
    assert not inside.endswith("\\")
    parse(f"summary ~ {written}", lambda name: name == "summary")


def test_conditions_are_kept_together() -> None:
    assert both("a = 1 OR b = 2", "", "c = 3") == "(a = 1 OR b = 2) AND (c = 3)"
    assert is_in("project", ["DESK", 'x") OR (1=1']) == 'project in ("DESK", "x\\") OR (1=1")'


def test_on_cloud_dates_are_milliseconds_and_know_no_zone() -> None:
    assert Dates().literal(1_732_877_091_123) == "1732877091123"


@given(
    st.integers(0, 2 * 10**12),
    st.sampled_from(["UTC", "Australia/Sydney", "America/New_York", "Asia/Kolkata"]),
)
def test_a_date_in_the_accounts_zone_is_never_later_than_meant(at: int, name: str) -> None:
    zone = ZoneInfo(name)
    written = Dates(zone).literal(at).strip('"')
    for fold in (0, 1):  # whichever way the site reads an hour that comes twice
        read = to_datetime(0).strptime(written, "%Y/%m/%d %H:%M").replace(tzinfo=zone, fold=fold)
        assert read.timestamp() * 1000 <= at
        assert at - read.timestamp() * 1000 <= 121 * MINUTE


@pytest.mark.parametrize("at", ["2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"])
def test_the_hour_that_comes_twice_begins_an_hour_earlier(at: str) -> None:
    sydney = Dates(ZoneInfo("Australia/Sydney"))
    assert sydney.literal(parse_instant(at)) in ('"2026/04/05 01:30"', '"2026/04/05 02:30"')
