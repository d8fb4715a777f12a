"""ServiceNow behind the platform port: one configured instance, its catalogue, and who does what.

Each concern has its own module beside this one; here they are only put together.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.config import SourceConfig
from connector.errors import AccordError, NotAllowed, NotReachable, Problem, Wrong
from connector.log import get_logger
from connector.mappings.catalogue import Catalogue, RecordMapping
from connector.mappings.translate import Translation, Unmapped, Unreadable
from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import Instant
from connector.model.platformcycle import KIND
from connector.model.record import Record
from connector.platforms.pagesize import PageSize
from connector.platforms.port import Answer, Cursor, Finding, History, Page, Provision, Request
from connector.platforms.servicenow import audit, check, places, provision
from connector.platforms.servicenow.authors import Authors
from connector.platforms.servicenow.client import Client, Raw
from connector.platforms.servicenow.coarse import from_dates, from_metrics
from connector.platforms.servicenow.compose import Composer
from connector.platforms.servicenow.deliver import Deliverer
from connector.platforms.servicenow.dictionary import Dictionary
from connector.platforms.servicenow.fields import lacking, learn, projection
from connector.platforms.servicenow.history import Histories
from connector.platforms.servicenow.pages import every_row, glance, named
from connector.platforms.servicenow.references import References
from connector.platforms.servicenow.spelling import EDITION, ServiceNowSpelling, edition_of
from connector.platforms.servicenow.sweep import Sweep, mark_of
from connector.platforms.wire import origin_of
from connector.world import World

log = get_logger()
_NOBODY = "0" * 32


class ServiceNow:
    """One instance. Logged in on first use; safe to use from several threads once prepared."""

    def __init__(self, source: SourceConfig, catalogue: Catalogue, world: World) -> None:
        self.source = source.name
        self.instance = origin_of(source.url)
        self.catalogue = catalogue
        self.client = Client(source, world)
        self.dictionary = Dictionary(self.client)
        self.references = References(self.client, self.dictionary)
        self.authors = Authors(self.client, self.own_name)
        self._composer = Composer(catalogue, self.client, self.reads_journals)
        self._deliverer = Deliverer(self.client)
        self._fields: dict[str, tuple[str, ...]] = {}
        self._own_name: str | None = None
        self._reads_journals: bool | None = None
        self._placeless: list[str] = []
        self._lock = threading.Lock()

    def now(self) -> Instant:
        """The instance's own time."""
        return self.client.now()

    def mapping(self, kind: str) -> RecordMapping:
        """How *kind* is spelt here."""
        if kind not in self.catalogue.records or not self.catalogue.records[kind].table:
            hint = f"add {kind}.yaml to the mapping"
            raise AccordError(f"the mapping {self.catalogue.name} has no records of kind {kind}", hint=hint)
        return self.catalogue.records[kind]

    def own_name(self) -> str:
        """The login name that this instance knows us by."""
        with self._lock:
            if self._own_name is None:
                self._own_name = self.client.login.user or self._asked_own_name()
            return self._own_name

    def _asked_own_name(self) -> str:
        row = glance(self.client, "sys_user", "sys_id=javascript:gs.getUserID()", ["user_name"]).result
        return str(row[0].get("user_name") or "") if len(row) == 1 else ""

    def reads_journals(self) -> bool:
        """Whether comments and notes can be read, and so be found again."""
        if self._reads_journals is None:
            self._reads_journals = check.can_read(self.client, "sys_journal_field")
            if not self._reads_journals:
                log.warning("pull.journals_not_readable", source=self.source, table="sys_journal_field")
        return self._reads_journals

    def prepare(self, kinds: Sequence[str], learned: str | None = None) -> str:
        """See that every table and field that will be asked for exists, and that history can be read.

        Raises Wrong with the place in the mapping for each that does not, NotAllowed for a missing right.
        """
        is_known = learned is not None and self._recall(kinds, json.loads(learned))
        if not is_known:
            self._find_out(kinds)
        elif self._placeless:
            places.forget(self.dictionary, self.catalogue, kinds)
        if not is_known or self._placeless:
            self._placeless = places.placeless(self.client, self.dictionary, self.catalogue, kinds)
        known = {"fields": self._fields, "dictionary": self.dictionary.told()}
        return json.dumps({**known, "placeless": self._placeless})

    def placeless(self) -> Sequence[str]:
        """Achievements until their table is there, ticket fields until their columns are."""
        return self._placeless

    def _recall(self, kinds: Sequence[str], learned: Mapping[str, Any]) -> bool:
        """Rely on what an earlier run has found out; False where it did not look at all of *kinds*."""
        fields: Mapping[str, Sequence[str]] = learned["fields"]
        if not set(kinds) <= fields.keys() or "placeless" not in learned:
            return False
        self._fields = {kind: tuple(found) for kind, found in fields.items()}
        self.dictionary.recall(learned["dictionary"])
        self._placeless = list(learned["placeless"])
        return True

    def _find_out(self, kinds: Sequence[str]) -> None:
        mappings = [self.mapping(kind) for kind in kinds]
        learn(self.dictionary, mappings)
        problems: list[Problem] = []
        for mapping in mappings:
            problems += self._prepared(mapping)
        if problems:
            raise Wrong(problems)
        audited = [mapping for mapping in mappings if mapping.history.source == "sys_audit"]
        if audited:
            audit.must_show(self.client, audited)

    def _prepared(self, mapping: RecordMapping) -> list[Problem]:
        """What makes *mapping* unusable; shipped fields that this instance does not have are left out."""
        if not self.dictionary.has_table(mapping.table):
            problem = check.table_is_there(self.client, mapping)
            if problem is not None:
                return [problem]
        found = lacking(self.client, self.dictionary, mapping)
        missing = {one.path for one in found}
        self._fields[mapping.kind] = tuple(path for path in projection(mapping) if path not in missing)
        left_out = sorted(one.path for one in found if not one.needed)
        if left_out:
            log.debug("pull.fields_left_out", source=self.source, kind=mapping.kind, fields=left_out)
        return [one.problem for one in found if one.needed]

    def sweep(
        self, kind: str, after: Cursor | None, until: Instant, *, since: Instant | None = None
    ) -> Iterator[Page]:
        """Pages of everything updated, oldest first (see the port)."""
        sweep = self._sweep(kind)
        for rows, mark in sweep.pages(mark_of(after, since), until):
            yield self._page(sweep.mapping, rows, mark.cursor())

    def history(self, kind: str, records: Sequence[Record]) -> Mapping[str, History]:
        """The whole history of each record, in bulk."""
        mapping = self.mapping(kind)
        translation = self._translation(mapping)
        histories = Histories(
            self.client, translation, self.references, self.authors, self.own_name, self.reads_journals
        )
        found = histories.read(records)
        coarse: Mapping[str, History] = {}
        if mapping.history.source == "timestamps":
            coarse = from_dates(self.client, translation, records)
        elif mapping.history.source == "metric_instance":
            coarse = from_metrics(self.client, translation, records)
        return {id_: _joined(exact, coarse[id_]) if id_ in coarse else exact for id_, exact in found.items()}

    def read(self, kind: str, ids: Sequence[str]) -> Page:
        """Those records as they are now; ones that are gone or hidden are not there."""
        mapping = self.mapping(kind)
        rows = list(named(self.client, mapping.table, mapping.id, ids, self._projection(mapping)))
        return self._page(mapping, rows, {})

    def cycles(self, tickets: Sequence[str]) -> Page:
        """The cycles of the instance's own engine on those tickets."""
        mapping = self.mapping(KIND)
        task = mapping.fields["ticket"].origin.partition(".")[0]
        rows = list(named(self.client, mapping.table, task, tickets, self._projection(mapping)))
        return self._page(mapping, rows, {})

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """All ids in scope, sorted."""
        yield from self._sweep(kind).ids()

    def missing(self, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Why each id is not in scope any more."""
        mapping = self.mapping(kind)
        there = {
            str(row[mapping.id]) for row in named(self.client, mapping.table, mapping.id, ids, [mapping.id])
        }
        gone = set(ids) - there
        try:
            rows = named(self.client, "sys_audit_delete", "documentkey", gone, ["documentkey"])
            deleted = {str(row.get("documentkey")) for row in rows}
        except NotReachable:
            raise
        except AccordError as error:
            log.warning("pull.deletions_not_readable", source=self.source, why=error.problem.what)
            deleted = set()
        return {
            id_: "out of scope" if id_ in there else "deleted" if id_ in deleted else "not readable"
            for id_ in ids
        }

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """The requests that carry these effects, in order."""
        return self._composer.compose(effects, remote)

    def addresses(self, words: Sequence[str], ticket: TicketId | None) -> Mapping[str, str]:
        """The mail addresses of those that *words* name, as far as they are known."""
        return self._composer.addresses(words, ticket)

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """The ids of what the requests would write, where it is there."""
        if any("marks" in request.lookup for request in requests) and not self.reads_journals():
            raise NotAllowed(
                f"{self.source}: sys_journal_field cannot be read any more, so a note cannot be found again",
                hint="give Accord's user the role audit_viewer",
            )
        return self._deliverer.find(requests)

    @property
    def at_once(self) -> int:
        """How many requests leave together."""
        return self._deliverer.at_once

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """There is nothing to know."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """One answer for each request."""
        return self._deliverer.send(requests)

    def check(self) -> Iterator[Finding]:
        """Try everything live."""
        return check.findings(self)

    def provisions(self, agreements: Sequence[str] = ()) -> Sequence[Provision]:
        """What the mapping wants to be there, and whether it is. Records find their place by themselves."""
        del agreements
        return provision.wanted(self.client, self.dictionary, self.catalogue)

    def provision(self, missing: Sequence[Provision]) -> Iterator[Provision]:
        """Make what is missing."""
        return provision.made(self.client, self.dictionary, missing)

    def unprovision(self) -> Iterator[Provision]:
        """Take away what `provision` made, records in it included."""
        return provision.removed(self.client, self.dictionary, self.catalogue)

    def sla_names(self) -> Sequence[str]:
        """The names of the active SLA definitions."""
        rows = every_row(self.client, "contract_sla", "active=true", ["name"])
        return sorted({str(row["name"]) for page in rows for row in page if row.get("name")})

    def link(self, kind: str, record_id: str) -> str:
        """Where a person sees that record."""
        table = self.mapping(kind).table
        return f"{self.client.source.url}/nav_to.do?uri={table}.do%3Fsys_id%3D{record_id}"

    def translated(self, mapping: RecordMapping, rows: Iterable[Raw]) -> Page:
        """Raw *rows* as records of that kind."""
        return self._page(mapping, rows, {})

    def _sweep(self, kind: str) -> Sweep:
        mapping = self.mapping(kind)
        size = PageSize(self.client.source.pull.page_size)
        return Sweep(self.client, mapping, self._projection(mapping), size)

    def _projection(self, mapping: RecordMapping) -> tuple[str, ...]:
        return (*(self._fields.get(mapping.kind) or projection(mapping)), EDITION)

    def _translation(self, mapping: RecordMapping) -> Translation:
        return Translation(self.source, mapping, ServiceNowSpelling())

    def _page(self, mapping: RecordMapping, rows: Iterable[Raw], cursor: Cursor) -> Page:
        translation, unmapped, aside = self._translation(mapping), Unmapped(), list[tuple[str, str]]()
        records: list[Record] = []
        for raw in rows:
            id_ = str(raw.get(mapping.id) or "")
            try:
                record = translation.record(raw, unmapped, url=self.link(mapping.kind, id_))
                records.append(replace(record, edition=edition_of(raw)))
            except Unreadable as reason:
                aside.append((str(raw.get(mapping.key) or id_ or "?"), str(reason)))
        return Page(mapping.kind, records, cursor, unmapped, aside)


def _joined(journals: History, coarse: History) -> History:
    """A coarse history with what the journals tell beside it."""
    changes = sorted([*coarse.changes, *journals.changes], key=lambda change: change.at)
    return History(tuple(changes), coarse.source, coarse.unmapped)
