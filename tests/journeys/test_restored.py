"""A store that is put back from a backup, by the commands an admin types: what was sent since is found on the
platform, and nothing is done twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connector import cli
from connector.model.instant import HOUR, MINUTE
from connector.store.care import check
from tests import elsewhere
from tests.journeys.place import CONFIG, Place

SCHEMA = f"accord_restored_{os.getpid()}"
SERVER = ("--host=127.0.0.1", "--username=postgres", "--dbname=test")


def story(place: Place, save: Callable[[], None], restore: Callable[[], None]) -> None:
    """Two tickets whose time runs out after the backup; the old store is put back when all has been told."""
    place.setup()
    for impact in "12":
        place.open(impact=impact, urgency=impact)
    place.sync()
    save()
    place.pass_(5 * HOUR)
    place.sync()
    before = place.end_state()
    assert (len(before["notes"]), len(before["problems"])) == (2, 1)
    restore()
    for _ in range(3):
        place.pass_(8 * MINUTE)
        place.sync()
    after = place.end_state()
    assert (after["notes"], after["problems"]) == (before["notes"], before["problems"])
    assert after["achievements"].keys() == before["achievements"].keys()


def test_a_file_put_back(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    store, copy = place.folder / "accord.db", tmp_path / "monday.db"

    def save() -> None:
        command = ["store", "backup", str(copy), "--config", str(place.folder / "config.yaml")]
        assert cli.main(command, world=place.world) == 0
        assert copy.stat().st_mode & 0o077 == 0

    def restore() -> None:
        for file in place.folder.glob("accord.db*"):
            file.unlink()
        shutil.copy(copy, store)

    story(place, save, restore)
    with closing(place.open_store()) as opened:
        assert list(check(opened)) == []


@pytest.mark.postgres
def test_a_dump_loaded_again(tmp_path: Path) -> None:
    """No `accord store doubt` is needed: the tables are others than those that were dumped."""
    server = elsewhere.server()
    if server is None or shutil.which("pg_dump") is None:
        pytest.skip(f"{elsewhere.ABSENT}, or there is no pg_dump")
    dump = tmp_path / "monday.sql"

    def save() -> None:
        subprocess.run(["pg_dump", *SERVER, f"--schema={SCHEMA}", f"--file={dump}"], check=True)

    def restore() -> None:
        drop()
        subprocess.run(["psql", *SERVER, "--quiet", f"--file={dump}"], check=True, capture_output=True)

    def drop() -> None:
        with server.begin() as connection:
            connection.exec_driver_sql(f"drop schema {SCHEMA} cascade")

    with server.begin() as connection:
        connection.exec_driver_sql(elsewhere.made_anew(SCHEMA))
    url = elsewhere.url_of(SCHEMA)
    try:
        place = Place(tmp_path / "site", config=CONFIG.replace("sqlite:///accord.db", url))
        story(place, save, restore)
    finally:
        drop()
