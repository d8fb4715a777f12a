"""Requests to one ServiceNow instance: pages with requests, single records with pysnow, both governed.

Known of pysnow 0.7 and kept to: one resource for each request (its parameters are shared), errors beside a
result are ignored by it, so the answer is judged here. What is asked for is decided by the callers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pysnow
import requests
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import NotAllowed, NotReachable
from connector.model.instant import Instant
from connector.platforms.connection import Connection
from connector.platforms.governor import READS, WRITES, Passing, gave_up
from connector.platforms.pagesize import Overlong
from connector.platforms.servicenow.answers import Answered, read_answer, refused_login, words_of
from connector.platforms.servicenow.login import login_for
from connector.platforms.wire import Line
from connector.world import World

T = TypeVar("T")
Raw = Mapping[str, Any]
WRITTEN = ("sys_id", "sys_mod_count", "sys_updated_on")  # what is asked of a record that was written
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}


class Client:
    """One instance, shared by all threads of a run."""

    def __init__(self, source: SourceConfig, world: World) -> None:
        self.source = source
        self.world = world
        self._prefix = urlsplit(source.url).path.rstrip("/")
        self.login = login_for(source, world, Line(source, world, None).session)
        self._instance = Connection(source, world, self.login, _refusal)
        self.governor = self._instance.governor

    def now(self) -> Instant:
        """The instance's own time."""
        asked = {"sysparm_limit": "1", "sysparm_fields": "sys_id"}
        return self._instance.now(lambda: self.get("/api/now/table/sys_user", asked, "its time"))

    def rows(self, table: str, query: str, fields: Sequence[str], *, limit: int, offset: int = 0) -> Answered:
        """Up to *limit* rows in `.result`. Raises Overlong where fewer may do, else an error for people."""
        parameters = {
            "sysparm_query": query,
            "sysparm_fields": ",".join(fields),
            "sysparm_limit": str(limit),
            "sysparm_offset": str(offset),
            "sysparm_display_value": "false",
            "sysparm_exclude_reference_link": "true",
        }
        doing = f"reading {table}"
        answer = self.get(f"/api/now/table/{table}", parameters, doing, in_parts=limit > 1)
        if not isinstance(answer.result, list):
            raise NotReachable(f"{self.source.name}: {doing}: the answer holds no list of records")
        return answer

    def get(
        self, path: str, parameters: Mapping[str, str], doing: str, *, in_parts: bool = False
    ) -> Answered:
        """The answer to a GET, repeated as the governor sees fit.

        A time-out is Overlong where the same can be asked *in_parts*: a smaller question may be answered.
        """
        url = self.source.url + path

        def attempt() -> Answered:
            try:
                response = self._instance.answer(lambda s: s.get(url, params=dict(parameters), headers=_JSON))
            except requests.ReadTimeout:
                if in_parts:
                    raise Overlong(f"{self.source.name}: {doing}: it did not answer in time") from None
                raise
            if response.status_code == 202:
                self._instance.begin_anew()  # the session's queue is full; a new one is not
            return read_answer(response, self.world.now(), f"{self.source.name}: {doing}")

        try:
            return self.governor.call(attempt, READS, doing)
        except Passing as passing:
            raise gave_up(passing, self.source.name, doing) from None

    def record(self, table: str, sys_id: str, fields: Sequence[str]) -> Raw | None:
        """One record by its id, or None where it is gone or hidden."""

        def attempt() -> Raw | None:
            response = self._instance.answer(
                lambda s: self._through_pysnow(s, "GET", table, sys_id, None, fields)
            )
            if response.status_code == 404:
                return None
            answer = read_answer(response, self.world.now(), f"{self.source.name}: reading {table}")
            return answer.result if isinstance(answer.result, dict) else None

        try:
            return self.governor.call(attempt, READS, f"reading {table}")
        except Passing as passing:
            raise gave_up(passing, self.source.name, f"reading {table}") from None

    def write(
        self,
        method: str,
        table: str,
        sys_id: str | None,
        body: Raw | None,
        judge: Callable[[requests.Response], T],
    ) -> T:
        """What *judge* makes of the answer to a write through pysnow. Passing: it may be tried later."""

        def attempt() -> T:
            return judge(
                self._instance.answer(lambda s: self._through_pysnow(s, method, table, sys_id, body, WRITTEN))
            )

        return self.governor.call(attempt, WRITES, f"writing to {table}")

    def post(self, path: str, body: Raw, judge: Callable[[requests.Response], T]) -> T:
        """What *judge* makes of the answer to a POST outside the Table API. Passing as in `write`."""
        data = json.dumps(body)

        def attempt() -> T:
            url = self.source.url + path
            return judge(self._instance.answer(lambda s: s.post(url, data=data, headers=_JSON)))

        return self.governor.call(attempt, WRITES, f"writing to {path}")

    def _through_pysnow(
        self,
        session: Session,
        method: str,
        table: str,
        sys_id: str | None,
        body: Raw | None,
        fields: Sequence[str],
    ) -> requests.Response:
        base = urlsplit(self.source.url)
        client = pysnow.Client(host=base.netloc, use_ssl=base.scheme == "https", session=session)
        resource = client.resource(base_path=f"{self._prefix}/api/now", api_path=f"/table/{table}")
        resource.parameters.fields = list(fields)
        resource.parameters.exclude_reference_link = True
        data = {} if body is None else {"data": json.dumps(body)}
        answer = resource.request(method, path_append=f"/{sys_id}" if sys_id else None, **data)
        response: requests.Response = answer._response
        return response


def _refusal(response: requests.Response) -> NotAllowed | None:
    return refused_login(words_of(response)) if response.status_code == 401 else None
