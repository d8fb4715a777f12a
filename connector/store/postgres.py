"""What is particular to a store in PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import sqlalchemy as sa

from connector.errors import AccordError

# Where the address says nothing else
# (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). A server whose machine is
# gone is noticed within a minute.
SETTINGS: dict[str, str | int] = {
    "application_name": "accord",
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
# And the same the other way round: what the session of a client that is gone has locked would hold up all
# others. Said by statements, for poolers take no start-up options.
SESSION = {
    "lock_timeout": "30s",  # as long as a transaction waits for another's on SQLite
    "idle_in_transaction_session_timeout": "10min",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


def engine(url: sa.URL) -> sa.Engine:
    """An engine for the database that *url* names. Raises AccordError where the driver is not installed."""
    settings = {name: value for name, value in SETTINGS.items() if name not in url.query}
    try:
        made = sa.create_engine(url, pool_pre_ping=True, connect_args=settings)
    except ModuleNotFoundError:
        raise AccordError(
            "PostgreSQL needs a driver that is not installed", hint="pip install 'accord-slm[postgres]'"
        ) from None
    given = str(url.query.get("options", ""))
    wanted = "; ".join(f"set {name} = '{value}'" for name, value in SESSION.items() if name not in given)

    def on_connect(connection: Any, _record: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(wanted)
        connection.commit()

    sa.event.listen(made, "connect", on_connect)
    return made


def wait_for_writers(connection: sa.Connection) -> None:
    """Let the transactions at work end, and keep others from beginning: each of them begins at `leases`."""
    connection.exec_driver_sql("lock table leases in exclusive mode")


def lies_at(connection: sa.Connection) -> str | None:
    """What tells this store from any copy of it: a dump that is loaded makes other tables, a restored or
    promoted server begins another timeline. None on a standby, which takes no writes."""
    return connection.exec_driver_sql(_LIES_AT).scalar()


_LIES_AT = (
    "select case when not pg_is_in_recovery() then concat_ws('/', system_identifier,"
    " left(pg_walfile_name(pg_current_wal_lsn()), 8), 'leases'::regclass::oid) end from pg_control_system()"
)
