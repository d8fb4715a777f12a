"""Puts what was read into the store: one transaction a page, with the cursor behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.model.instant import Instant
from connector.model.kind import FieldType, Kind
from connector.model.platformcycle import KIND
from connector.model.record import Record
from connector.platforms.port import History, Page
from connector.pull.reading import Span, read
from connector.store import Transaction, aside, belonging, changes, names, tickets, unmapped
from connector.store.tickets import Reading


@dataclass(slots=True)
class Tally:
    """What a run has read of one kind. *given_up*: histories that never came to agree with their record."""

    kind: str
    seen: int = 0
    changed: int = 0
    waiting: int = 0
    given_up: int = 0
    frozen: dict[str, int] = field(default_factory=dict)
    unmapped: dict[tuple[str, str, str], int] = field(default_factory=dict)
    aside: int = 0
    mended: int = 0  # records without the NUL characters that they had

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        unmapped = [
            {"field": name, "value": value, "records": n} for (_, name, value), n in self.unmapped.items()
        ]
        return {
            "read": self.seen,
            "changed": self.changed,
            "waiting_for_history": self.waiting,
            "contradicting_history": self.given_up,
            "frozen": dict(self.frozen),
            "aside": self.aside,
            "mended": self.mended,
            "unmapped": unmapped,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as they were read at *asked_at* (the platform's time before it was asked), with the histories
    of those that may have changed."""

    page: Page
    asked_at: Instant
    fresh: Sequence[Record]
    histories: Mapping[str, History]


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the records of one kind. *run* is the run's number, *now* the present; *measured* are the kinds
    of tickets that the platform's own cycles may be about."""

    source: str
    kind: Kind
    run: int
    now: Instant
    span: Span
    tally: Tally
    measured: tuple[str, ...] = ()

    def keep(self, tx: Transaction, batch: Batch) -> None:
        """Store what a batch says: records, changes, what could not be used and what is not mapped."""
        ids = [record.id for record in batch.fresh]
        known = tickets.known(tx, self.source, self.kind.name, ids)
        told = changes.of(tx, self.source, self.kind.name, _by_snapshots(batch))
        readings = [
            read(
                record, batch.histories.get(record.id), known.get(record.id), told.get(record.id, ()),
                self.kind, batch.asked_at, self.span,
            )
            for record in batch.fresh
        ]  # fmt: skip
        differing = tickets.put(tx, readings, known)
        changes.put(tx, self.source, self.kind.name, {r.record.id: r.record.changes for r in readings})
        self._touch_measured(tx, readings, known)
        names.learn(tx, self.source, self.kind.name, [r.record for r in readings], self._references)
        self._keep_doubts(tx, batch)
        self._count(batch.page, readings, differing)

    @property
    def _references(self) -> frozenset[str]:
        """The fields of tickets that name other records."""
        given = self.kind.fields if self.kind.is_ticket else {}
        return frozenset(name for name, field in given.items() if field.type is FieldType.REFERENCE)

    def _touch_measured(
        self, tx: Transaction, readings: Sequence[Reading], known: Mapping[str, tickets.Known]
    ) -> None:
        """Have the tickets evaluated anew whose cycles on the platform have changed."""
        if self.kind.name == KIND:
            news = [
                reading.record
                for reading in readings
                if (old := known.get(reading.record.id)) is None
                or old.digest != reading.digest
                or old.frozen is not None
            ]
            belonging.touch(tx, self.source, self.measured, belonging.about(news))

    def _keep_doubts(self, tx: Transaction, batch: Batch) -> None:
        page = batch.page
        aside.clear(tx, self.source, self.kind.name, [record.key for record in batch.fresh])
        aside.put(tx, self.source, self.kind.name, page.aside, self.now)
        unmapped.add(tx, self.source, self.run, _all_unmapped(batch))
        for counted, count in _all_unmapped(batch).items():
            self.tally.unmapped[counted] = self.tally.unmapped.get(counted, 0) + count

    def _count(self, page: Page, readings: Sequence[Reading], differing: int) -> None:
        self.tally.seen += len(page.records)
        self.tally.changed += differing
        self.tally.aside += len(page.aside)
        self.tally.mended += page.mended
        self.tally.given_up += sum(1 for r in readings if not r.doubt.tries and r.doubt.why)
        self.tally.waiting += sum(1 for r in readings if r.doubt.tries)


def _by_snapshots(batch: Batch) -> list[str]:
    return [id_ for id_, history in batch.histories.items() if history.source == "snapshots"]


def _all_unmapped(batch: Batch) -> dict[tuple[str, str, str], int]:
    found = dict(batch.page.unmapped)
    for history in batch.histories.values():
        for counted, count in history.unmapped.items():
            found[counted] = found.get(counted, 0) + count
    return found
