"""Which cycles count in a period, and what the figure says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.evaluate.objectives import Fact, figure, in_force, percent, tallies
from connector.evaluate.periods import Rhythm
from connector.model.instant import HOUR, parse_instant
from connector.model.period import Figure
from connector.rules.rulebook import Agreement, ExcludeRow, Objective
from tests.report.builders import PLACE, agreement, at_least, fact, is_one_of, objective

OCTOBER = Rhythm("month", "UTC").named("2026-10")
NOVEMBER_2 = parse_instant("2026-11-02T09:00:00Z")


def figures(
    promise: Objective, *facts: Fact, at: int = NOVEMBER_2, by: Agreement | None = None
) -> list[Figure]:
    by = by or agreement(promise)
    return [figure(by, promise, tally, OCTOBER, at) for tally in tallies(by, promise, facts, OCTOBER)]


def only(promise: Objective, *facts: Fact, at: int = NOVEMBER_2) -> Figure:
    (found,) = figures(promise, *facts, at=at)
    return found


def test_the_share_is_of_met_among_met_and_missed() -> None:
    found = only(objective(), fact("A"), fact("B"), fact("C", "missed", hours=5))
    assert (found.value, found.denominator, found.missed_keys) == (Fraction(2, 3), 3, ("C",))


def test_a_breach_counts_in_its_period_though_the_ticket_is_still_open() -> None:
    found = only(objective(), fact("A", "running", hours=9))
    assert (found.numerator, found.denominator, found.state) == (0, 1, "missed")


def test_a_breach_counts_where_it_happened_not_where_the_cycle_ended() -> None:
    late = fact("A", "missed", hours=5, ended=parse_instant("2026-11-01T10:00:00Z"))
    assert only(objective(), late).denominator == 1
    assert only(objective(counted_by="ended"), late).denominator == 0


def test_counted_by_started_puts_a_cycle_where_it_began() -> None:
    began_in_september = fact("A", at="2026-10-01T00:30:00Z")
    assert only(objective(), began_in_september).denominator == 1
    assert only(objective(counted_by="started"), began_in_september).denominator == 0


@pytest.mark.parametrize("state", ["cancelled", "reset"])
def test_cancelled_and_reset_cycles_do_not_count(state: str) -> None:
    assert only(objective(), fact("A", state)).denominator == 0


def test_an_open_cycle_in_its_time_does_not_count_yet() -> None:
    assert only(objective(), fact("A", "paused")).denominator == 0


def test_best_effort_cycles_are_told_apart_and_not_counted() -> None:
    found = only(objective(), fact("A", time=None), fact("B"))
    assert (found.denominator, found.without_target) == (1, 1)


def test_excluded_cycles_are_counted_by_reason_only() -> None:
    row = ExcludeRow(is_one_of("category", "drill"), "a drill", PLACE)
    found = only(
        objective(exclude=(row,)),
        fact("A"),
        fact("B", "missed", hours=9, excluded="not an incident"),
        fact("C", values={"category": "Drill"}),
    )
    assert (found.denominator, found.excluded) == (1, {"not an incident": 1, "a drill": 1})


def test_the_period_begins_and_ends_sharply() -> None:
    at = (
        "2026-09-30T23:59:59.999Z",
        "2026-10-01T00:00:00Z",
        "2026-10-31T23:59:59.999Z",
        "2026-11-01T00:00:00Z",
    )
    found = only(objective(counted_by="ended"), *(fact(str(i), at=one) for i, one in enumerate(at)))
    assert found.denominator == 2


def test_where_chooses_cycles_by_their_values() -> None:
    promise = objective(where=is_one_of("priority", 1, 2))
    assert only(promise, *(fact(str(p), values={"priority": p}) for p in (1, 2, 3))).denominator == 2


def test_each_gives_a_figure_for_every_value_met_numbers_by_size_and_empty_last() -> None:
    values: list[object] = [10, 2, None, 2]
    found = figures(
        objective(each="priority"), *(fact(str(i), values={"priority": v}) for i, v in enumerate(values))
    )
    assert [(one.each, one.denominator) for one in found] == [("2", 2), ("10", 1), ("", 1)]


def test_listed_values_are_shown_without_records_too_and_others_not() -> None:
    promise = objective(each="location", each_values=("eu", "us"))
    found = figures(promise, fact("A", values={"location": "EU"}), fact("B", values={"location": "asia"}))
    assert [(one.each, one.denominator, one.state) for one in found] == [
        ("eu", 1, "met"),
        ("us", 0, "no_data"),
    ]


def test_the_first_bound_whose_condition_holds_is_promised() -> None:
    promise = objective(
        each="priority", at_least=(at_least("0.98", is_one_of("priority", 1)), at_least("0.5"))
    )
    found = figures(promise, fact("A", values={"priority": 1}), fact("B", values={"priority": 2}))
    assert [one.bound for one in found] == [Fraction("0.98"), Fraction("0.5")]


def test_a_value_without_a_bound_is_no_verdict() -> None:
    promise = objective(each="priority", at_least=(at_least("0.98", is_one_of("priority", 1)),))
    assert [one.state for one in figures(promise, fact("A", values={"priority": 2}))] == ["none"]


@pytest.mark.parametrize(("met", "missed", "verdict"), [(19, 1, "met"), (18, 1, "missed"), (0, 0, "no_data")])
def test_the_bound_itself_is_kept(met: int, missed: int, verdict: str) -> None:
    facts = [fact(f"M{i}") for i in range(met)] + [fact(f"X{i}", "missed", hours=9) for i in range(missed)]
    assert only(objective(), *facts).state == verdict


def test_too_few_cycles_are_no_data_unless_empty_says_met() -> None:
    facts = [fact("A"), fact("B", "missed", hours=9)]
    assert only(objective(min_count=3), *facts).state == "no_data"
    assert only(objective(min_count=3, empty="met"), *facts).state == "met"


def test_allow_missed_keeps_the_promise_for_small_numbers() -> None:
    facts = [fact("A"), fact("B", "missed", hours=9)]
    assert only(objective(allow_missed=1), *facts).state == "met"
    assert only(objective(allow_missed=1), *facts, fact("C", "missed", hours=9)).state == "missed"


def test_a_value_between_bound_and_warning_is_met_but_warned() -> None:
    facts = [fact(f"M{i}") for i in range(97)] + [fact(f"X{i}", "missed", hours=9) for i in range(3)]
    found = only(objective(warn=Fraction(99, 100)), *facts)
    assert (found.state, found.warned) == ("met", True)
    assert not only(objective(warn=Fraction(99, 100)), *facts[:97]).warned


def test_counting_tickets_takes_one_answer_each_missed_if_any_cycle_was() -> None:
    facts = [
        fact("A"),
        fact("A", "missed", hours=9, number=2),
        fact("A", number=3),
        fact("B"),
        fact("B", number=2),
    ]
    found = only(objective(count="tickets"), *facts)
    assert (found.numerator, found.denominator) == (1, 2)


def test_of_a_total_only_the_last_cycle_of_a_ticket_counts() -> None:
    by = agreement()
    by = replace(by, targets={"resolution": replace(by.targets["resolution"], measure="total")})
    facts = [fact("A"), fact("A", "missed", hours=9, number=2)]
    (found,) = figures(objective(), *facts, by=by)
    assert (found.numerator, found.denominator) == (0, 1)


def test_cycles_of_other_targets_do_not_count() -> None:
    assert only(objective(), fact("A", target="response")).denominator == 0


def test_before_its_end_a_period_is_open_and_tells_how_it_stands() -> None:
    found = only(objective(), fact("A", "missed", hours=9), at=OCTOBER.end - 1)
    assert (found.state, found.standing) == ("open", "missed")
    assert only(objective(), fact("A", "missed", hours=9), at=OCTOBER.end).state == "missed"


def test_the_version_at_the_last_instant_rules_the_period() -> None:
    middle = parse_instant("2026-10-15T00:00:00Z")
    old = agreement(version=1, valid_until=middle)
    new = agreement(version=2, valid_from=middle)
    assert in_force([old, new], OCTOBER) is new
    assert in_force([old, new], Rhythm("month", "UTC").named("2026-09")) is old
    assert in_force([old], Rhythm("month", "UTC").named("2026-12")) is None


def test_the_mean_is_of_ended_cycles_only_and_exact() -> None:
    promise = objective(measure="mean", at_least=(), at_most=(at_least(str(2 * HOUR)),))
    facts = [
        fact("A", hours=1),
        fact("B", hours=2),
        fact("C", "missed", hours=5),
        fact("D", "running", hours=99),
    ]
    found = only(promise, *facts)
    assert (found.value, found.denominator, found.state) == (Fraction(8 * HOUR, 3), 3, "missed")
    assert only(promise, *facts[:2]).state == "met"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.sampled_from([1, 50, 90, 95, 100]))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(hours: list[int], rank: int) -> None:
    promise = objective(measure="percentile", of=Fraction(rank), settings={"of": "resolution"}, at_least=())
    value = only(promise, *(fact(str(i), hours=h, time=999) for i, h in enumerate(hours))).value
    assert value is not None
    at_or_below = [h for h in hours if h * HOUR <= value]
    below = [h for h in hours if h * HOUR < value]
    assert len(at_or_below) * 100 >= rank * len(hours) > len(below) * 100


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("1", "100 %"),
        ("0.9499", "94.99 %"),
        ("0.95", "95 %"),
        ("0.955", "95.5 %"),
        ("1/3", "33.33 %"),
        ("0", "0 %"),
    ],
)
def test_values_are_printed_cut(value: str, printed: str) -> None:
    assert percent(Fraction(value)) == printed


@given(st.fractions(0, 1), st.fractions(0, 1))
def test_a_printed_value_never_looks_better_than_it_is(value: Fraction, bound: Fraction) -> None:
    shown = Fraction(percent(value).removesuffix(" %")) / 100
    assert shown <= value < shown + Fraction(1, 10_000)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["met", "missed", "running", "cancelled"]), st.integers(1, 4), st.booleans()
        )
    )
)
def test_every_decided_cycle_is_counted_once_or_excluded_once(drawn: list[tuple[str, int, bool]]) -> None:
    facts = [
        fact(
            str(i),
            state,
            hours=9 if state == "missed" else 1,
            values={"priority": p},
            excluded="x" if ex else None,
        )
        for i, (state, p, ex) in enumerate(drawn)
    ]
    decided = [one for one in drawn if one[0] in ("met", "missed")]
    found = figures(objective(each="priority"), *facts)
    assert sum(one.denominator for one in found) == len([one for one in decided if not one[2]])
    assert sum(one.excluded.get("x", 0) for one in found) == len([one for one in decided if one[2]])
    assert sum(one.numerator for one in found) == len(
        [one for one in decided if not one[2] and one[0] == "met"]
    )
