"""How our own writes have left the records in `tickets`: the next sweep does not take them for news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.schema import tickets


@dataclass(frozen=True, slots=True)
class Written:
    """A record that we have changed, and when and as which of its editions the platform keeps it since."""

    kind: str
    id: str
    updated: Instant
    edition: int


def note(tx: sa.Connection, source: str, written: Sequence[Written]) -> None:
    """Note how our writes have left records.

    One that is the edition behind the one that is known is all that has happened. Where there is a gap
    somebody else has written too: nothing is noted, and the next sweep reads that record again.
    """
    rows = [
        {
            "b_source": source,
            "b_kind": one.kind,
            "b_id": one.id,
            "b_at": one.updated,
            "b_edition": one.edition,
        }
        for one in written
    ]
    if rows:
        tx.execute(_NOTE, rows)


_NOTE = (
    sa.update(tickets)
    .where(
        tickets.c.source == sa.bindparam("b_source"),
        tickets.c.kind == sa.bindparam("b_kind"),
        tickets.c.id == sa.bindparam("b_id"),
        tickets.c.updated.is_not(None),
        tickets.c.edition == sa.bindparam("b_edition") - 1,
    )
    .values(own_at=sa.bindparam("b_at"), edition=sa.bindparam("b_edition"))
)
