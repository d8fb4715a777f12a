"""The instance's rows in memory, with the indexes that keep look-ups and keyset pages cheap.

A row is a list of strings in the order of its table's columns, for that is all the platform ever shows and a
full log is half a million rows. Nothing here knows users, rights, audit or time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from connector.sandbox.servicenow.schema import Column, TableDefinition, base_columns

Row = list[str]
Test = Callable[[Row], bool]
Key = tuple[str, str]

VIEWS_KEPT = 12


class DuplicateKey(Exception):
    """A unique column already holds this value in another row."""

    def __init__(self, table: str, column: str, value: str) -> None:
        super().__init__(f"Duplicate entry '{value}' for key '{column}'")
        self.table, self.column, self.value = table, column, value


class View:
    """The keys (value of one column, sys_id) of the rows that pass a test, in order and kept up to date."""

    def __init__(self, column: int, test: Test | None, rows: Iterable[Row], stamp: object) -> None:
        self.column, self.test, self.stamp = column, test, stamp
        chosen = rows if test is None else filter(test, rows)
        self.keys: list[Key] = sorted((row[column], row[0]) for row in chosen)

    def forget(self, row: Row) -> None:
        key = (row[self.column], row[0])
        position = bisect_left(self.keys, key)
        if position < len(self.keys) and self.keys[position] == key:
            del self.keys[position]

    def learn(self, row: Row) -> None:
        if self.test is None or self.test(row):
            insort(self.keys, (row[self.column], row[0]))


class Table:
    """One table's rows by sys_id (always the first column)."""

    def __init__(self, definition: TableDefinition, parent: Table | None) -> None:
        self.definition = definition
        self.name = definition.name
        self.parent = parent
        inherited = tuple(parent.columns.values()) if parent else base_columns(definition.base)
        self.columns: dict[str, Column] = {}
        self.at: dict[str, int] = {}
        self.rows: dict[str, Row] = {}
        self.lookups: dict[str, dict[str, dict[str, None]]] = {}
        self.uniques: dict[str, dict[str, str]] = {}
        self.version = 0
        self._views: OrderedDict[tuple[str, str], View] = OrderedDict()
        indexed = definition.index | (frozenset(parent.lookups) if parent else frozenset())
        for column in (*inherited, *definition.columns):
            self.add_column(column, indexed=column.name in indexed)

    # -- shape

    def add_column(self, column: Column, *, indexed: bool = False) -> None:
        """Add a column, or change the one of that name; rows already there hold nothing in it."""
        if column.name not in self.at:
            self.at[column.name] = len(self.at)
            for row in self.rows.values():
                row.append("")
        self.columns[column.name] = column
        self._index(column.name, indexed=indexed or column.type == "reference", unique=column.unique)

    def drop_column(self, name: str) -> None:
        """Forget a column; its place in the rows stays, unused."""
        position = self.at[name]
        self.at[f" {position}"] = self.at.pop(name)
        for row in self.rows.values():
            row[position] = ""
        del self.columns[name]
        self.lookups.pop(name, None)
        self.uniques.pop(name, None)
        self._changed_shape()

    def _index(self, name: str, *, indexed: bool, unique: bool) -> None:
        position = self.at[name]
        if unique and name not in self.uniques:
            self.uniques[name] = {row[position]: row[0] for row in self.rows.values() if row[position]}
        if not unique:
            self.uniques.pop(name, None)
        if (indexed or unique) and name not in self.lookups:
            found: dict[str, dict[str, None]] = {}
            for row in self.rows.values():
                found.setdefault(row[position].lower(), {})[row[0]] = None
            self.lookups[name] = found
        self._changed_shape()

    def _changed_shape(self) -> None:
        self.version += 1
        self._views.clear()

    @property
    def display(self) -> str:
        """The name of the column that stands for a row, or an empty text."""
        if self.definition.display:
            return self.definition.display
        if self.parent:
            return self.parent.display
        return next((name for name in ("u_name", "u_number", "u_key") if name in self.at), "")

    # -- rows

    def blank(self) -> Row:
        return [""] * len(self.at)

    def put(self, row: Row) -> None:
        """Insert a row; DuplicateKey when a unique column's value is taken."""
        for name, taken in self.uniques.items():
            value = row[self.at[name]]
            if value and value in taken:
                raise DuplicateKey(self.name, name, value)
        self.rows[row[0]] = row
        self._enter(row)

    def change(self, row: Row, values: dict[str, str]) -> None:
        """Set columns of a row that is in the table; DuplicateKey leaves it as it was."""
        for name, taken in self.uniques.items():
            value = values.get(name)
            if value and taken.get(value, row[0]) != row[0]:
                raise DuplicateKey(self.name, name, value)
        for view in self._views.values():
            view.forget(row)
        for name, value in values.items():
            self._set(row, name, value)
        for view in self._views.values():
            view.learn(row)
        self.version += 1

    def _set(self, row: Row, name: str, value: str) -> None:
        position = self.at[name]
        old = row[position]
        if old == value:
            return
        row[position] = value
        if name in self.lookups:
            _drop(self.lookups[name], old, row[0])
            self.lookups[name].setdefault(value.lower(), {})[row[0]] = None
        if name in self.uniques:
            self.uniques[name].pop(old, None)
            if value:
                self.uniques[name][value] = row[0]

    def remove(self, sys_id: str) -> Row:
        row = self.rows.pop(sys_id)
        for name, found in self.lookups.items():
            _drop(found, row[self.at[name]], sys_id)
        for name, taken in self.uniques.items():
            taken.pop(row[self.at[name]], None)
        for view in self._views.values():
            view.forget(row)
        self.version += 1
        return row

    def _enter(self, row: Row) -> None:
        for name, found in self.lookups.items():
            found.setdefault(row[self.at[name]].lower(), {})[row[0]] = None
        for name, taken in self.uniques.items():
            if row[self.at[name]]:
                taken[row[self.at[name]]] = row[0]
        for view in self._views.values():
            view.learn(row)
        self.version += 1

    def with_value(self, column: str, value: str) -> Iterator[Row]:
        """The rows whose indexed column holds this value in any case, oldest first."""
        return (self.rows[sys_id] for sys_id in self.lookups[column].get(value.lower(), ()))

    def view(self, column: str, meaning: str, test: Test | None, stamp: object) -> View:
        """The ordered view for a test; `meaning` names the test, `stamp` what else it depends on."""
        key = (column, meaning)
        found = self._views.get(key)
        if found is None or found.stamp != stamp:
            found = View(self.at[column], test, self.rows.values(), stamp)
            self._views[key] = found
        self._views.move_to_end(key)
        if len(self._views) > VIEWS_KEPT:
            self._views.popitem(last=False)
        return found

    def values(self, row: Row) -> dict[str, str]:
        return {name: row[self.at[name]] for name in self.columns}


def _drop(found: dict[str, dict[str, None]], value: str, sys_id: str) -> None:
    ids = found.get(value.lower())
    if ids is not None:
        ids.pop(sys_id, None)
        if not ids:
            del found[value.lower()]


class Tables:
    """All tables of an instance, with who extends whom."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._families: dict[str, tuple[Table, ...]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tables

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[Table]:
        return iter(list(self._tables.values()))

    def create(self, definition: TableDefinition) -> Table:
        parent = self._tables[definition.parent] if definition.parent else None
        table = Table(definition, parent)
        self._tables[definition.name] = table
        self._families.clear()
        return table

    def drop(self, name: str) -> None:
        del self._tables[name]
        self._families.clear()

    def family(self, name: str) -> tuple[Table, ...]:
        """A table and all that extend it."""
        if name not in self._families:
            heirs = [t for t in self._tables.values() if t.parent is not None and t.parent.name == name]
            found = [self._tables[name]]
            for heir in heirs:
                found.extend(self.family(heir.name))
            self._families[name] = tuple(found)
        return self._families[name]

    def find(self, name: str, sys_id: str) -> tuple[Table, Row] | None:
        """The row with this id in a table or in one that extends it."""
        if name not in self._tables:
            return None
        for table in self.family(name):
            row = table.rows.get(sys_id)
            if row is not None:
                return table, row
        return None

    def add_column(self, name: str, column: Column) -> None:
        for table in self.family(name):
            table.add_column(column)

    def drop_column(self, name: str, column: str) -> None:
        for table in self.family(name):
            if column in table.columns:
                table.drop_column(column)
