"""What has not gone out, over both tables of effects: for summaries and for people who ask why."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from connector.store.effectrows import DONE, DROPPED, Waiting, from_row
from connector.store.schema import desired, outbox

TABLES = (desired, outbox)


def left(tx: sa.Connection, source: str) -> Mapping[tuple[str, str, str | None], int]:
    """How many effects have not arrived, by (name, state, why held); `create.KIND` spelt out."""
    found: dict[tuple[str, str, str | None], int] = {}
    for table in TABLES:
        by = (table.c.output, table.c.kind, table.c.state, table.c.held_why)
        query = (
            sa.select(*by, sa.func.count())
            .where(table.c.source == source, table.c.state.not_in((DONE, DROPPED)))
            .group_by(*by)
        )
        for output, kind, state, why, count in tx.execute(query):
            name = f"{output}.{kind}" if output == "create" else output
            found[name, state, why] = found.get((name, state, why), 0) + count
    return found


def every(tx: sa.Connection, source: str | None = None) -> list[Waiting]:
    """Every effect that has not arrived, in order of source, queue and place."""
    found = []
    for table in TABLES:
        query = sa.select(table).where(table.c.state.not_in((DONE, DROPPED)))
        if source is not None:
            query = query.where(table.c.source == source)
        found += [from_row(row) for row in tx.execute(query).mappings()]
    return sorted(found, key=lambda one: (one.effect.source, one.effect.queue, one.seq))
