"""What changed on a record before: its whole history as last told, one row a change, by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from connector.model.record import Change
from connector.store import text
from connector.store.rows import Row, batches, upsert
from connector.store.schema import changes


def put(tx: sa.Connection, source: str, kind: str, histories: Mapping[str, Sequence[Change]]) -> None:
    """Keep each record's history, by its id, in place of what was known of it."""
    rows: list[Row] = []
    for id_, history in histories.items():
        rows += [_row(source, kind, id_, place, change) for place, change in enumerate(history)]
    upsert(tx, changes, rows)
    if histories:
        ends = [(id_, len(history)) for id_, history in histories.items()]
        where = {"b_source": source, "b_kind": kind}
        tx.execute(_TAIL, [{**where, "b_id": id_, "b_place": place} for id_, place in ends])


_TAIL = sa.delete(changes).where(
    changes.c.source == sa.bindparam("b_source"),
    changes.c.kind == sa.bindparam("b_kind"),
    changes.c.id == sa.bindparam("b_id"),
    changes.c.place >= sa.bindparam("b_place"),
)


def of(tx: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> dict[str, list[Change]]:
    """The histories of those records, by id."""
    columns = [changes.c[name] for name in ("id", "at", "seq", "field", "old", "new", "by")]
    found: dict[str, list[Change]] = {}
    for part in batches(ids):
        query = (
            sa.select(*columns)
            .where(changes.c.source == source, changes.c.kind == kind, changes.c.id.in_(part))
            .order_by(changes.c.id, changes.c.place)
        )
        for id_, at, seq, field, old, new, by in tx.execute(query):
            change = Change(at, field, text.load_value(old), text.load_value(new), by, seq)
            found.setdefault(id_, []).append(change)
    return found


def _row(source: str, kind: str, id_: str, place: int, change: Change) -> Row:
    return (
        source, kind, id_, place, change.at, change.seq, change.field, text.dump(change.old),
        text.dump(change.new), change.by,
    )  # fmt: skip
