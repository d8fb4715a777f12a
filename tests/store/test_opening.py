"""Opening a store: made where there is none, brought up to date, refused where it could not be kept safe."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from connector.errors import AccordError, StoreFailed
from connector.store import about, open_store, outbox, sqlite
from connector.store.schema import VERSION, metadata
from connector.world import World
from tests.store.places import OpenStore


def test_the_migrations_make_the_schema_as_it_is_written(open_place: OpenStore) -> None:
    store = open_place(World())
    with store.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == VERSION


def test_every_index_and_table_is_as_it_is_written(open_place: OpenStore) -> None:
    """What the comparison above does not look at: partial indexes, and tables without row ids."""
    store = open_place(World())
    with store.read() as tx:
        found = sa.inspect(tx)
        for table in metadata.sorted_tables:
            names = {index["name"] for index in found.get_indexes(table.name)}
            assert names == {index.name for index in table.indexes}
        if store.dialect == "sqlite":
            rows = tx.exec_driver_sql("select name, sql from sqlite_master").all()
            made = {name: sql or "" for name, sql in rows}
            assert "WITHOUT ROWID" in made["tickets"]
            assert "dirty = 1" in made["tickets_dirty"]


def test_a_store_of_a_newer_version_is_refused(open_place: OpenStore, store_url: str) -> None:
    store = open_place(World())
    with store.begin() as tx:
        tx.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(AccordError, match=r"written by a newer version of Accord .*9999.*update Accord"):
        open_store(store_url, World())


def test_two_programs_may_make_the_same_store_at_once(store_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _n: open_store(store_url, World()), range(4)))
    for store in stores:
        with store.read() as tx:
            assert tx.exec_driver_sql("select count(*) from alembic_version").scalar() == 1
        store.close()


@pytest.mark.file
def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    path.touch(mode=0o644)
    store = open_store(f"sqlite:///{path}", World())
    with store.begin():
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    store.close()
    assert modes == {0o600}


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_file_on_a_network_is_refused(kind: str, tmp_path: Path) -> None:
    share = tmp_path / "the share"
    share.mkdir()
    mounts = tmp_path / "mounts"
    written = str(share).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {written} {kind} rw 0 0\n")
    with pytest.raises(AccordError, match=rf"network file system \({kind}\).*local disk"):
        sqlite.refuse_network_file_system(share / "accord.db", mounts)
    sqlite.refuse_network_file_system(tmp_path / "accord.db", mounts)


@pytest.mark.file
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/accord", "is no store"),
        ("accord.db", "is no store"),
        ("sqlite://", "would forget what was sent"),
        ("sqlite:////nowhere/at/all/accord.db", "there is no folder /nowhere/at/all"),
        ("postgresql+psycopg://ann:topsecret@127.0.0.1:1/none?connect_timeout=1", "cannot be opened"),
    ],
)
def test_a_place_that_cannot_hold_a_store_is_told_in_words(url: str, says: str) -> None:
    with pytest.raises(AccordError, match=says) as refused:
        open_store(url, World())
    assert "topsecret" not in str(refused.value)


@pytest.mark.file
def test_a_file_that_is_no_store_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    path.write_text("this is a diary, " * 100)
    with pytest.raises(AccordError, match="cannot be opened"):
        open_store(f"sqlite:///{path}", World())


# ---------------------------------------------------------------------- one that does not do as it should


@pytest.mark.file
def test_a_file_that_another_process_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'accord.db'}"
    monkeypatch.setattr(sqlite, "BUSY_MS", 20)
    with (
        closing(open_store(url, World())) as one,
        closing(open_store(url, World())) as other,
        one.begin(),
        pytest.raises(StoreFailed, match=r"database is locked; another process has held the store") as told,
        other.begin(),
    ):
        pass
    assert told.value.exit_code == 3


@pytest.mark.file
def test_a_disk_that_is_full_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'accord.db'}", World())) as store:
        with store.begin() as tx:
            about.put(tx, "colour", "blue")
        with store.read() as tx:
            tx.exec_driver_sql("pragma max_page_count = 1")
        with pytest.raises(StoreFailed, match=r"disk is full; make room on its disk"), store.begin() as tx:
            about.put(tx, "colour", "red" * 1_000_000)
        with store.read() as tx:
            assert about.get(tx, "colour") == "blue"


def test_a_store_that_has_lost_a_table_says_so(open_place: OpenStore) -> None:
    store = open_place(World())
    with store.begin() as tx:
        tx.exec_driver_sql("drop table outbox")
    with (
        pytest.raises(StoreFailed, match=r"outbox.*it is damaged: put the latest backup"),
        store.read() as tx,
    ):
        outbox.by_keys(tx, ["a"])


def test_a_store_that_does_not_know_its_version_says_so(open_place: OpenStore, store_url: str) -> None:
    with open_place(World()).begin() as tx:
        tx.exec_driver_sql("drop table alembic_version")
    with pytest.raises(StoreFailed, match=r"cannot be opened: .*already exists; it is damaged"):
        open_store(store_url, World())


def test_a_command_that_only_looks_makes_no_store(store_url: str) -> None:
    for _ in range(2):
        with pytest.raises(AccordError, match="the first `accord sync` makes it"):
            open_store(store_url, World(), must_exist=True)
