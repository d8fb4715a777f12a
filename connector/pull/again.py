"""Reads single records again by their ids, in bulk: nudged ones, ones whose history has not settled, and ones
that are about to cross a line though nothing was heard of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from connector.model.instant import SECOND, Instant
from connector.model.platformcycle import KIND
from connector.platforms.port import Page, Platform
from connector.pull.keep import Batch, Keeper
from connector.pull.lane import Fetched, Reader
from connector.pull.reading import Span, needs_history
from connector.pull.stop import Stop
from connector.store import Store, Transaction, belonging, inbox, tickets

AT_ONCE = 500  # records a transaction


@dataclass(frozen=True, slots=True)
class Again:
    """Where and how to read again."""

    store: Store
    platform: Platform
    keepers: Mapping[str, Keeper]
    pool: Executor
    span: Span
    stop: Stop
    latest: Instant | None = None  # see Reader

    def read_unsettled(self, watermark: Instant) -> None:
        """Everything that has to be read again before it may be announced as of *watermark*."""
        source = self.platform.source
        with self.store.read() as tx:
            own_before = watermark - self.span.overlap - SECOND
            asked = tickets.to_read_again(tx, source, watermark, own_before)
        for kind, ids in asked.items():
            if kind in self.keepers:
                self.read(kind, ids)
                self._read_cycles(ids)  # a line of theirs may be what the ticket is about to cross

    def read_nudged(self) -> dict[str, list[str]]:
        """The ids in the inbox, by kind. A kind that is not read here is dropped."""
        found: dict[str, list[str]] = {}
        with self.store.read() as tx:
            nudges = inbox.waiting(tx, self.platform.source)
        for kind in sorted({nudge.kind for nudge in nudges}):
            asked = [nudge for nudge in nudges if nudge.kind == kind]
            if kind in self.keepers:
                found[kind] = sorted({nudge.id for nudge in asked})
                self.read(kind, found[kind])
                self._read_cycles(found[kind])
            if self.stop.is_asked:
                break
            with self.store.begin() as tx:
                inbox.done(tx, asked)
        return found

    def _read_cycles(self, tickets_read: Sequence[str]) -> None:
        """The platform's own cycles of those tickets, where they are read at all: new ones, and those that
        are known."""
        reader = Reader(self.platform, self.pool, self.latest)
        for part in _parts(tickets_read) if KIND in self.keepers else ():
            if self.stop.is_asked:
                return
            with self.store.read() as tx:
                known = belonging.ids_of(tx, self.platform.source, KIND, part)
            self._take(KIND, known, reader.cycles(part), reader)

    def read(self, kind: str, ids: Sequence[str]) -> None:
        """Read those records and their histories; ones that do not come are frozen with the reason."""
        reader = Reader(self.platform, self.pool, self.latest)
        for part in _parts(ids):
            if self.stop.is_asked:
                return
            self._take(kind, part, reader.read(kind, part), reader)

    def _take(self, kind: str, asked: Sequence[str], coming: Future[Fetched], reader: Reader) -> None:
        asked_at, page = coming.result()
        assert page is not None
        self._keep(kind, asked, self._with_histories(kind, page, asked_at, reader))

    def _with_histories(self, kind: str, page: Page, asked_at: Instant, reader: Reader) -> Batch:
        with self.store.read() as tx:
            known = tickets.known(tx, self.platform.source, kind, [record.id for record in page.records])
        moved = [one for one in page.records if needs_history(one, known.get(one.id), self.span, asked_at)]
        shares = reader.histories(kind, moved) if self.keepers[kind].kind.is_ticket else []
        histories = {id_: one for share in shares for id_, one in share.result().items()}
        return Batch(page, asked_at, moved, histories)

    def _keep(self, kind: str, asked: Sequence[str], batch: Batch) -> None:
        gone = sorted(set(asked) - {record.id for record in batch.page.records})
        reasons = self.platform.missing(kind, gone) if gone else {}
        moved = {record.id for record in batch.fresh}
        with self.store.begin() as tx:
            self.keepers[kind].keep(tx, batch)
            still = [record.id for record in batch.page.records if record.id not in moved]
            tickets.seen(tx, self.platform.source, kind, still, batch.asked_at)
            freeze(tx, self.keepers[kind], reasons)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def freeze(tx: Transaction, keeper: Keeper, reasons: Mapping[str, str]) -> None:
    """Leave records alone that are not to be had any more, each with its reason, and count them."""
    if keeper.kind.name == KIND:
        gone = belonging.about(tickets.load(tx, keeper.source, KIND, sorted(reasons)))
        belonging.touch(tx, keeper.source, keeper.measured, gone)
    tickets.freeze(tx, keeper.source, keeper.kind.name, reasons)
    for reason in reasons.values():
        keeper.tally.frozen[reason] = keeper.tally.frozen.get(reason, 0) + 1
