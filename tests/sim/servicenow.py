"""A desk on ServiceNow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from connector.sandbox.servicenow.instance import Instance, Writer
from connector.sandbox.servicenow.tables import Table
from tests.sim.desk import Achieved, Desk

STATES = {
    "new": "1",
    "in progress": "2",
    "on hold": "3",
    "resolved": "6",
    "closed": "7",
    "cancelled": "8",
}
AGENT = Writer("beth")
SENT = {
    "u_accord_achievement": "send achievement",
    "incident": "send ticket",
    "problem": "send record",
}
_ONE = re.compile(r"^/api/now/table/(\w+)(?:/\w{32})?$")


class ServiceNowDesk(Desk):
    """Incidents of one instance."""

    platform = "servicenow"

    def open(self, state: str, at: int | None = None) -> str:
        with self._dated(at):
            values = {"short_description": "it broke", "state": STATES[state], **_with(state)}
            row = self._instance.insert("incident", values, AGENT)
            id_: str = self._incidents.values(row)["sys_id"]
        return id_

    def change(self, id_: str, state: str, at: int | None = None) -> None:
        with self._dated(at):
            self._update(id_, state=STATES[state], **_with(state))

    def touch(self, id_: str, words: str) -> None:
        self._update(id_, short_description=words)

    def hide(self, id_: str) -> None:
        self.sandbox.servicenow.hide(id_)

    def expire_tokens(self) -> None:
        self.sandbox.servicenow.expire_tokens()

    def number(self, id_: str) -> str:
        return self._incident(id_)["number"]

    def tickets(self) -> list[str]:
        return list(self._incidents.rows)

    def shown(self, id_: str) -> tuple[str, int | None]:
        row = self._incident(id_)
        return row["u_sla_state"], _instant(row["u_sla_due"])

    def is_closed(self, id_: str) -> bool:
        return self._incident(id_)["state"] == STATES["closed"]

    def achievements(self) -> Iterator[Achieved]:
        for row in self._rows("u_accord_achievement"):
            yield Achieved(
                row["u_ticket"],
                row["u_agreement"],
                row["u_state"],
                _instant(row["u_started"]),
                _instant(row["u_ended"]),
                _instant(row["u_due"]),
                _instant(row["u_breached_at"]),
                int(row["u_time_s"]),
                int(row["u_elapsed_s"]),
            )

    def notes(self, id_: str) -> list[str]:
        return [row["value"] for row in self._rows("sys_journal_field") if row["element_id"] == id_]

    def created(self) -> list[str]:
        return [row["parent"] for row in self._rows("problem")]

    def boundary(self, method: str, path: str, query: str, body: str) -> str:
        del body
        if path == "/oauth_token.do":
            return "token"
        if path.endswith("/batch"):
            return "send batch"
        found = _ONE.match(path)
        table = found[1] if found else ""
        if method != "GET":
            return SENT.get(table, "set up")
        asked = unquote_plus(query)
        match table:
            case "incident" if "sys_idIN" in asked:
                return "read again"
            case "incident" if "ORDERBYsys_updated_on" in asked:
                return "pull page"
            case "sys_audit" if "documentkeyIN" in asked:
                return "history"
            case "sys_journal_field" if "valueLIKE" in asked:
                return "look-up"
            case "sys_journal_field" if "element_idIN" in asked:
                return "history"
            case "u_accord_achievement" | "problem":
                return "look-up"
        return "metadata"

    def be_calm(self) -> None:
        """It has none."""

    @property
    def audit_seconds_later(self) -> int:
        return self.sandbox.servicenow.quirks.audit_seconds_later

    # -- inside

    @property
    def _instance(self) -> Instance:
        return self.sandbox.servicenow.instance

    @property
    def _incidents(self) -> Table:
        return self.sandbox.servicenow.tables["incident"]

    def _incident(self, id_: str) -> dict[str, str]:
        return self._incidents.values(self._incidents.rows[id_])

    def _rows(self, table: str) -> list[dict[str, str]]:
        found = self.sandbox.servicenow.tables[table]
        return [found.values(row) for row in found.rows.values()]

    def _update(self, id_: str, **values: str) -> None:
        self._instance.update(self._incidents, self._incidents.rows[id_], values, AGENT)

    @contextmanager
    def _dated(self, at: int | None) -> Iterator[None]:
        """A transaction that began earlier than it ends is dated by its beginning."""
        self._instance.playing = at
        try:
            yield
        finally:
            self._instance.playing = None


def _with(state: str) -> dict[str, str]:
    if state == "on hold":
        return {"hold_reason": "1"}
    return {"close_code": "Solved", "close_notes": "done"} if state in ("resolved", "closed") else {}


def _instant(written: str) -> int | None:
    if not written:
        return None
    moment = datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000
