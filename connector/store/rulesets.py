"""The enacted texts that runs have worked with: what a version promised when it was first met stays here, so
that a version can never quietly mean something else."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connector.model.instant import Instant
from connector.store.rows import upsert
from connector.store.schema import rulesets


@dataclass(frozen=True, slots=True)
class Enacted:
    """One text of one version of an agreement. *text* is everything it refers to, resolved."""

    agreement: str
    version: int
    hash: str
    text: str
    tz_version: str
    met_at: Instant


def latest(tx: sa.Connection) -> dict[tuple[str, int], Enacted]:
    """The text of each version as it was met last."""
    query = sa.select(rulesets).order_by(rulesets.c.met_at, rulesets.c.hash)
    found = {}
    for agreement, version, hash_, kept, tz_version, met_at in tx.execute(query):
        found[agreement, version] = Enacted(agreement, version, hash_, kept, tz_version, met_at)
    return found


def first_met(tx: sa.Connection) -> dict[tuple[str, int], Instant]:
    """When a run first worked with each version, whatever dates were added to it since."""
    query = sa.select(rulesets.c.agreement, rulesets.c.version, sa.func.min(rulesets.c.met_at))
    grouped = query.group_by(rulesets.c.agreement, rulesets.c.version)
    return {(agreement, version): at for agreement, version, at in tx.execute(grouped)}


def add(tx: sa.Connection, enacted: Enacted) -> None:
    """Keep a text that was not known."""
    row = (
        enacted.agreement, enacted.version, enacted.hash, enacted.text, enacted.tz_version,
        enacted.met_at,
    )  # fmt: skip
    upsert(tx, rulesets, [row])
