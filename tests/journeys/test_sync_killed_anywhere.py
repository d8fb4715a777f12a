"""A sync may be killed at any moment: the next one goes on, and the desk ends up as if nothing had
happened."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from connector.model.instant import MINUTE
from connector.pull.stop import Stop
from connector.run import Options, run
from connector.store import open_store
from connector.store.care import check
from tests.journeys.death import Life, mortal
from tests.journeys.place import Place
from tests.pull.site import Killed

pytestmark = pytest.mark.both_stores

POINTS = 20


def story(folder: Path, life: Life) -> Place:
    """Five tickets known since the morning; by ten some have crossed lines, and the sync at ten lives so
    long."""
    place = Place(folder)
    place.setup()
    tickets = [place.open(urgency=str(1 + n % 3), impact=str(1 + n % 3)) for n in range(5)]
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(50 * MINUTE)
    place.change(tickets[1], state="2")
    place.change(tickets[2], state="6", close_code="Solution provided", close_notes="done")
    place.open(urgency="1", impact="1")
    place.pass_(15 * MINUTE)
    sync_within(place, life)
    return place


def sync_within(place: Place, life: Life) -> None:
    """One run of a process that lives as long as *life*."""
    world = mortal(place.world, life)
    try:
        with closing(
            open_store(f"sqlite:///{place.folder / 'accord.db'}", world, on_operation=life.step)
        ) as store:
            run(store, place.load(), Options(), Stop(world), sends=True)
    except Killed:
        assert life.is_over


def recover(place: Place) -> None:
    """Two ordinary runs, far enough apart for what was unclear to settle."""
    for _ in range(2):
        place.pass_(8 * MINUTE)
        summary = place.sync()
        assert summary.exit_code in (0, 4), "\n".join(summary.lines())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, int]:
    """The story without a death, and how many steps its sync takes."""
    life = Life()
    place = story(tmp_path_factory.mktemp("alive") / "site", life)
    recover(place)
    return place, life.steps


@pytest.mark.parametrize("point", range(POINTS))
def test_a_sync_killed_anywhere_ends_as_one_that_was_not(
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


def test_the_story_has_something_to_lose(undisturbed: tuple[Place, int]) -> None:
    place, steps = undisturbed
    state = place.end_state()
    assert steps > 60
    assert len(state["achievements"]) == 6
    assert len(state["notes"]) == 2
    assert len(state["problems"]) == 2
