"""What a database server may do to us is told in words with the mend, ends with 3, and shows no password."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from connector import errors
from connector.errors import AccordError, StoreFailed
from connector.store import Store, about, leases, open_store
from connector.store.care import check
from connector.store.schema import metadata
from connector.store.trouble import in_words
from connector.world import World
from tests import elsewhere

pytestmark = pytest.mark.postgres
SCHEMA = f"accord_trouble_{os.getpid()}"
GUEST = f"accord_guest_{os.getpid()}"
URL = f"{elsewhere.url_of(SCHEMA)}&application_name={SCHEMA}"


@pytest.fixture
def server() -> Iterator[sa.Engine]:
    """A server with an empty store in SCHEMA."""
    found = elsewhere.server()
    if found is None:
        pytest.skip(elsewhere.ABSENT)
    say(found, elsewhere.made_anew(SCHEMA))
    yield found
    say(found, f"drop schema {SCHEMA} cascade")


@pytest.fixture
def store(server: sa.Engine) -> Iterator[Store]:
    with closing(open_store(URL, World())) as opened:
        yield opened


def say(server: sa.Engine, statements: str) -> None:
    with server.begin() as connection:
        connection.exec_driver_sql(statements)


def end_sessions(server: sa.Engine) -> None:
    """As an administrator, or a server that is started anew."""
    say(server, f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{SCHEMA}'")


def put(store: Store, strike: Callable[[], None] = lambda: None) -> None:
    with store.begin() as tx:
        about.put(tx, "colour", "blue")
        strike()


def test_a_session_that_ends_in_a_transaction_leaves_nothing_behind(store: Store, server: sa.Engine) -> None:
    with pytest.raises(StoreFailed, match=r"the store cannot be used: .*nothing is lost") as told:
        put(store, lambda: end_sessions(server))
    assert told.value.exit_code == 3
    assert "\n" not in str(told.value)
    with store.read() as tx:
        assert about.get(tx, "colour") is None


def test_a_session_that_ends_between_two_transactions_is_begun_anew(store: Store, server: sa.Engine) -> None:
    end_sessions(server)
    put(store)


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (psycopg.errors.FeatureNotSupported, "name the primary"),  # a standby: no read-write mode in recovery
        (psycopg.errors.ReadOnlySqlTransaction, "name the primary"),
        (psycopg.errors.DiskFull, "see that its disk has room"),
        (psycopg.errors.TooManyConnections, "takes enough connections"),
        (psycopg.errors.DeadlockDetected, "the next run goes on"),
        (psycopg.errors.DataCorrupted, "put the latest backup in its place"),
        (psycopg.errors.InvalidSchemaName, "set the user's search_path"),
    ],
)
def test_each_refusal_comes_with_its_mend(error: type[psycopg.Error], mend: str) -> None:
    with pytest.raises(StoreFailed, match=rf"it fails: no; .*{mend}"), in_words("it fails"):
        raise sa.exc.DBAPIError.instance("select", None, error("no"), psycopg.Error)


def test_a_mistake_of_ours_stays_one() -> None:
    with pytest.raises(sa.exc.ProgrammingError), in_words("the store cannot be used"):
        raise sa.exc.ProgrammingError("select", None, psycopg.errors.UndefinedColumn("no column"))


def test_a_database_that_is_not_there_is_named(server: sa.Engine) -> None:
    url = elsewhere.POSTGRES.replace("/test", "/nowhere").replace("postgres@", "postgres:topsecret@")
    with pytest.raises(StoreFailed, match=r'"nowhere" does not exist; .*`createdb` makes one') as told:
        open_store(url, World())
    assert "topsecret" not in f"{told.value} {told.value!r}"


def test_rights_that_are_missing_are_named(server: sa.Engine) -> None:
    say(server, f"drop role if exists {GUEST}; create role {GUEST} login;"
                f"grant usage on schema {SCHEMA} to {GUEST}")  # fmt: skip
    url = elsewhere.url_of(SCHEMA).replace("postgres@", f"{GUEST}@")
    try:
        with pytest.raises(StoreFailed, match=r"permission denied .*has to own the database"):
            open_store(url, World())
    finally:
        say(server, f"drop owned by {GUEST}; drop role {GUEST}")


def test_a_store_that_another_process_holds_is_not_waited_for_without_end(
    store: Store, server: sa.Engine
) -> None:
    impatient = open_store(f"{elsewhere.url_of(SCHEMA)}%20-clock_timeout%3D200ms", World())
    held = pytest.raises(StoreFailed, match="another process has held the store for half a minute")
    with closing(impatient), store.begin(), held:
        put(impatient)
    with store.read() as tx:
        assert tx.exec_driver_sql("show lock_timeout").scalar() == "30s"


def test_a_password_that_is_refused_is_not_shown() -> None:
    with refusing("28P01", 'password authentication failed for user "ann"') as port:
        url = f"postgresql+psycopg://ann:top%40secret@127.0.0.1:{port}/slm?sslmode=disable"
        with pytest.raises(StoreFailed, match="see which user and password `store:` gives") as told:
            open_store(url, World())
    assert "secret" not in f"{told.value} {told.value!r}"
    assert errors.scrub("top@secret top%40secret") == "*** ***"


@contextmanager
def refusing(state: str, words: str) -> Iterator[int]:
    """The port of a server that lets nobody in
    (https://www.postgresql.org/docs/current/protocol-message-formats.html)."""
    fields = b"".join(
        key + value.encode() + b"\0" for key, value in ((b"S", "FATAL"), (b"C", state), (b"M", words))
    )
    body = fields + b"\0"

    def answer() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(b"E" + struct.pack("!I", len(body) + 4) + body)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg:/ann:topsecret@h/db",
        "postgresql+psycopg://ann:topsecret@h:port/db",
        "postgresql+psycopg://ann:topsecret@[::1/db",
        "postgresql://ann:topsecret@h/db",
        "postgres://ann:top?secret@h/db",
        "ann:topsecret@h",
        "mysql://h/db?user=ann&password=topsecret",
    ],
)
def test_an_address_that_is_none_is_shown_without_its_password(address: str) -> None:
    with pytest.raises(AccordError, match=r"is no store") as told:
        open_store(address, World())
    assert "secret" not in str(told.value)


# ---------------------------------------------------------------------- several at once


def test_runs_of_other_sources_go_on_side_by_side(store: Store) -> None:
    with store.begin() as tx:
        first, second = (leases.take(tx, name, store.world) for name in ("acme", "beta"))
    with store.under(first).begin() as one, store.under(second).begin() as other:
        about.put(one, "acme", "1")
        about.put(other, "beta", "2")
    with store.read() as tx:
        assert (about.get(tx, "acme"), about.get(tx, "beta")) == ("1", "2")


def test_whoever_works_without_a_lease_is_the_only_writer(store: Store) -> None:
    """A person's record is erased, say, while a run reads it anew: one after the other, or one is lost."""
    with store.begin() as tx:
        about.put(tx, "count", "0")

    def count() -> None:
        for _ in range(20):
            with store.begin() as tx:
                about.put(tx, "count", str(int(about.get(tx, "count") or "0") + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert about.get(tx, "count") == "60"


# ---------------------------------------------------------------------- copies


def test_a_dump_that_is_loaded_elsewhere_doubts_what_was_sent_since(store: Store, server: sa.Engine) -> None:
    with store.read() as tx:
        assert about.unsure_until(tx) is None
    copy = f"{SCHEMA}_copy"
    copied = "; ".join(f"insert into {name} select * from {SCHEMA}.{name}" for name in metadata.tables)
    say(server, f"{elsewhere.made_anew(copy)}; {copied}")
    try:
        for _ in range(2):  # the second time it lies where it lay
            restored = open_store(elsewhere.url_of(copy), World(now=lambda: 7))
            with closing(restored), restored.read() as tx:
                assert about.unsure_until(tx) == 7
            assert list(check(restored)) == []
    finally:
        say(server, f"drop schema {copy} cascade")
