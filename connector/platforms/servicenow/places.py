"""Whether what Accord writes has a place on the instance yet.

A write to a table that is not there is refused; one to a column that is not there is accepted and its value
dropped in silence, so it would never be written again. Both are asked for before anything is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector.errors import NotAllowed
from connector.mappings.catalogue import DESK_FIELDS, Catalogue, RecordMapping
from connector.model.effect import Output
from connector.platforms.servicenow import check
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.dictionary import Dictionary
from connector.platforms.servicenow.fields import shown


def placeless(
    client: Client, dictionary: Dictionary, catalogue: Catalogue, kinds: Sequence[str]
) -> list[str]:
    """The outputs that are switched on and have no place for records of *kinds*."""
    tests: dict[Output, Callable[[], bool]] = {
        Output.ACHIEVEMENT: lambda: _lacks_table(client, catalogue.records.get("achievement")),
        Output.FIELDS: lambda: any(
            _lacks_columns(client, dictionary, catalogue.records[kind]) for kind in kinds
        ),
    }
    return [str(out) for out, lacks in tests.items() if client.source.switch(str(out)) == "on" and lacks()]


def forget(dictionary: Dictionary, catalogue: Catalogue, kinds: Sequence[str]) -> None:
    """Ask anew for the columns of those tables: they may have been made meanwhile."""
    tables = [catalogue.records[kind].table for kind in kinds]
    for table in tables:
        dictionary.forget(table)
    dictionary.learn(tables)


def _lacks_table(client: Client, mapping: RecordMapping | None) -> bool:
    """Whether the table is not there. One that may not be read is."""
    if mapping is None or not mapping.table:
        return False
    try:
        return check.table_is_there(client, mapping) is not None
    except NotAllowed:
        return False


def _lacks_columns(client: Client, dictionary: Dictionary, mapping: RecordMapping) -> bool:
    """Whether the dictionary tells of the table, but not of a column that the desk is to see, and no record
    shows it."""
    written = {origin for name, origin in mapping.write.fields.items() if name in DESK_FIELDS}
    absent = sorted(written - set(dictionary.columns(mapping.table)))
    if not absent or not dictionary.tells_of(mapping.table):
        return False
    seen = shown(client, mapping.table, absent)
    return seen is not None and not seen.issuperset(absent)
