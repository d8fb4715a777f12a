"""One kind's pages on their way into the store: fetched one after another, their histories read beside them
by other workers, stored in the order they came, so that the cursor never passes a page that is not stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from connector.model.instant import Instant
from connector.model.record import Record
from connector.platforms.port import History, Page, Platform
from connector.pull import clean
from connector.pull.keep import Batch

AHEAD = 4  # pages fetched whose histories are still being read
SHARE = 200  # records whose history one worker asks for at a time

Fetched = tuple[Instant, Page | None]
Histories = Mapping[str, History]


@dataclass(frozen=True, slots=True)
class Reader:
    """Asks a platform, a task at a time, on the workers of a pool. *latest*: the present of a rehearsal: no
    reading is later, whatever the platform's own clock says."""

    platform: Platform
    pool: Executor
    latest: Instant | None = None

    def now(self) -> Instant:
        """When what is asked for next is read, by the platform's clock."""
        time = self.platform.now()
        return time if self.latest is None else min(time, self.latest)

    def next_page(self, pages: Iterator[Page]) -> Future[Fetched]:
        """The next page (None behind the last), and the platform's time before it was asked for."""
        return self.pool.submit(lambda: (self.now(), self._next(pages)))

    @staticmethod
    def _next(pages: Iterator[Page]) -> Page | None:
        page = next(pages, None)
        return None if page is None else clean.of_page(page)

    def read(self, kind: str, ids: Sequence[str]) -> Future[Fetched]:
        """Those records as they are now."""
        return self.pool.submit(lambda: (self.now(), clean.of_page(self.platform.read(kind, ids))))

    def cycles(self, tickets: Sequence[str]) -> Future[Fetched]:
        """The platform's own cycles of those tickets, as they are now."""
        return self.pool.submit(lambda: (self.now(), clean.of_page(self.platform.cycles(tickets))))

    def histories(self, kind: str, records: Sequence[Record]) -> list[Future[Histories]]:
        """The histories of *records*, in several shares."""
        shares = [records[start : start + SHARE] for start in range(0, len(records), SHARE)]
        return [self.pool.submit(self._histories, kind, share) for share in shares]

    def _histories(self, kind: str, records: Sequence[Record]) -> Histories:
        return clean.of_histories(self.platform.history(kind, records))


@dataclass(frozen=True, slots=True)
class Coming:
    """A page whose histories are being read."""

    page: Page
    asked_at: Instant
    fresh: Sequence[Record]
    histories: Sequence[Future[Histories]]

    @property
    def is_there(self) -> bool:
        return all(history.done() for history in self.histories)

    def batch(self) -> Batch:
        """All of it; raises what reading the histories raised."""
        found = {id_: one for history in self.histories for id_, one in history.result().items()}
        return Batch(self.page, self.asked_at, self.fresh, found)


@dataclass(slots=True)
class Lane:
    """*news* picks the records of a page that may have changed, *store* keeps a batch."""

    kind: str
    pages: Iterator[Page]
    reader: Reader
    has_history: bool
    news: Callable[[Sequence[Record], Instant], Sequence[Record]]
    store: Callable[[Batch], None]
    fetching: Future[Fetched] | None = None
    coming: deque[Coming] = field(default_factory=deque)
    is_read: bool = False  # the last page is fetched
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Nothing more will come of this lane."""
        return self.error is not None or (self.is_read and not self.coming)

    @property
    def outstanding(self) -> list[Future[Fetched] | Future[Histories]]:
        """What it waits for."""
        first = self.coming[0].histories if self.coming else ()
        waiting = [one for one in first if not one.done()]
        return [*waiting, *([self.fetching] if self.fetching is not None else [])]

    def step(self, *, more: bool) -> bool:
        """Do what can be done without waiting; *more*: further pages may be asked for. Whether anything
        was."""
        return self._take_page() | (more and self._ask()) | self._store_first()

    def _ask(self) -> bool:
        if self.fetching is not None or self.is_read or len(self.coming) >= AHEAD:
            return False
        self.fetching = self.reader.next_page(self.pages)
        return True

    def _take_page(self) -> bool:
        if self.fetching is None or not self.fetching.done():
            return False
        asked_at, page = self.fetching.result()
        self.fetching = None
        if page is None:
            self.is_read = True
        else:
            fresh = self.news(page.records, asked_at)
            histories = self.reader.histories(self.kind, fresh) if self.has_history else []
            self.coming.append(Coming(page, asked_at, fresh, histories))
        return True

    def _store_first(self) -> bool:
        if not self.coming or not self.coming[0].is_there:
            return False
        self.store(self.coming.popleft().batch())
        return True
