"""What is particular to a store in PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from connector.errors import AccordError


def engine(url: sa.URL) -> sa.Engine:
    """An engine for the database that *url* names. Raises AccordError where the driver is not installed."""
    try:
        made = sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise AccordError(
            "PostgreSQL needs a driver that is not installed", hint="pip install 'accord-slm[postgres]'"
        ) from None
    return made
