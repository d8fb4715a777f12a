"""Requests to one Jira site, governed: what may pass is repeated, the rest is told with its mend.

What is asked for is decided by the callers; what answers mean is in `answers`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import AccordError, NotAllowed, NotReachable
from connector.model.instant import Instant
from connector.platforms.connection import Connection
from connector.platforms.governor import READS, WRITES, Passing, Patience, gave_up
from connector.platforms.jira.answers import is_refused_login, read_answer, refused_login, words_of
from connector.platforms.jira.limits import Lanes, QuotaSpent
from connector.platforms.jira.login import login_for
from connector.platforms.pagesize import Overlong
from connector.world import World

T = TypeVar("T")
Raw = Mapping[str, Any]
# The type stands on every request: a DELETE without it is refused (415).
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_DESK = "/rest/servicedeskapi/"
_ISSUE = re.compile(r"/issue/([^/]+)")
_NAMED = re.compile(r"/(issue|comment|field|properties|project|organization|servicedesk)/[^/]+")


class Client:
    """One site, shared by all threads of a run."""

    def __init__(self, source: SourceConfig, world: World) -> None:
        self.source = source
        self.world = world
        self.is_cloud = source.auth.type != "pat"
        self.api = "/rest/api/3" if self.is_cloud else "/rest/api/2"
        self._site = Connection(source, world, login_for(source, world), _refusal)
        self.governor = self._site.governor

    def now(self) -> Instant:
        """The site's own time."""
        return self._site.now(lambda: self.get(f"{self.api}/myself", "its time"))

    def get(
        self, path: str, doing: str, parameters: Mapping[str, str] | None = None, *, in_parts: bool = False
    ) -> Any:
        """The answer to a GET, repeated as the governor sees fit. *in_parts*: as in `ask`."""
        return self._read("GET", path, doing, parameters=parameters, in_parts=in_parts)

    def ask(self, path: str, body: Raw, doing: str, *, in_parts: bool = False) -> Any:
        """The answer to a question that is asked by POST and changes nothing.

        A time-out is Overlong where the same can be asked *in_parts*: a smaller question may be answered.
        """
        return self._read("POST", path, doing, body=body, in_parts=in_parts)

    def _read(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Raw | None = None,
        in_parts: bool = False,
    ) -> Any:
        told = f"{self.source.name}: {doing}"
        lanes = Lanes(_endpoint(method, path))

        def judge(response: requests.Response) -> Any:
            return read_answer(response, self.world.now(), told, lanes)

        late = Overlong(f"{told}: it did not answer in time") if in_parts else None
        try:
            return self._call(
                method, path, judge, READS, doing, lanes, parameters=parameters, body=body, late=late
            )
        except Passing as passing:
            raise given_up(passing, self.source.name, doing) from None

    def write(
        self, method: str, path: str, body: Any, judge: Callable[[requests.Response, Lanes], T], doing: str
    ) -> T:
        """What *judge* makes of the answer to a write. Passing: it may be tried later."""
        issue = _ISSUE.search(path)
        lanes = Lanes(_endpoint(method, path), f"issue {issue[1]}" if issue else None)
        return self._call(method, path, lambda answer: judge(answer, lanes), WRITES, doing, lanes, body=body)

    def change(self, method: str, path: str, body: Any, doing: str) -> Any:
        """The answer to a change of the site's set-up; an error for people where it is not made."""
        told = f"{self.source.name}: {doing}"

        def judge(response: requests.Response, lanes: Lanes) -> Any:
            return read_answer(response, self.world.now(), told, lanes)

        try:
            return self.write(method, path, body, judge, doing)
        except Passing as passing:
            raise given_up(passing, self.source.name, doing) from None

    def _call(
        self,
        method: str,
        path: str,
        judge: Callable[[requests.Response], T],
        patience: Patience,
        doing: str,
        lanes: Lanes,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Any = None,
        late: AccordError | None = None,
    ) -> T:
        """*late*: what to raise where it does not answer in time; else that may pass, like any failure."""
        url = self.source.url + path
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {**_JSON, "X-ExperimentalApi": "opt-in"} if _DESK in path else _JSON

        def ask(session: Session) -> requests.Response:
            return session.request(method, url, params=dict(parameters or {}), data=data, headers=headers)

        def attempt() -> T:
            try:
                response = self._site.answer(ask)
            except requests.ReadTimeout:
                if late is not None:
                    raise late from None
                raise
            return judge(response)

        return self.governor.call(attempt, patience, doing, lanes.all)


def _refusal(response: requests.Response) -> NotAllowed | None:
    if not is_refused_login(response):
        return None
    reason = response.headers.get("X-Seraph-LoginReason", "")
    is_told = response.status_code >= 400
    return refused_login(words_of(response) if is_told else f"it answers strangers only ({reason})")


def given_up(passing: Passing, source: str, doing: str) -> NotReachable:
    """What to tell a person after patience ended."""
    if isinstance(passing, QuotaSpent):
        return NotReachable(
            f"{source}: {doing}: {passing.words}",
            hint="the next run goes on from here; sync less often, or use an API token: it costs no points",
        )
    return gave_up(passing, source, doing)


def _endpoint(method: str, path: str) -> str:
    """The endpoint that a burst is counted by: method and path without the names in it."""
    pattern = _NAMED.sub(r"/\1/*", path.partition("?")[0])
    return f"{method} {pattern}"
