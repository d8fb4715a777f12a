"""The same runs over real sockets and threads, and on PostgreSQL: what virtual time and one thread could
hide."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from requests import Response

from connector.model.instant import HOUR, MINUTE
from connector.run import plan
from connector.sandbox.transport import SandboxAdapter
from connector.store import open_store
from connector.store.care import check
from connector.world import World
from tests.journeys.place import CONFIG, Place
from tests.store.places import store_url

__all__ = ["store_url"]


def test_threads_over_http_bring_everything_once(tmp_path: Path) -> None:
    """Thirty tickets in pages of five, several requests at a time, through a platform that stumbles."""
    place = Place(tmp_path / "site", config=CONFIG.replace("page_size: 20", "page_size: 5, workers: 4"))
    place.setup()
    tickets = [place.open(urgency="1", impact="1") for _ in range(30)]
    place.pass_(5 * MINUTE)
    with place.sandbox.serve() as server:
        config = (place.folder / "config.yaml").read_text().replace("http://localhost", server.url)
        (place.folder / "config.yaml").write_text(config)
        world = World(now=place.clock, sleep=lambda _s: None, environ=place.world.environ)
        place.sync(world)
        place.pass_(41 * MINUTE)
        for sys_id in tickets[:10]:
            place.change(sys_id, state="2")
        place.sandbox.faults.rates({"500": 0.1, "429": 0.1}, seed=3)
        summary = place.sync(world)
        place.sandbox.faults.clear()
        place.pass_(8 * MINUTE)  # what was unclear has settled by now
        place.sync(world)
    state = place.end_state()
    assert summary.sources[0].pulled.kinds["incident"].seen >= 30
    assert len(state["achievements"]) == 30
    assert len(state["notes"]) == 30
    assert set(state["notes"].values()) == {1}
    with closing(place.open_store()) as store:
        assert list(check(store)) == []


def test_a_site_may_keep_its_store_in_a_database_server(store_url: str, tmp_path: Path) -> None:
    place = Place(tmp_path / "site", config=CONFIG.replace("sqlite:///accord.db", store_url))
    place.setup()
    for _ in range(3):
        place.open(urgency="1", impact="1")
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(HOUR)
    foretold = plan(place.world, place.load())
    assert len(foretold.deliver_keys) == 12  # of each: achievement, fields, note and problem
    place.sync()
    place.sandbox.requests.clear()
    assert plan(place.world, place.load()).deliver_keys == []
    place.sync()
    assert place.writes_made() == 0
    with closing(open_store(store_url, place.world)) as store:
        assert list(check(store)) == []


def test_nul_characters_are_left_out_and_counted_whatever_the_store(store_url: str, tmp_path: Path) -> None:
    place = Place(tmp_path / "site", config=CONFIG.replace("sqlite:///accord.db", store_url))
    place.setup()
    place.open(short_description="prin\x00ter", category="hard\x00ware")
    sys_id = place.open(short_description="laptop")
    place.change(sys_id, short_description="lap\x00top", category="\x00", state="2")
    place.pass_(5 * MINUTE)
    summary = place.sync()
    assert summary.exit_code == 0
    assert "acme: NUL characters in 2 incident were left out" in list(summary.lines())
    place.sandbox.requests.clear()
    assert place.sync().sources[0].requests <= 3  # and they make nothing look changed


def test_two_runs_at_once_do_not_meet(tmp_path: Path) -> None:
    """While one run is at work, one that starts elsewhere finds the source taken and does nothing."""
    place = Place(tmp_path / "site")
    place.setup()
    place.open(urgency="1", impact="1")
    place.pass_(5 * MINUTE)
    elsewhere = replace(place.world, host="elsewhere", pid=2)
    met: list[int] = []

    class Meeting(SandboxAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Response:
            if not met:
                met.append(0)
                met[0] = place.sync(elsewhere).exit_code
            return super().send(*args, **kwargs)

    adapter = Meeting(place.sandbox, place.clock.sleep)
    summary = place.sync(replace(place.world, adapter=lambda _n: adapter))
    assert met == [3]
    assert summary.exit_code == 0
    assert len(place.end_state()["achievements"]) == 1
