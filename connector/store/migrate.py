"""Brings a database to the newest schema, and refuses one that is newer than this program."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from connector.errors import AccordError
from connector.store.schema import VERSION


def bring_up_to_date(engine: sa.Engine) -> None:
    """Run the migrations that are missing, all in one transaction. Raises AccordError for a newer store."""
    if version(engine) == VERSION:
        return
    with engine.begin() as connection:
        _wait_for_others(connection)
        found = _version(connection)
        if found != VERSION:
            _migrate(connection, found)


def version(engine: sa.Engine) -> str | None:
    """The newest migration that the database has seen; None for one without our tables."""
    with engine.connect() as connection:
        return _version(connection)


def _wait_for_others(connection: sa.Connection) -> None:
    """Two programs may start at once on an empty database; SQLite has taken its only lock already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(71027352)")


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def _migrate(connection: sa.Connection, found: str | None) -> None:
    # Alembic takes a third of a second to import; a store that is up to date never needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise AccordError(
            f"the store was written by a newer version of Accord (schema {found}; this one knows {VERSION})",
            hint="update Accord, or point `store:` at a store of its own",
        )
    command.upgrade(config, "head")
