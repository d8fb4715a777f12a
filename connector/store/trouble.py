"""What a database may do to us, in words: which of its errors are somebody's to mend, and how.

Whatever is not told here is a mistake of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from connector.errors import StoreFailed

_HELD = "another process has held the store for half a minute: wait for it, or end it"
_DAMAGED = "it is damaged: put the latest backup in its place, and if that is no `accord store backup` run\
 `accord store doubt` before the first sync"
_READ_ONLY = "it takes no writes: name the primary in `store:`, not a standby"
_GOES_ON = "nothing is lost, the next run goes on from here"

# By the beginning of PostgreSQL's SQLSTATE, the longest that fits
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
BY_STATE = {
    "0A000": _READ_ONLY,  # says a standby of the beginning of a transaction
    "25006": _READ_ONLY,
    "28": "see which user and password `store:` gives, and whether the server lets that user in",
    "3F": "its user has no schema to work in: make one, or set the user's search_path",
    "40": f"two transactions stood in each other's way; {_GOES_ON}",
    "42P01": _DAMAGED,
    "42P07": _DAMAGED,  # tables, but not the note of their version
    "42501": "its user has to own the database, or Accord's tables in it",
    "53": f"see that its disk has room and that it takes enough connections; {_GOES_ON}",
    "55P03": _HELD,
    "57": f"see that the database runs; {_GOES_ON}",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# By what the database says: SQLite knows no states, and PostgreSQL tells none before one is connected.
BY_WORDS = {
    "database is locked": _HELD,
    "disk is full": f"make room on its disk; {_GOES_ON}",
    "disk I/O error": f"see that its disk is in order and has room; {_GOES_ON}",
    "readonly database": "see that this user may write the file and its folder",
    "unable to open": "see that this user may read and write the file and its folder",
    "malformed": _DAMAGED,
    "no such table": _DAMAGED,
    "already exists": _DAMAGED,  # tables, but not the note of their version
    "not a database": "`store:` names another file, or this one is damaged",
    "does not exist": "see which database and user `store:` names; `createdb` makes one",
    "authentication failed": BY_STATE["28"],
    "no password supplied": "give one in the address that `store: env:NAME` names, PGPASSWORD or ~/.pgpass",
}
OTHERWISE = f"see that its database runs and can be reached; {_GOES_ON}"


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Have what the database does not do inside raised as StoreFailed, beginning with *what*."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        mend = _mend(error)
        if mend is None:
            raise
        said = " ".join(str(error.orig).split())
        raise StoreFailed(f"{what}: {said}", hint=mend) from error


def _mend(error: sa.exc.DBAPIError) -> str | None:
    """What to do about *error*; None where it is not the database's doing."""
    state = getattr(error.orig, "sqlstate", None) or ""
    states = [known for known in BY_STATE if state.startswith(known)]
    if states:
        return BY_STATE[max(states, key=len)]
    if not isinstance(error, sa.exc.OperationalError) and type(error) is not sa.exc.DatabaseError:
        return OTHERWISE if error.connection_invalidated else None
    return next((mend for words, mend in BY_WORDS.items() if words in str(error.orig)), OTHERWISE)
