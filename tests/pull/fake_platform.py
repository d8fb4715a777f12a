"""A service desk in memory that behaves as the real ones do where a pull can go wrong: pages shorter than
asked, rows that move while the pages are read, history that shows late, rows that leave the scope or
disappear.

It keeps every record's true past (`Row.past`), so a test can compare what was pulled with what happened.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import MINUTE, SECOND, Instant
from connector.model.kind import Field, FieldType, Kind
from connector.model.record import Change, Record
from connector.platforms.port import (
    Answer,
    Cursor,
    Finding,
    Guard,
    History,
    Left,
    Outcome,
    Page,
    Provision,
    Request,
)

T0 = 1_790_000_000_000  # a Monday in September 2026

TYPES = {
    "title": FieldType.TEXT,
    "state": FieldType.STRING,
    "priority": FieldType.INTEGER,
    "assignment_group": FieldType.STRING,
    "category": FieldType.STRING,
    "opened": FieldType.DATETIME,
    "updated": FieldType.DATETIME,
}
FIELDS = {name: Field(name, type_) for name, type_ in TYPES.items()}
INCIDENT = Kind("incident", "incident", FIELDS, is_ticket=True)
REQUEST = Kind("request", "service request", FIELDS, is_ticket=True)
OUTAGE = Kind("outage", "outage", FIELDS)
KINDS = (INCIDENT, REQUEST, OUTAGE)


class Clock:
    """A time that stands still until somebody moves it."""

    def __init__(self, now: Instant = T0) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def pass_(self, length: int) -> None:
        self.now += length


@dataclass(slots=True)
class Row:
    """One record as the desk knows it. *visible_at*: when its latest update may be read (a late commit)."""

    id: str
    kind: str
    fields: dict[str, Any]
    updated: Instant
    past: list[Change] = field(default_factory=list)
    history_at: Instant = 0
    visible_at: Instant = 0
    is_hidden: bool = False  # an access rule takes it out of pages that count it
    is_deleted: bool = False
    is_in_scope: bool = True
    edition: int = 0  # counts updates
    moved: Instant = 0  # when somebody else than us last wrote

    @property
    def key(self) -> str:
        return self.id.upper()


class FakePlatform:
    """Implements `Platform` over rows in memory. *on_request* is told of every request before it is answered:
    it may change rows, or raise."""

    at_once = 1

    def __init__(self, clock: Clock, *, source: str = "acme", page_size: int = 3) -> None:
        self.source = source
        self.instance = f"https://{source}.example"
        self.clock = clock
        self.page_size = page_size
        self.rows: dict[str, dict[str, Row]] = {kind.name: {} for kind in KINDS}
        self.requests: Counter[str] = Counter()
        self.on_request: Callable[[str], None] = lambda _what: None
        self.written: dict[str, Request] = {}
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ what people do at the desk

    def open(self, id_: str, kind: str = "incident", **fields: Any) -> Row:
        """A new record, now."""
        now = self.clock()
        values = {"title": f"about {id_}", "state": "new", "priority": 3, "opened": now, "updated": now}
        self.rows[kind][id_] = Row(id_, kind, values | fields, now)
        return self.rows[kind][id_]

    def change(
        self, id_: str, kind: str = "incident", *, late: int = 0, history_late: int = 0, **new: Any
    ) -> None:
        """Change a record, now; *late* and *history_late*: how long it, or its history, stays out of
        sight."""
        row, now = self.rows[kind][id_], self.clock()
        for name, value in new.items():
            row.past.append(Change(now, name, row.fields.get(name), value, "ann", len(row.past)))
        row.fields |= new
        row.visible_at, row.history_at = now + late, now + history_late
        self._touch(row, by_us=False)

    def comment(
        self, id_: str, kind: str = "incident", *, history_late: int = 0, unaware: bool = False
    ) -> None:
        """Answer the requester, now: no field shows it. *unaware*: who does it had read the record before it
        was last written, so that both make the same edition."""
        row, now = self.rows[kind][id_], self.clock()
        before = next((one.new for one in reversed(row.past) if one.field == "public_reply"), None)
        row.past.append(Change(now, "public_reply", before, "agent", "ann", len(row.past)))
        row.history_at = now + history_late
        row.edition -= unaware
        self._touch(row, by_us=False)

    def write(self, id_: str, kind: str = "incident", *, unaware: bool = False) -> Left:
        """A write of our own, now; *unaware* as in `comment`. How it leaves the record."""
        row = self.rows[kind][id_]
        row.edition -= unaware
        self._touch(row, by_us=True)
        return Left(row.updated, row.edition)

    def _touch(self, row: Row, *, by_us: bool) -> None:
        row.updated = row.fields["updated"] = self.clock()
        row.edition += 1
        row.moved = row.moved if by_us else row.updated

    # ------------------------------------------------------------------ the port: reading

    def now(self) -> Instant:
        return self.clock()

    def prepare(self, kinds: Sequence[str], learned: str | None = None) -> str:
        assert all(kind in self.rows for kind in kinds)
        if learned is None:
            self._asked("prepare")
        return "prepared"

    def placeless(self) -> Sequence[str]:
        return ()

    def sweep(
        self, kind: str, after: Cursor | None, until: Instant, *, since: Instant | None = None
    ) -> Iterator[Page]:
        place = (after["updated"], after["id"]) if after is not None else (since or 0, "")
        while True:
            self._asked(f"page {kind}")
            with self._lock:
                raw = sorted(
                    (row.updated, row.id) for row in self.rows[kind].values()
                    if row.is_in_scope and not row.is_deleted and row.visible_at <= self.clock()
                    and (row.updated, row.id) > place
                )[: self.page_size]  # fmt: skip
                if not raw:
                    return
                place = raw[-1]
                rows = [self.rows[kind][id_] for _, id_ in raw]
                records = [self._record(row) for row in rows if not row.is_hidden]
            yield Page(kind, records, {"updated": place[0], "id": place[1]})

    def history(self, kind: str, records: Sequence[Record]) -> Mapping[str, History]:
        self._asked(f"history {kind}")
        with self._lock:
            return {record.id: self._history(self.rows[kind][record.id]) for record in records}

    def read(self, kind: str, ids: Sequence[str]) -> Page:
        self._asked(f"read {kind}")
        with self._lock:
            found = [self.rows[kind][id_] for id_ in ids if id_ in self.rows[kind]]
            there = [row for row in found if row.is_in_scope and not row.is_deleted and not row.is_hidden]
            return Page(kind, [self._record(row) for row in there], {})

    def cycles(self, tickets: Sequence[str]) -> Page:
        raise NotImplementedError

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        self._asked(f"ids {kind}")
        rows = self.rows[kind].values()
        yield sorted(row.id for row in rows if row.is_in_scope and not (row.is_deleted or row.is_hidden))

    def missing(self, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
        self._asked(f"missing {kind}")
        return {id_: self._why(self.rows[kind].get(id_)) for id_ in ids}

    # ------------------------------------------------------------------ the port: writing

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        return [
            Request(
                (effect.key,), Guard.LOOKUP if effect.is_act else Guard.ABSOLUTE, "PUT",
                f"/{effect.name}/{effect.key}", dict(effect.payload), effect.ticket.key if effect.ticket
                else effect.queue,
            )
            for effect in effects
        ]  # fmt: skip

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        self._asked("find")
        return [request.path if request.path in self.written else None for request in requests]

    def look_ahead(self, requests: Sequence[Request]) -> None:
        pass

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        self._asked("send")
        for request in requests:
            is_twin = request.path in self.written and request.guard is not Guard.ABSOLUTE
            assert not is_twin, "an act was done twice"
            self.written[request.path] = request
        return [Answer(Outcome.DONE, request.path) for request in requests]

    def check(self) -> Iterator[Finding]:
        yield Finding("login", fine=True)

    def provisions(self, agreements: Sequence[str] = ()) -> Sequence[Provision]:
        del agreements
        return []

    def provision(self, missing: Sequence[Provision]) -> Iterator[Provision]:
        return iter(())

    def addresses(self, words: Sequence[str], ticket: TicketId | None) -> Mapping[str, str]:
        return {word: f"{word}@example.com" for word in words}

    def unprovision(self) -> Iterator[Provision]:
        return iter(())

    def sla_names(self) -> Sequence[str]:
        return []

    def link(self, kind: str, record_id: str) -> str:
        return f"{self.instance}/{kind}/{record_id}"

    # ------------------------------------------------------------------ inside

    def _asked(self, what: str) -> None:
        with self._lock:
            self.requests[what] += 1
            self.on_request(what)

    def _record(self, row: Row) -> Record:
        url = self.link(row.kind, row.id)
        fields = dict(row.fields)
        return Record(
            row.kind, self.source, row.id, row.key, fields, (), url, row.updated, edition=row.edition
        )

    def _history(self, row: Row) -> History:
        shown = [change for change in row.past if row.history_at <= self.clock() or change.at < row.moved]
        return History(tuple(shown), "sys_audit")

    def _why(self, row: Row | None) -> str:
        if row is None or row.is_deleted:
            return "deleted"
        return "not readable" if row.is_hidden else "out of scope"


OVERLAP = 6 * MINUTE
LAG = 10 * SECOND
