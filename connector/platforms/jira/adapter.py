"""Jira Service Management behind the platform port: one configured site, its catalogue, and who does what.

Each concern has its own module beside this one; here they are only put together.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from connector.config import SourceConfig
from connector.errors import AccordError, Problem, Wrong
from connector.log import get_logger
from connector.mappings.catalogue import Catalogue, RecordMapping
from connector.mappings.translate import Translation, Unmapped, Unreadable
from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import Instant
from connector.model.platformcycle import KIND
from connector.model.record import Record
from connector.platforms.jira import check, provision
from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.comments import Comments
from connector.platforms.jira.compose import Composer
from connector.platforms.jira.deliver import Deliverer
from connector.platforms.jira.facts import Facts
from connector.platforms.jira.fields import Resolved, project_problem, resolve
from connector.platforms.jira.history import Histories, spelling_of
from connector.platforms.jira.people import People
from connector.platforms.jira.reading import Reader
from connector.platforms.jira.register import Registers
from connector.platforms.jira.search import Search
from connector.platforms.port import Answer, Cursor, Finding, History, Page, Provision, Request
from connector.platforms.wire import origin_of
from connector.world import World

log = get_logger()


class Jira:
    """One site. Logged in on first use; safe to use from several threads once prepared."""

    def __init__(self, source: SourceConfig, catalogue: Catalogue, world: World) -> None:
        self.source = source.name
        # Behind the gateway all sites have one origin: what tells them apart is the path.
        self.instance = origin_of(source.url) + urlsplit(source.url).path.rstrip("/")
        self.catalogue = catalogue
        self.client = Client(source, world)
        self.facts = Facts(self.client)
        self.search = Search(self.client)
        self.comments = Comments(self.client, self.search)
        self.registers = Registers(self.client, self.search)
        self.people = People(self.client, self.mapping)
        self.composer = Composer(
            catalogue, self.client, self.facts, self.people, self.registers, self.mapping
        )
        self._reader = Reader(self.client, self.facts, self.search)
        self._deliverer = Deliverer(self.client, self.comments, self.search)
        self._resolved: dict[str, Resolved] = {}
        self._lock = threading.Lock()

    def now(self) -> Instant:
        """The site's own time."""
        return self.client.now()

    def given(self, kind: str) -> RecordMapping:
        """How *kind* is spelt here, as the files say it."""
        if kind not in self.catalogue.records:
            hint = f"add {kind}.yaml to the mapping"
            raise AccordError(f"the mapping {self.catalogue.name} has no records of kind {kind}", hint=hint)
        return self.catalogue.records[kind]

    def resolved(self, kind: str) -> Resolved:
        """The mapping of *kind* with ids of this site, and what had to be left out of it."""
        with self._lock:
            if kind not in self._resolved:
                self._resolved[kind] = resolve(self.facts, self.given(kind))
            return self._resolved[kind]

    def mapping(self, kind: str) -> RecordMapping:
        """The mapping of *kind* with ids of this site. Wrong where what it needs is not there."""
        resolved = self.resolved(kind)
        if problems := [one.problem for one in resolved.lacking if one.needed]:
            raise Wrong(problems)
        return resolved.mapping

    def forget(self) -> None:
        """Ask anew what the site has: it was changed."""
        self.facts.forget("fields", "types")
        with self._lock:
            self._resolved.clear()

    def prepare(self, kinds: Sequence[str], learned: str | None = None) -> str:
        """See that every project, issue type and field that will be asked for exists, and that we are let in.

        Raises Wrong with the place in the mapping for each that does not, NotAllowed for a missing right.
        """
        if learned is not None and set(kinds) <= set(json.loads(learned)["kinds"]):
            self.facts.recall(json.loads(learned)["facts"])
        else:
            self._find_out(kinds)
        return json.dumps({"kinds": sorted(kinds), "facts": self.facts.told()})

    def _find_out(self, kinds: Sequence[str]) -> None:
        log.debug("pull.logged_in", source=self.source, account=self.facts.account.name)
        problems: list[Problem] = []
        for kind in kinds:
            given, resolved = self.given(kind), self.resolved(kind)
            problem = self.place_problem(given)
            problems += [problem] if problem else []
            problems += [one.problem for one in resolved.lacking if one.needed]
            if left_out := sorted(one.path for one in resolved.lacking if not one.needed):
                log.debug("pull.fields_left_out", source=self.source, kind=kind, fields=left_out)
        if problems:
            raise Wrong(problems)
        _ = self.facts.categories

    def place_problem(self, given: RecordMapping) -> Problem | None:
        """What is wrong with where records of that mapping are looked for; nothing where all is there."""
        if given.table not in ("issues", "sla_cycles") or not given.fields:
            return None
        return project_problem(self.facts, given, is_ticket=self.catalogue.kinds[given.kind].is_ticket)

    def placeless(self) -> Sequence[str]:
        """None: what is written is kept at the tickets."""
        return ()

    def sweep(
        self, kind: str, after: Cursor | None, until: Instant, *, since: Instant | None = None
    ) -> Iterator[Page]:
        """Pages of everything updated, oldest first (see the port)."""
        del until  # it goes on until nothing newer is there
        resolved = self.resolved(kind)
        anything = False
        for rows, cursor in self._reader.sweep(resolved, after, since):
            anything = True
            yield self._page(resolved.mapping, rows, cursor)
        if not anything:
            self._still_known()

    def _still_known(self) -> None:
        """A token that ended answers with nothing rather than a refusal: nothing has to be confirmed."""
        self.client.get(f"{self.client.api}/myself", "seeing that the login still holds")

    def history(self, kind: str, records: Sequence[Record]) -> Mapping[str, History]:
        """The whole history of each record, in bulk."""
        translation = self._translation(self.mapping(kind))
        return Histories(self.client, self.facts, self.comments, translation).read(records)

    def read(self, kind: str, ids: Sequence[str]) -> Page:
        """Those records as they are now; ones that are gone or hidden are not there."""
        resolved = self.resolved(kind)
        return self._page(resolved.mapping, self._reader.named(resolved, ids), {})

    def cycles(self, tickets: Sequence[str]) -> Page:
        """The cycles of the site's own engine on those tickets."""
        resolved = self.resolved(KIND)
        return self._page(resolved.mapping, self._reader.of_issues(resolved, tickets), {})

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """All ids in scope, sorted."""
        yield self._reader.ids(self.resolved(kind))

    def missing(self, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Why each id is not in scope any more. One that is, though a lagging index did not show it, is left
        out. Jira does not tell a deleted issue from a hidden one."""
        found = self._reader.missing(self.resolved(kind), ids)
        if found:
            self._still_known()  # to a stranger all of them are gone
        return found

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """The requests that carry these effects, in order."""
        return self.composer.compose(effects, remote)

    def addresses(self, words: Sequence[str], ticket: TicketId | None) -> Mapping[str, str]:
        """The mail addresses of those that *words* name, as far as they show one."""
        return self.people.addresses(words, ticket)

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """The ids of what the requests would write, where it is there."""
        return self._deliverer.find(requests, self.facts.account.id)

    @property
    def at_once(self) -> int:
        """How many requests leave together."""
        return self._deliverer.at_once

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """Read in bulk what the tickets hold that these write to."""
        self._deliverer.look_ahead(requests)

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """One answer for each request."""
        return self._deliverer.send(requests)

    def check(self) -> Iterator[Finding]:
        """Try everything live."""
        return check.findings(self)

    def provisions(self, agreements: Sequence[str] = ()) -> Sequence[Provision]:
        """What the mapping wants to be there, and whether it is; a register for each agreement."""
        return provision.wanted(self, agreements)

    def provision(self, missing: Sequence[Provision]) -> Iterator[Provision]:
        """Make what is missing."""
        return provision.made(self, missing)

    def unprovision(self) -> Iterator[Provision]:
        """Take away the fields and registers that `provision` made. Properties on tickets stay: they cost
        nothing, and can only be taken away ticket by ticket."""
        return provision.removed(self)

    def sla_names(self) -> Sequence[str]:
        """The SLAs of the site: each has a field of its name."""
        return sorted({field.name for field in self.facts.fields.values() if field.is_sla})

    def link(self, kind: str, record_id: str) -> str:
        """Where a person sees that record."""
        del kind
        return f"{self.client.source.url}/browse/{record_id.partition('/')[0]}"

    def translated(self, mapping: RecordMapping, rows: Iterable[Raw]) -> Page:
        """Raw *rows* as records of that kind."""
        return self._page(mapping, rows, {})

    def latest(self, kind: str, count: int) -> list[Raw]:
        """The *count* issues updated last, as they come, to see what can be seen."""
        return self._reader.latest(self.resolved(kind), count)

    def _translation(self, mapping: RecordMapping) -> Translation:
        return Translation(self.source, mapping, spelling_of(self.facts))

    def _page(self, mapping: RecordMapping, rows: Iterable[Raw], cursor: Mapping[str, Any]) -> Page:
        translation, unmapped, aside = self._translation(mapping), Unmapped(), list[tuple[str, str]]()
        records: list[Record] = []
        for raw in rows:
            key = str(raw.get("key") or raw.get("id") or "?")
            try:
                records.append(translation.record(raw, unmapped, url=self.link(mapping.kind, key)))
            except Unreadable as reason:
                aside.append((key, str(reason)))
        return Page(mapping.kind, records, cursor, unmapped, aside)
