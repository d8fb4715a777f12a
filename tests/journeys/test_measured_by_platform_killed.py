"""A sync of what the platform measures may be killed at any moment too: nothing is lost or told twice."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from connector.model.instant import MINUTE
from connector.store.care import check
from tests.journeys.death import Life
from tests.journeys.place import Place
from tests.journeys.test_measured_by_platform import RULES, define
from tests.journeys.test_sync_killed_anywhere import recover, sync_within

POINTS = 6


def story(folder: Path, life: Life) -> Place:
    """Three tickets; when one has crossed lines, one was paused and one resolved, the sync lives so long."""
    place = Place(folder, rules=RULES.replace("NAME", "Resolve in 4 h"))
    place.setup()
    define(place)
    place.sync()
    tickets = [place.open() for _ in range(3)]
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(60 * MINUTE)
    place.change(tickets[1], state="3", hold_reason="1")
    place.change(tickets[2], state="6", close_code="Solution provided", close_notes="done")
    place.pass_(180 * MINUTE)
    sync_within(place, life)
    return place


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, int]:
    """The story without a death, and how many steps its sync takes."""
    life = Life()
    place = story(tmp_path_factory.mktemp("alive") / "site", life)
    recover(place)
    return place, life.steps


def test_the_story_has_something_to_lose(undisturbed: tuple[Place, int]) -> None:
    place, steps = undisturbed
    states = sorted(row["u_state"] for row in place.rows("u_accord_achievement"))
    assert (states, steps > 40) == (["met", "paused", "running"], True)
    assert sum(place.end_state()["notes"].values()) == 1  # of 75 % and the breach only the latest


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_anywhere_it_ends_as_if_nothing_had_happened(
    point: int, undisturbed: tuple[Place, int], tmp_path: Path
) -> None:
    expected, steps = undisturbed
    life = Life(ends_at=1 + point * steps // POINTS)
    place = story(tmp_path / "site", life)
    assert life.is_over
    recover(place)
    assert place.end_state() == expected.end_state()
    with closing(place.open_store()) as store:
        assert list(check(store)) == []
