"""The instance as the sandbox holds it: its API for clients, and a shorter way in for tests and the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.servicenow.api import Api
from connector.sandbox.servicenow.instance import SYSTEM, Instance, Writer
from connector.sandbox.servicenow.query import parse
from connector.sandbox.servicenow.quirks import Quirks
from connector.sandbox.servicenow.select import Selection
from connector.sandbox.servicenow.tables import Row, Table, Tables
from connector.sandbox.wire import Request, Response
from connector.sandbox.world import World


class ServiceNow:
    """One instance. The methods here act as somebody inside it would; access rules do not apply to them."""

    def __init__(self, world: World, quirks: Quirks) -> None:
        self.world = world
        self.quirks = quirks
        self.instance = Instance(world, quirks)
        self._api = Api(self.instance)

    def handle(self, request: Request, item: Callable[[Request], Response] | None = None) -> Response:
        """Answer a request as the instance would."""
        return self._api.handle(request, item)

    @property
    def tables(self) -> Tables:
        return self.instance.tables

    def insert(self, table: str, /, *, by: str = "system", **values: Any) -> str:
        """Make a record as a person on a form; its sys_id."""
        return self.instance.insert(table, values, self._writer(by))[0]

    def update(self, table: str, sys_id: str, /, *, by: str = "system", **values: Any) -> bool:
        """Change a record as a person on a form; whether anything changed."""
        return self.instance.update(*self._found(table, sys_id), values, self._writer(by))

    def delete(self, table: str, sys_id: str, *, by: str = "system") -> None:
        self.instance.delete(*self._found(table, sys_id), self._writer(by))

    def record(self, table: str, sys_id: str) -> dict[str, str]:
        """A record's stored values; KeyError when there is none."""
        holder, row = self._found(table, sys_id)
        return holder.values(row)

    def rows(self, table: str, query: str = "") -> list[dict[str, str]]:
        """Stored values of the records an encoded query finds, in its order (by sys_id without one)."""
        asker = self.instance.accounts.asker(self.instance.accounts.caller("admin"))
        parsed = parse(query if "ORDERBY" in query else f"{query}^ORDERBYsys_id")
        answer = Selection(self.tables, table, parsed, asker, salt=0).answer()
        return [holder.values(row) for holder, row in answer]

    def hide(self, *sys_ids: str) -> None:
        """Let an access rule hide these records from everyone but administrators."""
        self.instance.hidden.update(sys_ids)

    def add_user(self, name: str, password: str, *roles: str) -> None:
        self.instance.accounts.add(name, password, roles)

    def expire_tokens(self) -> None:
        self.instance.accounts.expire_tokens()

    def counts(self) -> dict[str, int]:
        """How many records each table holds, empty tables left out."""
        return {table.name: len(table.rows) for table in self.tables if table.rows}

    def dump(self, without: frozenset[str] = frozenset()) -> dict[str, list[Mapping[str, str]]]:
        """All records of all tables, sorted by sys_id; tables that only describe tables can be left out."""
        return {
            table.name: [table.values(table.rows[sys_id]) for sys_id in sorted(table.rows)]
            for table in sorted(self.tables, key=lambda table: table.name)
            if table.rows and table.name not in without
        }

    def _found(self, table: str, sys_id: str) -> tuple[Table, Row]:
        found = self.tables.find(table, sys_id)
        if found is None:
            raise KeyError(f"{table}/{sys_id}")
        return found

    def _writer(self, name: str) -> Writer:
        if name == SYSTEM.name:
            return SYSTEM
        users = self.tables["sys_user"]
        return Writer(name, users.uniques["user_name"].get(name, ""))
