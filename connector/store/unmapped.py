"""Values that no `values:` entry covers, as the last run that met them counted: kept, shown, never
guessed."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from connector.store.rows import upsert
from connector.store.schema import unmapped

Counts = Mapping[tuple[str, str, str], int]  # (kind, field, value) → records


def add(tx: sa.Connection, source: str, run: int, found: Counts) -> None:
    """Count what *run* has met; what an earlier run counted is forgotten where this one meets the same
    value."""
    if not found:
        return
    query = sa.select(unmapped).where(unmapped.c.source == source, unmapped.c.run == run)
    so_far = {(row.kind, row.field, row.value): row.records for row in tx.execute(query)}
    rows = [
        (source, kind, field, value, count + so_far.get((kind, field, value), 0), run)
        for (kind, field, value), count in sorted(found.items())
    ]
    upsert(tx, unmapped, rows)
