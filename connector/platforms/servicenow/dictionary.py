"""Which tables and columns the instance has: its own dictionary, up the parents of each table.

It is asked because an unknown field in a query is silently ignored and the answer is then the whole table.
Where the dictionary may not be read, `fields` tries the fields instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connector.errors import NotAllowed, Wrong
from connector.platforms.pagesize import PageSize
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.pages import named

_COLUMNS_AT_ONCE = 1000  # their rows are short, however large the pages of records are
_MOST_PARENTS = 12


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column as the dictionary has it. *table*: the one that declares it."""

    table: str
    name: str
    type: str
    length: int | None
    reference: str
    unique: bool


class Dictionary:
    """What is known of the tables so far; `learn` asks for more, in bulk."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._parents: dict[str, str] = {}
        self._columns: dict[str, dict[str, ColumnInfo]] = {}
        self.is_readable = True

    def learn(self, tables: Iterable[str]) -> None:
        """Ask for those *tables*, their parents and all their columns, unless they are known."""
        new = {table for table in tables if table} - set(self._parents)
        if not new or not self.is_readable:
            return
        try:
            self._learn_parents(new)
            self._learn_columns({name for table in new for name in self._line(table)})
        except (NotAllowed, Wrong):
            if self._client.governor.is_closed:  # the login was refused, which says nothing of the dictionary
                raise
            self.is_readable = False
            return
        if not any(self._columns.get(table) for table in new):
            self.is_readable = bool(any(self._columns.values()))

    def learn_paths(self, paths: Iterable[tuple[str, str]]) -> None:
        """Ask for every table that the dots of these (table, path) walk to, a step of all at a time."""
        left = {(table, path) for table, path in paths if "." in path}
        while left:
            self.learn(table for table, _ in left)
            left = {
                (column.reference, path.partition(".")[2])
                for table, path in left
                if (column := self.column(table, path.partition(".")[0])) is not None and column.reference
            }
            self.learn(table for table, _ in left)
            left = {(table, path) for table, path in left if "." in path}

    def has_table(self, table: str) -> bool:
        """Whether the dictionary knows *table*."""
        return table in self._parents

    def tells_of(self, table: str) -> bool:
        """Whether the dictionary shows *table* and all its parents, with their columns."""
        line = list(self._line(table))
        return all(name in self._parents and self._columns.get(name) for name in line)

    def columns(self, table: str) -> dict[str, ColumnInfo]:
        """All columns of *table*, its own before its parents'."""
        found: dict[str, ColumnInfo] = {}
        for name in self._line(table):
            found = {**self._columns.get(name, {}), **found}
        return found

    def column(self, table: str, path: str) -> ColumnInfo | None:
        """The column at the end of *path*, or None where one on the way is not known."""
        head, dot, rest = path.partition(".")
        found = self.columns(table).get(head)
        if found is None or not dot:
            return found
        return self.column(found.reference, rest) if found.reference else None

    def told(self) -> dict[str, Any]:
        """All that is known, as JSON."""
        columns = {table: [asdict(one) for one in found.values()] for table, found in self._columns.items()}
        return {"parents": dict(self._parents), "columns": columns, "is_readable": self.is_readable}

    def recall(self, told: Mapping[str, Any]) -> None:
        """Know what another has `told`."""
        self._parents = dict(told["parents"])
        self._columns = {
            table: {one["name"]: ColumnInfo(**one) for one in found}
            for table, found in told["columns"].items()
        }
        self.is_readable = bool(told["is_readable"])

    def forget(self, table: str) -> None:
        """Ask again for *table* next time: it was changed."""
        self._parents.pop(table, None)
        self._columns.pop(table, None)
        self.is_readable = True

    def _learn_parents(self, tables: set[str]) -> None:
        left = set(tables)
        for _ in range(_MOST_PARENTS):
            rows = named(self._client, "sys_db_object", "name", left, ["name", "super_class.name"])
            found = {str(row.get("name")): str(row.get("super_class.name") or "") for row in rows}
            self._parents |= found
            left = {parent for parent in found.values() if parent} - set(self._parents)
            if not left:
                return

    def _learn_columns(self, tables: set[str]) -> None:
        wanted = ["name", "element", "internal_type", "max_length", "reference", "unique"]
        for table in tables - set(self._columns):
            self._columns[table] = {}
        size = PageSize(_COLUMNS_AT_ONCE)
        for row in named(
            self._client, "sys_dictionary", "name", tables, wanted, "elementISNOTEMPTY", size=size
        ):
            table, name = str(row.get("name") or ""), str(row.get("element") or "")
            length = str(row.get("max_length") or "").replace(",", "")
            self._columns.setdefault(table, {})[name] = ColumnInfo(
                table=table,
                name=name,
                type=str(row.get("internal_type") or ""),
                length=int(length) if length.isdigit() else None,
                reference=str(row.get("reference") or ""),
                unique=str(row.get("unique")) in ("true", "1"),
            )

    def _line(self, table: str) -> Iterator[str]:
        """*table* and its parents; an unknown parent ends the line."""
        for _ in range(_MOST_PARENTS):
            if not table:
                return
            yield table
            table = self._parents.get(table, "")
