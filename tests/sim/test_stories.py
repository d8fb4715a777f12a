"""Random stories end well, are the same when told again, and would be found out if they did not."""

from __future__ import annotations

import pytest

from tests.sim.model import HOUR, Expected, cycles
from tests.sim.story import tell

SEEDS = 100  # `make simulate SEEDS=2000` tells more
PARTS = 20


@pytest.mark.parametrize("part", range(PARTS))
def test_random_stories_end_as_they_must(part: int) -> None:
    """However runs fail and die, in the end every due effect is there once and none that is not due."""
    for seed in range(part, SEEDS, PARTS):
        story = tell(seed)
        assert not story.wrong, f"\n{story}\nplay it again: python -m tests.sim --seed {seed}"


def test_a_seed_tells_the_same_story_again() -> None:
    assert str(tell(3)) == str(tell(3))


def test_the_model_counts_an_hour_around_pauses() -> None:
    minute = HOUR // 60
    history = [(0, "1"), (30 * minute, "3"), (90 * minute, "2"), (125 * minute, "6"), (130 * minute, "7")]
    assert cycles(history, 200 * minute) == [
        Expected(0, [[0, 30 * minute], [90 * minute, 125 * minute]], ended=125 * minute)
    ]
    (cycle,) = cycles(history, 200 * minute)
    assert (cycle.state, cycle.half_at, cycle.breached_at) == ("missed", 30 * minute, 120 * minute)


def test_the_model_begins_anew_after_an_end() -> None:
    states = [cycle.state for cycle in cycles([(0, "1"), (10, "8"), (20, "2"), (30, "6"), (40, "3")], 50)]
    assert states == ["cancelled", "met", "paused"]
