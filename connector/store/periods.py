"""Objectives' figures by period. What was closed stays as it was; a correction is a new revision beside
it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store import text
from connector.store.rows import upsert
from connector.store.schema import periods


@dataclass(frozen=True, slots=True)
class Published:
    """One revision of one figure. *figure* is the whole of it with its evidence; *changed* names what
    differs from the revision before."""

    agreement: str
    objective: str
    each: str
    period: str
    revision: int
    version: int
    start: Instant
    end: Instant
    state: str
    verdict: str | None
    numerator: int | None
    denominator: int | None
    bound: str | None
    figure: Mapping[str, Any]
    inputs_hash: str
    changed: Mapping[str, Any] | None
    closed_at: Instant | None


def put(tx: sa.Connection, published: Published) -> None:
    """Keep one revision of a figure."""
    one = published
    changed = None if one.changed is None else text.dump(one.changed)
    row = (
        one.agreement, one.objective, one.each, one.period, one.revision, one.version, one.start, one.end,
        one.state, 0, one.verdict, one.numerator, one.denominator, one.bound, text.dump(one.figure),
        one.inputs_hash, changed, one.closed_at,
    )  # fmt: skip
    upsert(tx, periods, [row])


def latest(tx: sa.Connection, agreement: str) -> list[Published]:
    """The newest revision of every figure of an agreement, in order of time."""
    query = sa.select(periods).where(periods.c.agreement == agreement)
    newest: dict[tuple[str, str, str], Published] = {}
    for row in tx.execute(query.order_by(periods.c.start_at, *periods.primary_key)).mappings():
        newest[row["objective"], row["each"], row["period"]] = _published(row)
    return list(newest.values())


def touch(tx: sa.Connection, agreement: str, outcomes: Collection[Instant]) -> None:
    """Cycles of *agreement* have new or other outcomes at those instants: the periods that hold one are to be
    counted anew."""
    key = list(periods.primary_key)
    query = sa.select(periods.c.start_at, periods.c.end_at, *key)
    clean = query.where(periods.c.agreement == agreement, periods.c.dirty == 0)
    instants = sorted(outcomes)
    for start, end, *place in tx.execute(clean).all():
        if bisect_left(instants, start) < bisect_left(instants, end):
            where = [column == part for column, part in zip(key, place, strict=True)]
            tx.execute(sa.update(periods).where(*where).values(dirty=1))


def _published(row: sa.RowMapping) -> Published:
    changed = None if row["changed"] is None else text.load(row["changed"])
    return Published(
        row["agreement"], row["objective"], row["each"], row["period"], row["revision"], row["version"],
        row["start_at"], row["end_at"], row["state"], row["verdict"], row["numerator"], row["denominator"],
        row["bound"], text.load(row["figure"] or "{}"), row["inputs_hash"] or "", changed, row["closed_at"],
    )  # fmt: skip
