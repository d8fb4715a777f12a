"""The sources that a store knows: which instance each is, how far its truth is known, and from when on acts
are allowed."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connector.errors import AccordError
from connector.model.instant import Instant
from connector.store.rows import upsert
from connector.store.schema import sources


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a source. *start*: no act for an event before this instant. *judging*: the hash of the
    rulebook that evaluation last began with, *judged* of that with which it last came to an end; *mapping*:
    of the mapping that its records were read by."""

    name: str
    instance: str
    watermark: Instant | None
    start: Instant
    skew: int = 0
    judging: str | None = None
    judged: str | None = None
    learned: str | None = None
    learned_at: Instant = 0
    mapping: str | None = None


def meet(tx: sa.Connection, name: str, instance: str, start: Instant) -> Source:
    """The source *name*; at first contact acts are allowed from *start* on.

    Raises AccordError where the store knows another instance by that name: its tickets would be taken for
    these.
    """
    found = get(tx, name)
    if found is None:
        upsert(tx, sources, [(name, instance, None, start, 0, None, None, None, 0, None)])
        return Source(name, instance, None, start)
    if found.instance != instance:
        raise AccordError(
            f"the store knows {name} as {found.instance}, but it is configured as {instance}",
            hint="give the other instance a name of its own, or use another store",
        )
    return found


def get(tx: sa.Connection, name: str) -> Source | None:
    """What is known of a source."""
    row = tx.execute(sa.select(sources).where(sources.c.source == name)).first()
    return None if row is None else Source(*row)


def every(tx: sa.Connection) -> list[Source]:
    """All sources, by name."""
    return [Source(*row) for row in tx.execute(sa.select(sources).order_by(sources.c.source))]


def note(tx: sa.Connection, name: str, **facts: str | int | None) -> None:
    """Note *facts* (fields of `Source`) about a source."""
    renamed = {"start_at" if fact == "start" else fact: value for fact, value in facts.items()}
    tx.execute(sa.update(sources).where(sources.c.source == name).values(**renamed))


def move_watermark(tx: sa.Connection, name: str, watermark: Instant) -> None:
    """The source's truth is known up to *watermark*; it never goes back."""
    later = sa.or_(sources.c.watermark.is_(None), sources.c.watermark < watermark)
    tx.execute(sa.update(sources).where(sources.c.source == name, later).values(watermark=watermark))
