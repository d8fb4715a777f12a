"""In which role somebody wrote a comment or a note, by the tests of the mapping.

Asks for users, roles and groups in bulk, once for each person in a run. Where neither roles nor groups may
be read, whoever is neither the requester nor automation counts as an agent; `accord check` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from connector.errors import AccordError, NotReachable
from connector.log import get_logger
from connector.mappings.catalogue import AuthorTest, RecordMapping
from connector.model.record import Record, Reference
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.pages import glance, named

log = get_logger()
ANY = "*"  # stands for every role or group


class Authors:
    """What is known of people: their ids, roles and groups."""

    def __init__(self, client: Client, own_name: Callable[[], str]) -> None:
        self._client = client
        self._own_name = own_name
        self._ids: dict[str, str] = {}
        self._members: dict[tuple[str, str, tuple[str, ...]], bool] = {}
        self._readable: dict[str, bool] = {}
        self._lock = threading.Lock()

    def learn(self, mapping: RecordMapping, names: Iterable[str]) -> None:
        """Look up what the mapping's tests need to know of those login *names*."""
        with self._lock:
            new = {name for name in names if name} - set(self._ids)
            if new:
                self._learn_ids(new)
            for test in mapping.authors.values():
                self._learn_members("sys_user_has_role", "role.name", test.roles)
                self._learn_members("sys_user_grmember", "group.name", test.groups)

    def role(self, mapping: RecordMapping, record: Record, name: str) -> str:
        """The role in which *name* wrote on *record*: agent, requester, automation or other."""
        if name == self._own_name():
            return "automation"
        for role, test in mapping.authors.items():
            if self._passes(test, record, name):
                return role
        return "agent" if self.is_blind(mapping) else mapping.otherwise

    def is_blind(self, mapping: RecordMapping) -> bool:
        """Whether *mapping* tells people by roles or groups, and neither can be read."""
        asked = {table for test in mapping.authors.values() for table in _tables(test)}
        return bool(asked) and not any(self._can_read(table) for table in asked)

    def _passes(self, test: AuthorTest, record: Record, name: str) -> bool:
        id_ = self._ids.get(name, "")
        if name in test.users or any(_is_in(record.fields.get(field), name, id_) for field in test.fields):
            return True
        return self._members.get(("sys_user_has_role", id_, test.roles), False) or self._members.get(
            ("sys_user_grmember", id_, test.groups), False
        )

    def _learn_ids(self, names: set[str]) -> None:
        self._ids |= dict.fromkeys(names, "")
        try:
            for row in named(self._client, "sys_user", "user_name", names, ["user_name"]):
                self._ids[str(row.get("user_name"))] = str(row["sys_id"])
        except NotReachable:
            raise
        except AccordError as error:
            log.warning("pull.people_not_readable", table="sys_user", why=error.problem.what)

    def _learn_members(self, table: str, field: str, wanted: tuple[str, ...]) -> None:
        """Who of the people known plays any of the *wanted* roles, or is in any of those groups."""
        new = {id_ for id_ in self._ids.values() if id_ and (table, id_, wanted) not in self._members}
        if not wanted or not new or not self._can_read(table):
            return
        conditions = [] if ANY in wanted else [f"{field}IN{','.join(wanted)}"]
        rows = named(self._client, table, "user", new, ["user"], *conditions)
        members = {str(row.get("user")) for row in rows}
        self._members |= {(table, id_, wanted): id_ in members for id_ in new}

    def _can_read(self, table: str) -> bool:
        if table not in self._readable:
            try:
                self._readable[table] = bool(glance(self._client, table, "", ["user"]).result)
            except NotReachable:
                raise
            except AccordError:
                self._readable[table] = False
        return self._readable[table]


def _tables(test: AuthorTest) -> list[str]:
    return ["sys_user_has_role"] * bool(test.roles) + ["sys_user_grmember"] * bool(test.groups)


def _is_in(value: object, name: str, id_: str) -> bool:
    """Whether a field of a record holds the person with that login name or id."""
    if isinstance(value, Reference):
        return (bool(id_) and value.id == id_) or name in (value.id, value.name)
    return value in (name, id_) and bool(value)
