"""A database server that ends our sessions in the middle of a run: that run says so and ends with 3, and the
next ones leave the desk as if nothing had happened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.errors import EXIT_PLATFORM, StoreFailed
from connector.model.instant import MINUTE
from connector.pull.stop import Stop
from connector.run import Options, run
from connector.store import open_store
from connector.store.care import check
from tests import elsewhere
from tests.journeys.place import CONFIG, Place

pytestmark = pytest.mark.postgres
SCHEMA = f"accord_lost_{os.getpid()}"
URL = f"{elsewhere.url_of(SCHEMA)}&application_name={SCHEMA}"

END_SESSIONS = f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{SCHEMA}'"


@pytest.fixture
def server() -> Iterator[sa.Engine]:
    found = elsewhere.server()
    if found is None:
        pytest.skip(elsewhere.ABSENT)
    with found.begin() as connection:
        connection.exec_driver_sql(elsewhere.made_anew(SCHEMA))
    yield found
    with found.begin() as connection:
        connection.exec_driver_sql(f"drop schema {SCHEMA} cascade")


def test_sessions_lost_at_any_commit_lose_nothing_else(server: sa.Engine, tmp_path: Path) -> None:
    place = Place(tmp_path / "site", config=CONFIG.replace("sqlite:///accord.db", URL))
    place.setup()
    place.sync()
    for impact in "123":
        place.open(impact=impact, urgency=impact)
    struck = 0
    for commit in range(1, 16):
        place.pass_(10 * MINUTE)
        struck += _run_that_loses_its_session(place, server, commit)
    assert struck >= 10
    for _ in range(2):
        place.pass_(50 * MINUTE)
        assert place.sync().exit_code == 0
    state = place.end_state()
    assert (len(state["achievements"]), len(state["problems"])) == (3, 1)
    assert sorted(state["notes"].values()) == [1] * 5  # one at 75 % and one at the end, but for the first
    with closing(open_store(URL, place.world)) as store:
        assert list(check(store)) == []


def _run_that_loses_its_session(place: Place, server: sa.Engine, at: int) -> bool:
    """A run whose server ends all sessions while it is about to commit the *at*-th time; whether it came to
    that."""
    commits = 0

    def operate(operation: str) -> None:
        nonlocal commits
        commits += operation == "commit"
        if operation == "commit" and commits == at:
            end = (
                f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{SCHEMA}'"
            )
            with server.begin() as connection:
                connection.exec_driver_sql(end)

    with closing(open_store(URL, place.world, on_operation=operate)) as store:
        commits = 0
        try:
            summary = run(store, place.load(), Options(), Stop(place.world), sends=True)
        except StoreFailed as failed:  # outside of any source
            return failed.exit_code == EXIT_PLATFORM
    if commits < at:
        assert summary.exit_code == 0
        return False
    assert summary.exit_code == EXIT_PLATFORM
    assert "the store cannot be used: " in (summary.sources[0].failed or "")
    return True
