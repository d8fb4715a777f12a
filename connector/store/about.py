"""What a store is: when it was made, whether it is a copy, and whether it lives in rehearsed time."""

from __future__ import annotations

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.rows import upsert
from connector.store.schema import about

MADE_AT = "made_at"
COPIED = "copied"  # set in a backup: whoever opens it cannot know what was sent since
UNSURE_UNTIL = "unsure_until"
REHEARSED_NOW = "rehearsed_now"
LIES_AT = "lies_at"  # what a server tells of where its tables lie: elsewhere it is a copy


def get(tx: sa.Connection, name: str) -> str | None:
    """What is noted under *name*."""
    return tx.execute(sa.select(about.c.value).where(about.c.name == name)).scalar()


def put(tx: sa.Connection, name: str, value: str) -> None:
    """Note *value* under *name*."""
    upsert(tx, about, [(name, value)])


def drop(tx: sa.Connection, name: str) -> None:
    """Forget what is noted under *name*."""
    tx.execute(sa.delete(about).where(about.c.name == name))


def is_known(tx: sa.Connection, lies_at: str | None) -> bool:
    """Whether there is nothing to note at opening: neither a new store nor a restored backup, and at the same
    place as ever (None: nothing can be told)."""
    is_here = lies_at is None or get(tx, LIES_AT) == lies_at
    return is_here and get(tx, MADE_AT) is not None and get(tx, COPIED) is None


def greet(tx: sa.Connection, now: Instant, lies_at: str | None) -> None:
    """Note when the store was made, and where it lies; a restored backup begins by doubting everything up to
    now."""
    if get(tx, MADE_AT) is None:
        put(tx, MADE_AT, str(now))
    lay_at = get(tx, LIES_AT)
    if get(tx, COPIED) is not None or (lay_at is not None and lay_at != lies_at):
        put(tx, UNSURE_UNTIL, str(now))
        drop(tx, COPIED)
    if lies_at is not None:
        put(tx, LIES_AT, lies_at)


def unsure_until(tx: sa.Connection) -> Instant | None:
    """Acts for events up to this instant may have been sent by the store that this one was copied from: they
    are looked up before they are sent. None for a store that is no copy."""
    found = get(tx, UNSURE_UNTIL)
    return None if found is None else int(found)
