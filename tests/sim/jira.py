"""A desk on Jira Service Management."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from requests import Response

from connector.sandbox.jira import adf
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.limits import BURST, ISSUE, QUOTA
from tests.sim.desk import Achieved, Desk

STATUSES = {
    "new": "Open",
    "in progress": "Work in progress",
    "on hold": "Pending",
    "resolved": "Resolved",
    "closed": "Closed",
    "cancelled": "Canceled",
}
LIMITS = {BURST: "limit of bursts", QUOTA: "hour's points", ISSUE: "limit of an issue"}
PROPERTY, KEY = "accord.sla", "accord.key"
_SENT = re.compile(r"/issue(?:/\d+)?(/comment|/properties)?")


class JiraDesk(Desk):
    """Incidents of one service project."""

    platform = "jira"

    def open(self, state: str, at: int | None = None) -> str:
        with self._dated(at):
            return str(self._jira.create("it broke", by="admin", status=self._status(state)).id)

    def change(self, id_: str, state: str, at: int | None = None) -> None:
        with self._dated(at):
            self._jira.move(self._issue(id_), STATUSES[state])

    def touch(self, id_: str, words: str) -> None:
        self._jira.edit(self._issue(id_), summary=words)

    def hide(self, id_: str) -> None:
        self._jira.hide(self._issue(id_).key)

    def expire_tokens(self) -> None:
        self._jira.expire_tokens()

    def number(self, id_: str) -> str:
        return self._issue(id_).key

    def tickets(self) -> list[str]:
        return [str(issue.id) for issue in self._of_type("[System] Incident")]

    def shown(self, id_: str) -> tuple[str, int | None]:
        return str(self._field(id_, "SLA state") or ""), _instant(self._field(id_, "SLA due"))

    def is_closed(self, id_: str) -> bool:
        return bool(self._issue(id_).fields["status"] == self._status("closed"))

    def achievements(self) -> Iterator[Achieved]:
        for issue in self.sandbox.jira.site.issues.values():
            for one in json.loads(issue.properties.get(PROPERTY, '{"cycles": []}'))["cycles"]:
                yield Achieved(
                    str(issue.id),
                    one["agreement"],
                    one["state"],
                    _instant(one["started"]),
                    _instant(one["ended"]),
                    _instant(one["due"]),
                    _instant(one["breached_at"]),
                    one["time_s"],
                    one["elapsed_s"],
                )

    def notes(self, id_: str) -> list[str]:
        return [adf.as_text(one.body) for one in self._issue(id_).comments]

    def created(self) -> list[str]:
        return [_owner(issue) for issue in self._of_type("[System] Problem")]

    def boundary(self, method: str, path: str, query: str, body: str) -> str:
        if path.endswith("/oauth/token"):
            return "token"
        if path.endswith("/search/jql"):
            return "pull page"
        if path.endswith("/changelog/bulkfetch"):
            return "history"
        if path.endswith("/issue/bulkfetch"):
            if KEY in body:
                return "look-up"
            if PROPERTY in body:
                return "property"
            return "comments" if '"fields": ["comment"]' in body else "read again"
        if path.endswith("/comment/list"):
            return "our notes"
        if method == "GET":
            if "issuelinks" in query:
                return "look-up"
            if path.endswith("/comment"):
                return "comments"
            return "property" if path.endswith(PROPERTY) else "metadata"
        found = _SENT.search(path)
        if found is None:
            return "metadata" if method == "POST" and "search" in path else "set up"
        kinds = {"/comment": "send note", "/properties": "send achievement"}
        return kinds.get(found[1], "send record" if method == "POST" else "send ticket")

    def own_limit(self, response: Response) -> str | None:
        if response.status_code != 429:
            return None
        return LIMITS.get(response.headers.get("RateLimit-Reason", ""))

    @property
    def index_is_behind(self) -> bool:
        return not self.sandbox.jira.site.index.settled

    def be_calm(self) -> None:
        quirks = self.sandbox.jira.quirks
        quirks.quota_points = quirks.burst = 0

    # -- inside

    @property
    def _jira(self) -> Any:
        return self.sandbox.jira

    def _issue(self, id_: str) -> Issue:
        issue: Issue = self.sandbox.jira.site.issues[int(id_)]
        return issue

    def _of_type(self, name: str) -> list[Issue]:
        site = self.sandbox.jira.site
        wanted = site.setup.type_named(name)
        assert wanted is not None
        return [issue for issue in site.issues.values() if issue.fields["issuetype"] == wanted.id]

    def _status(self, state: str) -> str:
        found = self.sandbox.jira.site.setup.status_named(STATUSES[state])
        assert found is not None
        return found.id

    def _field(self, id_: str, name: str) -> Any:
        return self._issue(id_).fields.get(self.sandbox.jira.site.setup.field_named(name).id)

    @contextmanager
    def _dated(self, at: int | None) -> Iterator[None]:
        self.sandbox.jira.site.playing = at
        try:
            yield
        finally:
            self.sandbox.jira.site.playing = None


def _owner(issue: Issue) -> str:
    """The one issue that a record is linked to."""
    return " and ".join(sorted({str(link.other) for link in issue.links}))


def _instant(written: Any) -> int | None:
    if written is None or written == "":
        return None
    if isinstance(written, int):
        return written
    return round(datetime.fromisoformat(str(written)).timestamp() * 1000)
