"""The same story on a store in a file and on one in PostgreSQL ends the same on the platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.model.instant import MINUTE
from connector.run import Options, plan
from connector.store import open_store
from connector.store.care import check
from tests.elsewhere import Elsewhere
from tests.journeys.death import Life, mortal
from tests.journeys.place import Place
from tests.pull.site import Killed


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files lie in PostgreSQL, where one runs on this machine."""
    try:
        place = Elsewhere()
        place.url("sqlite:////probe")
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL answers at 127.0.0.1:5432 (database `test`, user `postgres`)")
    monkeypatch.setattr(sa, "make_url", place.url)
    yield
    place.clear()


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


def test_a_file_keeps_what_it_should(tmp_path: Path) -> None:
    end, broken = told(tmp_path / "file")
    assert broken == []
    assert (len(end["achievements"]), len(end["problems"])) == (3, 1)


@pytest.mark.postgres
def test_postgresql_keeps_the_same(tmp_path: Path, postgres: None) -> None:
    end, broken = told(tmp_path / "server")
    assert broken == []
    assert (len(end["achievements"]), len(end["problems"])) == (3, 1)
    assert sorted(end["notes"].values()) == [1] * len(end["notes"])
