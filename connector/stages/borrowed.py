"""The platform's own cycles of tickets, from the store: what targets with `measured_by` are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.evaluate.borrowed import Told
from connector.model.platformcycle import KIND, PlatformCycle, platform_cycle
from connector.model.record import Record
from connector.stages.source import Source
from connector.store import Transaction, belonging


def told_by_platform(tx: Transaction, source: Source, ids: Sequence[str]) -> Told:
    """What the platform measured of those tickets; nothing where no target takes it."""
    if not any(kind.name == KIND for kind in source.kinds):
        return {}
    found = belonging.of_tickets(tx, source.name, KIND, ids)
    return {(source.name, ticket): read(records) for ticket, records in found.items()}


def read(records: Iterable[Record]) -> list[PlatformCycle]:
    """The cycles that records of the kind tell of."""
    return [cycle for record in records if (cycle := platform_cycle(record)) is not None]
