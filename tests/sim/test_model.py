"""The model counts as a person with pen and paper would."""

from __future__ import annotations

from tests.sim.model import HOUR, MINUTE, Expected, cycles


def test_the_model_counts_an_hour_around_pauses() -> None:
    history = [
        (0, "new"),
        (30 * MINUTE, "on hold"),
        (90 * MINUTE, "in progress"),
        (125 * MINUTE, "resolved"),
        (130 * MINUTE, "closed"),
    ]
    spans = [[0, 30 * MINUTE], [90 * MINUTE, 125 * MINUTE]]
    (cycle,) = cycles(history, 200 * MINUTE)
    assert cycle == Expected(0, HOUR, spans, ended=125 * MINUTE)
    assert (cycle.state, cycle.half_at, cycle.breached_at) == ("missed", 30 * MINUTE, 120 * MINUTE)


def test_the_model_begins_anew_after_an_end() -> None:
    history = [(0, "new"), (10, "cancelled"), (20, "in progress"), (30, "resolved"), (40, "on hold")]
    assert [cycle.state for cycle in cycles(history, 50)] == ["cancelled", "met", "paused"]


def test_the_model_knows_nothing_of_what_comes_later() -> None:
    history = [(0, "new"), (50 * MINUTE, "on hold")]
    (cycle,) = cycles(history, 40 * MINUTE)
    assert (cycle.state, cycle.due, cycle.elapsed()) == ("running", HOUR, 40 * MINUTE)
