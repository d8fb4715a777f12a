"""Objectives, credits and reviews as the rulebook keeps them. What is refused in them: `wrong/objectives`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from connector.model.instant import DAY, HOUR, MINUTE
from connector.rules.rulebook import Agreement, Objective
from tests.rules.given import MINIMAL, agreement, spelt


def objective(text: str) -> Objective:
    """The objective written as the flow mapping *text*."""
    return agreement(f"{MINIMAL}objectives: {{o: {text}}}\n").objectives["o"]


def test_attained_is_the_share_of_a_targets_cycles() -> None:
    found = objective(
        "{attained: resolution, where: {priority: [1, 2]}, each: priority, per: quarter, starts: 15, "
        "at_least: [{when: {priority: 1}, is: 98%}, {is: 95%}], warn: 99.5%, min_count: 10, allow_missed: 1, "
        "empty: met, count: tickets, counted_by: started}"
    )
    assert (found.measure, found.of, found.per, found.starts) == ("attained", "resolution", "quarter", 15)
    assert (spelt(found.where), found.each, found.warn) == (
        {"priority": ["1", "2"]},
        "priority",
        Fraction(199, 200),
    )
    assert [(spelt(b.when) if b.when else None, b.value) for b in found.at_least] == [
        ({"priority": "1"}, Fraction(49, 50)),
        (None, Fraction(19, 20)),
    ]
    assert (found.min_count, found.allow_missed, found.empty) == (10, 1, "met")
    assert (found.count, found.counted_by) == ("tickets", "started")


def test_the_values_of_each_may_be_listed() -> None:
    found = objective("{attained: resolution, each: {location: [EU, us]}, at_least: 95%}")
    assert (found.each, found.each_values) == ("location", ("EU", "us"))


@pytest.mark.parametrize(
    ("text", "of", "settings", "bound"),
    [
        ("mean: resolution, at_most: 3h", "resolution", {}, Fraction(3 * HOUR)),
        ("percentile: 90, of: resolution, at_most: 6h", 90, {"of": "resolution"}, Fraction(6 * HOUR)),
        (
            "score: satisfaction.rating, at_most: 4.2",
            "satisfaction.rating",
            {"record": ("satisfaction",), "field": "rating"},
            Fraction(21, 5),
        ),
        (
            "metric: batch.minutes, aggregate: p95, at_most: 90",
            "batch.minutes",
            {"aggregate": "p95"},
            Fraction(90),
        ),
        (
            "availability: payroll, at_most: 99.9%",
            "payroll",
            {"record": ("outage",), "down": None},
            Fraction(999, 1000),
        ),
    ],
)
def test_every_measure_keeps_what_it_needs(
    text: str, of: Any, settings: dict[str, Any], bound: Fraction
) -> None:
    found = objective(f"{{{text}}}")
    assert (found.measure, found.of, found.settings) == (text.partition(":")[0], of, settings)
    assert [each.value for each in found.at_most] == [bound]


def test_a_share_is_of_records_of_any_kind() -> None:
    found = objective("{share: {known_error: true}, record: problem, at_most: 5%}")
    assert spelt(found.of) == {"known_error": "true"}
    assert found.settings == {"record": ("problem",)}


def test_availability_may_be_read_from_tickets() -> None:
    found = objective(
        "{availability: {record: incident, where: {priority: 1}, down: {state: {not_in: [resolved]}}}}"
    )
    assert found.of is None
    assert spelt(found.where) == {"priority": "1"}
    assert found.settings["record"] == ("incident",)
    assert spelt(found.settings["down"]) == {"state": {"not_in": ["resolved"]}}


def test_outages_may_be_excluded_by_their_own_fields() -> None:
    found = objective(
        "{availability: payroll, at_least: 99.9%, shorter_than: 1m, and: {downtime: {lt: 10m, ge: 0s}}, "
        "exclude: [{when: {planned: true, notice: {ge: 48h}}, reason: announced}]}"
    )
    (row,) = found.exclude
    assert (spelt(row.when), row.reason) == ({"planned": "true", "notice": {"ge": "48h"}}, "announced")
    assert found.settings["shorter_than"] == MINUTE
    assert found.settings["and"] == {"downtime": (("lt", 10 * MINUTE), ("ge", 0))}


def test_credit_bands_are_shares_and_percents() -> None:
    found = objective(
        "{attained: resolution, credit: {bands: [{below: 95%, percent: 5}, {below: 90%, percent: 10.5}]}}"
    )
    assert found.settings["credit"] == {
        "bands": (
            {"below": Fraction(19, 20), "percent": Fraction(5)},
            {"below": Fraction(9, 10), "percent": Fraction(21, 2)},
        )
    }


def test_a_missed_objective_may_create_records_after_several_misses() -> None:
    found = objective(
        "{attained: resolution, missed: [{create: improvement_input}, {create: change, after: 3 in a row}]}"
    )
    assert [(each.create, each.after_in_a_row) for each in found.missed] == [
        ("improvement_input", 1),
        ("change", 3),
    ]


def with_terms(text: str) -> Agreement:
    return agreement(MINIMAL + text)


def test_credits_keep_fees_caps_and_deadlines() -> None:
    found = with_terms(
        "credits: {fee: {eu: 1000.50 EUR, us: 2000 EUR}, per: month, cap: [{percent: 20, per: month}, "
        "{percent: 10, per: rolling 12 months}], minimum: 1.00, claim_within: 30d, "
        "responsible: {field: responsible_party}}\n"
    ).credits
    assert found == {
        "fee": {"eu": Fraction(2001, 2), "us": Fraction(2000)},
        "currency": "EUR",
        "per": "month",
        "cap": ({"percent": 20, "per": "month"}, {"percent": 10, "per": "rolling 12 months"}),
        "minimum": 1,
        "claim_within": 30 * DAY,
        "per_event": "highest",
        "responsible": "responsible_party",
    }
    single = with_terms("credits: {fee: 12000 EUR, per_event: sum}\n").credits
    assert single is not None
    assert (single["fee"], single["per_event"]) == (12000, "sum")


def test_a_review_has_its_rhythm_and_its_occasions() -> None:
    found = with_terms("review: {every: quarter, on: 3rd business day, also: {missed: 2 in a row}}\n").review
    assert found == {"every": "quarter", "on": {"nth": 3, "business": True}, "attendees": (), "missed": 2}
