"""Erases a person from the store, on request: names and ids in fields, histories and texts.

Figures stay: who a ticket belonged to is not what they are counted from. What the platform still holds comes
back with the next change of the ticket there, so it is to be erased on the platform first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.store import text
from connector.store.opening import Store
from connector.store.schema import changes, cycles, deliveries, desired, names, outbox, tickets, unnamed

ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Erased:
    """How many records, changes and texts named the person."""

    records: int
    changes: int
    texts: int


def erase(store: Store, names: frozenset[str]) -> Erased:
    """Replace every mention of a person, who is known by *names* (a user name, an id, a name as shown).

    A value that is one of the names, or a reference by one, becomes `erased`; a longer text that holds one
    loses it there. Compared without case.
    """
    wanted = frozenset(name.casefold() for name in names)
    with store.begin() as tx:
        records = _in_json(tx, tickets, "fields", wanted)
        _in_json(tx, cycles, "dimensions", wanted)
        _called(tx, wanted)
        changed = _in_json(tx, changes, "old", wanted) + _in_json(tx, changes, "new", wanted)
        changed += _authors(tx, wanted)
        texts = sum(_in_json(tx, table, "payload", wanted) for table in (outbox, desired))
        texts += _in_json(tx, deliveries, "request", wanted)
    return Erased(records, changed, texts)


def _in_json(tx: sa.Connection, table: sa.Table, name: str, wanted: frozenset[str]) -> int:
    column, keys = table.c[name], list(table.primary_key)
    mentions = sa.or_(*(sa.func.lower(column).contains(_found_by(one), autoescape=True) for one in wanted))
    count = 0
    for row in tx.execute(sa.select(column, *keys).where(mentions)).all():
        kept = text.load(row[0])
        without = _without(kept, wanted)
        if without != kept:
            count += 1
            where = [key == value for key, value in zip(keys, row[1:], strict=True)]
            tx.execute(sa.update(table).where(*where).values({name: text.dump(without)}))
    return count


def _authors(tx: sa.Connection, wanted: frozenset[str]) -> int:
    by = sa.func.lower(changes.c.by).in_(wanted)
    return tx.execute(sa.update(changes).where(by).values(by=ERASED)).rowcount


def _called(tx: sa.Connection, wanted: frozenset[str]) -> None:
    for table, column in ((names, names.c.name), (names, names.c.id), (unnamed, unnamed.c.reference)):
        tx.execute(sa.delete(table).where(sa.func.lower(column).in_(wanted)))


def _found_by(name: str) -> str:
    """The longest part of *name* that databases lower alike and JSON writes as it is."""
    return max(re.findall(r"[a-z0-9 .@_-]+", name), key=len, default="")


def _without(value: Any, wanted: frozenset[str]) -> Any:
    if isinstance(value, str):
        return _cut(value, wanted)
    if isinstance(value, Mapping):
        if {str(value.get("id")).casefold(), str(value.get("name")).casefold()} & wanted and "id" in value:
            return {"id": ERASED, "name": ERASED}
        return {key: _without(inner, wanted) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, wanted) for inner in value]
    return value


def _cut(value: str, wanted: frozenset[str]) -> str:
    for name in sorted(wanted, key=len, reverse=True):
        value = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", ERASED, value, flags=re.IGNORECASE)
    return value
