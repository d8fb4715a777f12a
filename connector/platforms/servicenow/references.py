"""Names of referenced records: the audit tells ids, rules and people speak of names.

Asked in bulk and kept for the run. An id that cannot be looked up stays an id.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable

from connector.errors import AccordError, NotReachable
from connector.log import get_logger
from connector.mappings.catalogue import FieldMapping, RecordMapping
from connector.model.record import Record, Reference
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.dictionary import Dictionary
from connector.platforms.servicenow.pages import named

log = get_logger()


class References:
    """(table, path behind the reference, id) → text."""

    def __init__(self, client: Client, dictionary: Dictionary) -> None:
        self._client = client
        self._dictionary = dictionary
        self._names: dict[tuple[str, str, str], str] = {}
        self._lock = threading.Lock()

    def learn(self, mapping: RecordMapping, ids: Iterable[tuple[FieldMapping, str]]) -> None:
        """Look up what each field's ids are called, in bulk."""
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for given, id_ in ids:
            table, rest = self._target(mapping, given)
            if table and rest and id_ and (table, rest, id_) not in self._names:
                wanted[table, rest].add(id_)
        for (table, rest), unknown in wanted.items():
            self._ask(table, rest, unknown)

    def remember(self, mapping: RecordMapping, records: Iterable[Record]) -> None:
        """Keep the names that *records* tell themselves, so that nobody has to ask for them."""
        told = {
            (*self._target(mapping, given), value.id): value.name
            for record in records
            for name, value in record.fields.items()
            if isinstance(value, Reference) and value.name and (given := mapping.fields.get(name)) is not None
        }
        with self._lock:
            self._names |= told

    def name(self, mapping: RecordMapping, given: FieldMapping, id_: str) -> str | None:
        """What *id_* in that field is called, if it was learnt."""
        table, rest = self._target(mapping, given)
        return self._names.get((table, rest, id_)) or None

    def _ask(self, table: str, rest: str, ids: set[str]) -> None:
        found = dict.fromkeys(((table, rest, id_) for id_ in ids), "")
        try:
            for row in named(self._client, table, "sys_id", ids, [rest]):
                found[table, rest, str(row["sys_id"])] = str(row.get(rest) or "")
        except NotReachable:
            raise
        except AccordError as error:  # without the right to the table its ids stay ids
            log.warning("pull.names_not_readable", table=table, why=error.problem.what)
        with self._lock:
            self._names |= found

    def _target(self, mapping: RecordMapping, given: FieldMapping) -> tuple[str, str]:
        """The referenced table and the path to the name behind the reference; empty where there is none."""
        path = given.display or given.origin
        head, _, rest = path.partition(".")
        if head != given.origin.partition(".")[0]:
            return "", ""
        column = self._dictionary.column(mapping.table, head)
        table = column.reference if column is not None and column.reference else given.table
        return (table or "", rest)
