"""Opens a store and hands out its transactions. The only file that knows which database it is.

Every transaction begins and ends here, so this is also where a simulated death can strike (`on_operation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.errors import AccordError
from connector.secret import without_password
from connector.store import about, leases, postgres, sqlite, trouble
from connector.store.migrate import bring_up_to_date, version
from connector.world import World

Transaction = sa.Connection


def _nothing(_operation: str) -> None:
    """What a store tells about its operations where nobody asked."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. With a *lease* every transaction renews it first, and fails when another has taken it.

    *on_operation* is told `begin`, `commit` and `read` before they happen; what it raises is a crash there.
    """

    engine: sa.Engine
    world: World
    on_operation: Callable[[str], None] = _nothing
    lease: leases.Lease | None = None
    only: sa.Connection | None = None  # a copy that lives in one session's temporary tables

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that may write: the only writer until it ends, committed unless it raises. Beside one
        under a lease PostgreSQL lets others write under the leases of other sources."""
        self.on_operation("begin")
        with self._connect() as connection, connection.begin():
            if self.lease is not None:
                leases.renew(connection, self.lease, self.world.now())
            elif self.dialect == "postgresql":
                postgres.wait_for_writers(connection)
            yield connection
            self.on_operation("commit")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that reads one unchanging state and hinders nobody."""
        self.on_operation("read")
        with self._connect() as connection:
            if self.only is None:
                connection = connection.execution_options(**READING[self.dialect])
            with connection.begin():
                yield connection

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        with trouble.in_words("the store cannot be used"):
            if self.only is not None:
                yield self.only
            else:
                with self.engine.connect() as connection:
                    yield connection

    def under(self, lease: leases.Lease | None) -> Store:
        """This store for whoever holds *lease*."""
        return replace(self, lease=lease)

    @contextmanager
    def leased(self, source: str) -> Iterator[Store]:
        """This store for whoever works on *source*; Busy while another does."""
        with self.begin() as tx:
            lease = leases.take(tx, source, self.world)
        try:
            yield self.under(lease)
        finally:
            with self.begin() as tx:
                leases.release(tx, lease)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


READING: Mapping[str, dict[str, Any]] = {
    "sqlite": {"accord_reading": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


def open_store(
    url: str, world: World, *, on_operation: Callable[[str], None] = _nothing, must_exist: bool = False
) -> Store:
    """Open the store at *url* (`sqlite:///accord.db`, `postgresql+psycopg://…`), made or migrated if need be.

    Raises AccordError for a URL of another kind, a file on a network file system and a store that a newer
    version has written, StoreFailed for a database that cannot be reached or does not take us.
    """
    if must_exist and _lacks_file(url):
        raise _nothing_there(url)
    engine = _engine(url)
    with trouble.in_words(f"the store {_shown(url)} cannot be opened"):
        if must_exist and version(engine) is None:
            raise _nothing_there(url)
        bring_up_to_date(engine)
        store = Store(engine, world, on_operation)
        _greet(store)
    return store


def version_at(url: str) -> str | None:
    """The version of the tables at *url*; None where there is no store yet, and none is made."""
    if _lacks_file(url):
        return None
    engine = _engine(url)
    try:
        with trouble.in_words(f"the store {_shown(url)} cannot be opened"):
            return version(engine)
    finally:
        engine.dispose()


def _lacks_file(url: str) -> bool:
    """Whether a file would have to be made first; of a server nothing is said."""
    parsed = _parsed(url)
    if parsed is None or parsed.get_backend_name() != "sqlite" or parsed.database is None:
        return False
    return not Path(parsed.database).is_file()


def _nothing_there(url: str) -> AccordError:
    return AccordError(f"there is no store at {_shown(url)} yet", hint="the first `accord sync` makes it")


def _greet(store: Store) -> None:
    is_server = store.dialect == "postgresql"
    with store.engine.connect().execution_options(**READING[store.dialect]) as connection, connection.begin():
        place = postgres.lies_at(connection) if is_server else None
        known = about.is_known(connection, place)
    if not known:
        with store.begin() as tx:
            about.greet(tx, store.world.now(), place)


def _parsed(url: str) -> sa.URL | None:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        return None


def _engine(url: str) -> sa.Engine:
    parsed = _parsed(url)
    if parsed is not None and parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return sqlite.engine(parsed)
    if parsed is not None and parsed.drivername == "postgresql+psycopg":
        return postgres.engine(parsed)
    raise AccordError(
        f"{_shown(url)} is no store",
        hint="write sqlite:///accord.db or postgresql+psycopg://USER@HOST/DATABASE",
    )


def _shown(url: str) -> str:
    """*url* as it is named in messages: without its password and its settings."""
    return without_password(url).partition("?")[0]
