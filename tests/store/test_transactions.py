"""One writer at a time, all or nothing, and a way to die at every operation."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.record import Change, Record, Reference
from connector.store import Store, about, changes, open_store, tickets
from connector.store.tickets import Reading
from connector.world import World
from tests.store.places import OpenStore


def test_what_raises_leaves_nothing_behind(open_place: OpenStore) -> None:
    store = open_place(World())

    def interrupted() -> None:
        with store.begin() as tx:
            about.put(tx, "colour", "blue")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with store.read() as tx:
        assert about.get(tx, "colour") is None


def test_a_reader_sees_one_state_while_another_writes(open_place: OpenStore) -> None:
    store = open_place(World())
    with store.begin() as tx:
        about.put(tx, "colour", "blue")
    with store.read() as reader:
        assert about.get(reader, "colour") == "blue"
        with store.begin() as tx:
            about.put(tx, "colour", "red")
        assert about.get(reader, "colour") == "blue"
    with store.read() as reader:
        assert about.get(reader, "colour") == "red"


def test_writers_wait_for_one_another(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'accord.db'}", World())
    first_is_in, order = threading.Event(), []

    def second() -> None:
        first_is_in.wait()
        with store.begin() as tx:
            order.append(about.get(tx, "colour"))

    thread = threading.Thread(target=second)
    thread.start()
    with store.begin() as tx:
        first_is_in.set()
        about.put(tx, "colour", "blue")
    thread.join()
    store.close()
    assert order == ["blue"]


@pytest.mark.parametrize("fatal", ["begin", "commit"])
def test_death_at_an_operation_undoes_the_transaction(fatal: str, tmp_path: Path) -> None:
    class Death(BaseException):
        pass

    alive = True

    def operate(operation: str) -> None:
        if not alive and operation == fatal:
            raise Death

    store = open_store(f"sqlite:///{tmp_path / 'accord.db'}", World(), on_operation=operate)
    alive = False
    with pytest.raises(Death), store.begin() as tx:
        about.put(tx, "colour", "blue")
    alive = True
    with store.read() as tx:
        assert about.get(tx, "colour") is None
    store.close()


# ---------------------------------------------------------------------- what goes in comes out

plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
values = (
    plain
    | st.lists(st.text(max_size=5), max_size=3)
    | st.builds(Reference, st.text(max_size=8), st.none() | st.text(max_size=8))
)
names = st.text("abcdefgh_", min_size=1, max_size=6)
histories = st.lists(
    st.builds(Change, st.integers(0, 2**45), names, values, values, st.none() | names),
    max_size=6,
)


@pytest.fixture
def store(open_place: OpenStore) -> Store:
    return open_place(World())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(names, values, max_size=5), history=histories, shorter=st.integers(0, 6))
def test_a_record_comes_out_as_it_went_in(
    fields: dict[str, object], history: list[Change], shorter: int, store: Store
) -> None:
    whole = [Change(c.at, c.field, c.old, c.new, c.by, n) for n, c in enumerate(history)]
    for told in (whole, whole[:shorter]):  # a history may become shorter, too
        record = Record("incident", "acme", "1", "INC1", fields, tuple(told), "https://x/1", 7, "sys_audit")
        with store.begin() as tx:
            known = tickets.known(tx, "acme", "incident", ["1"])
            tickets.put(tx, [Reading(record, str(len(told)), 9)], known)
            changes.put(tx, "acme", "incident", {"1": record.changes})
        with store.read() as tx:
            assert tickets.load(tx, "acme", "incident", ["1"]) == [record]
