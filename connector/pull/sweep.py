"""Reads everything that changed since the last sweep, all kinds at once, page by page.

A new sweep starts an overlap before the platform's time at which the last complete one began: whatever was
committed late then, or changed while it was read, is met now. One that was cut short goes on behind its
cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

from connector.errors import AccordError
from connector.log import get_logger
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Record
from connector.platforms.port import Page, Platform
from connector.pull.keep import Batch, Keeper
from connector.pull.lane import Lane, Reader
from connector.pull.reading import Span, needs_history
from connector.pull.stop import Stop
from connector.store import Store, Transaction, sweeps, tickets
from connector.store.sweeps import Sweep

log = get_logger()
HEARTBEAT_S = 15  # the longest wait without a sign of life in the store


@dataclass(slots=True)
class Course:
    """One kind's sweep: what is new on a page, and how a page is kept."""

    store: Store
    keeper: Keeper
    sweep: Sweep
    span: Span

    def pages(self, platform: Platform, until: Instant) -> Iterator[Page]:
        """The pages still to be read."""
        last = self.sweep.complete_at
        since = None if last is None or self.sweep.cursor is not None else last - self.span.overlap
        return platform.sweep(self.sweep.kind, self.sweep.cursor, until, since=since)

    def news(self, records: Sequence[Record], asked_at: Instant) -> Sequence[Record]:
        """The records, asked for at that time, that may have changed; the last of several readings of one."""
        latest = {record.id: record for record in records}
        with self.store.read() as tx:
            known = tickets.known(tx, self.sweep.source, self.sweep.kind, list(latest))
        return [one for one in latest.values() if needs_history(one, known.get(one.id), self.span, asked_at)]

    def keep(self, batch: Batch) -> None:
        """One page, in one transaction with the cursor behind it."""
        with self.store.begin() as tx:
            self.keeper.keep(tx, batch)
            self.sweep = sweeps.advance(tx, self.sweep, batch.page.cursor, len(batch.page.records))
        tally = self.keeper.tally
        log.info("pull.page_kept", kind=tally.kind, read=tally.seen, changed=tally.changed)

    def complete(self) -> None:
        """Note that everything is read."""
        with self.store.begin() as tx:
            sweeps.complete(tx, self.sweep)


def sweep(store: Store, reader: Reader, keepers: Sequence[Keeper], span: Span, stop: Stop) -> bool:
    """Sweep the kinds of *keepers*; whether all of them are complete (False: asked to stop before).

    One kind that fails does not keep the others from being read; what it raised is raised at the end.
    """
    begun = reader.now()
    with store.begin() as tx:
        courses = [Course(store, keeper, _begun(tx, keeper, begun), span) for keeper in keepers]
    lanes = [_lane(course, reader, begun) for course in courses]
    _drive(store, list(zip(lanes, courses, strict=True)), stop)
    if errors := [lane.error for lane in lanes if lane.error is not None]:
        raise errors[0]
    return all(lane.is_done for lane in lanes)


def _begun(tx: Transaction, keeper: Keeper, at: Instant) -> Sweep:
    return sweeps.begin(tx, sweeps.get(tx, keeper.source, keeper.kind.name), at)


def _lane(course: Course, reader: Reader, until: Instant) -> Lane:
    kind: Kind = course.keeper.kind
    pages = course.pages(reader.platform, until)
    return Lane(kind.name, pages, reader, kind.is_ticket, course.news, course.keep)


def _drive(store: Store, lanes: list[tuple[Lane, Course]], stop: Stop) -> None:
    """Step every lane until all are done, or have come to rest after a stop was asked for."""
    while busy := [pair for pair in lanes if not pair[0].is_done]:
        more = not stop.is_asked
        moved = [_step(lane, course, more) for lane, course in busy]
        if any(moved):
            continue
        outstanding: list[Future[Any]] = [future for lane, _ in busy for future in lane.outstanding]
        if not outstanding:
            return
        done, _ = wait(outstanding, timeout=HEARTBEAT_S, return_when=FIRST_COMPLETED)
        if not done:
            with store.begin():
                pass


def _step(lane: Lane, course: Course, more: bool) -> bool:
    try:
        moved = lane.step(more=more)
    except AccordError as error:
        lane.error = error
        return True
    if lane.is_done and moved:
        course.complete()
    return moved
