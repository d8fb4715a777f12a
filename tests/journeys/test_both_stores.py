"""The same story on a store in a file and on one in PostgreSQL ends the same on the platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.model.instant import MINUTE
from connector.run import Options, plan
from connector.store import open_store
from connector.store.care import check
from tests.journeys.death import Life, mortal
from tests.journeys.place import Place
from tests.pull.site import Killed


def told(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Three tickets, one late, a plan in between, and runs that are killed on the way: the end at the desk,
    and what is wrong in the store."""
    place = Place(folder)
    place.setup()
    place.sync()
    for impact in "123":
        place.open(impact=impact, urgency=impact)
    deaths = 0
    for step in (3, 9, 15, 21):
        place.pass_(16 * MINUTE)
        plan(place.world, place.load(), Options())
        try:
            place.sync(mortal(place.world, Life(ends_at=step)))
        except Killed:
            deaths += 1
    assert deaths >= 2
    for _ in range(3):
        place.pass_(20 * MINUTE)
        place.sync()
    store = open_store(f"sqlite:///{folder / 'accord.db'}", place.world)
    broken = [str(one) for one in check(store)]
    store.close()
    return place.end_state(), broken


@pytest.mark.both_stores
def test_deaths_leave_the_desk_as_it_must_be(tmp_path: Path) -> None:
    end, broken = told(tmp_path / "site")
    assert broken == []
    assert (len(end["achievements"]), len(end["problems"])) == (3, 1)
    assert sorted(end["notes"].values()) == [1] * len(end["notes"])
