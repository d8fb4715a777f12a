"""What Accord needs of a platform, in canonical words. Each adapter implements `Platform`; nothing else is
asked of it.

How a platform spells anything (tables, JQL, audit rows) stays inside its folder and its mapping files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from connector.errors import AccordError
from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import Instant
from connector.model.record import Change, Record

Cursor = Mapping[str, Any]  # how far a sweep got: the adapter's own words, JSON, kept in the store


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a sweep: records without their changes, and the cursor behind its last row.

    *unmapped* counts values that no `values:` entry covers, by (kind, field, value); *aside* tells records
    that could not be read as (key, reason). A page may be short or empty without being the last.
    """

    kind: str
    records: Sequence[Record]
    cursor: Cursor
    unmapped: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    aside: Sequence[tuple[str, str]] = ()
    mended: int = 0  # records of which something that cannot be kept was left out


@dataclass(frozen=True, slots=True)
class History:
    """One record's changes as the platform tells them now, in order; own writes are already left out.

    A comment or note is a change of `public_reply` or `work_note` to its author's role. From `snapshots`
    there are no changes: the keeper of records compares.
    """

    changes: tuple[Change, ...]
    source: str  # sys_audit | metric_instance | timestamps | snapshots
    unmapped: Mapping[tuple[str, str, str], int] = field(default_factory=dict)


class Guard(StrEnum):
    """What makes repeating a request safe."""

    ABSOLUTE = "absolute"  # sending it again changes nothing more
    UNIQUE = "unique"  # the platform refuses a twin: look up, then write to what is there
    LOOKUP = "lookup"  # wait until the first try has settled, look up by key, send only if it is not there
    ONCE = "once"  # nothing to look up: at most once


@dataclass(frozen=True, slots=True)
class Request:
    """One write, frozen as it will be sent: JSON all through, so that the store can keep it.

    *effects* are the keys it carries (merged ones together), *subject* what it writes to, for people.
    """

    effects: tuple[str, ...]
    guard: Guard
    method: str
    path: str
    body: Mapping[str, Any]
    subject: str
    lookup: Mapping[str, Any] = field(default_factory=dict)  # what `find` needs, in the adapter's own words
    changes: tuple[str, str] | None = (
        None  # kind and id of the record that it changes; None where it makes one
    )


class Outcome(StrEnum):
    """What became of a request (design: Nothing lost, nothing twice, step 4)."""

    DONE = "done"
    AGAIN = "again"  # refused before it could have had an effect (connection, 429): not before `wait_ms`
    REFUSED = "refused"  # other 4xx: set aside with the platform's own words
    UNSURE = "unsure"  # neither yes nor no


@dataclass(frozen=True, slots=True)
class Left:
    """How a write left its record: when it was updated, and how often. A reading that says the same tells of
    nothing new; any write in between has counted too."""

    updated: Instant
    edition: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The platform's answer to one request. *left*: where it tells how the write left the record. *ends*:
    why nothing more can be sent, where that is so."""

    outcome: Outcome
    remote_id: str | None = None
    words: str = ""  # the platform's own, or why we are unsure
    wait_ms: int = 0
    left: Left | None = None
    ends: AccordError | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `accord check`: what was tried, whether it is fine, and the mend where not."""

    what: str
    fine: bool
    detail: str = ""
    mend: str = ""
    stops: bool = False  # login or network: nothing further can be tried


@dataclass(frozen=True, slots=True)
class Provision:
    """One thing `accord setup` makes (or takes away again): shown before it is done."""

    what: str  # "table u_accord_achievement", "column u_key"
    present: bool
    request: Mapping[str, Any] = field(default_factory=dict)


class Platform(Protocol):
    """One configured source, logged in on first use. Errors are NotReachable, NotAllowed or Wrong."""

    source: str
    instance: str  # what makes keys of two instances differ: the origin of its URL

    @property
    def at_once(self) -> int:
        """How many requests one call of `send` may be given: they leave together, or soon after another."""

    def now(self) -> Instant:
        """The platform's own time, from its last answer (asks it once if there was none)."""

    def prepare(self, kinds: Sequence[str], learned: str | None = None) -> str:
        """Make sure that every table and field the sweep will ask for exists.

        Returns what was found out, in the adapter's own words; *learned*, such an answer to an earlier run
        with the same mapping, saves asking again."""

    def placeless(self) -> Sequence[str]:
        """The outputs for which there is no place yet, though `setup` could make it: they wait until there
        is."""

    def sweep(
        self, kind: str, after: Cursor | None, until: Instant, *, since: Instant | None = None
    ) -> Iterator[Page]:
        """Pages of everything updated, oldest first, up to *until* at least: behind the cursor *after*
        where a sweep that was cut short is taken up again, else updated at *since* or later (None: all in
        scope).

        A row that changes while the pages are read moves behind *until*; it must still come, so the last
        page is the one behind which nothing newer is. *since* already includes the overlap. Pages are asked
        for one at a time, though not always by the same thread."""

    def history(self, kind: str, records: Sequence[Record]) -> Mapping[str, History]:
        """The whole history of each record by its id, asked for in bulk. A record without changes is there
        too."""

    def read(self, kind: str, ids: Sequence[str]) -> Page:
        """Those records as they are now, in bulk; ones that are gone or hidden are simply not there."""

    def cycles(self, tickets: Sequence[str]) -> Page:
        """The platform's own cycles (kind `platform_cycle`) of those tickets, by the tickets' ids, in
        bulk."""

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """All ids in scope, sorted, for `sync --full`."""

    def missing(self, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Why each id is not in scope any more: `out of scope`, `deleted` or `not readable`."""

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """The requests that carry these effects of one queue, in order, merged where they can go together.
        *remote* gives the platform's id of what was written before under a key (achievements)."""

    def addresses(self, words: Sequence[str], ticket: TicketId | None) -> Mapping[str, str]:
        """The mail addresses of those that *words* name: words of the ticket (`assignee`, `assignment_group`,
        `assignment_group.manager`, `requester`), users. Those of whom none is known are left out."""

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """The remote id of what each request would write, where it is already there; asked of the database,
        in bulk, never of an index."""

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """Read in bulk what the sending of these, soon after, has to know of what is there. Nothing is
        claimed yet."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """One answer for each request, in order; in one call of the platform where it has a bulk form, else
        perhaps beside each other."""

    def check(self) -> Iterator[Finding]:
        """Try everything live: login, rights on each table, each mapped field, history, write targets."""

    def provisions(self, agreements: Sequence[str] = ()) -> Sequence[Provision]:
        """What the mapping wants to be there, and whether it is; where records need a place that is each
        agreement's own, one for each of *agreements*."""

    def provision(self, missing: Sequence[Provision]) -> Iterator[Provision]:
        """Make what is missing, one by one."""

    def unprovision(self) -> Iterator[Provision]:
        """Take away what `provision` made, and with it what is kept there."""

    def sla_names(self) -> Sequence[str]:
        """The names of the SLAs that the platform's own engine measures, sorted."""

    def link(self, kind: str, record_id: str) -> str:
        """Where a person sees that record."""
