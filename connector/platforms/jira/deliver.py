"""Requests sent, several at once, and looked up again at the ticket they belong to.

What an answer means for delivery is told here in four words (done, again, refused, unsure); a write that may
have had an effect is never repeated here. Look-ups read issues themselves, never the index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property
from itertools import chain
from typing import Any
from urllib.parse import quote

import requests

from connector.errors import AccordError, NotAllowed, NotReachable
from connector.platforms.governor import Because, Passing
from connector.platforms.jira.achievements import merged
from connector.platforms.jira.answers import (
    Gone,
    body_of,
    is_web_page,
    no_licence,
    raise_for,
    words_of,
    words_of_a_write,
)
from connector.platforms.jira.client import Client
from connector.platforms.jira.comments import KEY_PROPERTY, Comments, keys_in
from connector.platforms.jira.limits import Lanes
from connector.platforms.jira.search import Search
from connector.platforms.port import Answer, Outcome, Request

_CONFLICT_S = 1.0
_LONGEST_READ_S = 5.0  # then the lease might not outlast the write any more (deliver/claims.py)


class Deliverer:
    """Sends and finds for one site, several at once: they are writes to different tickets."""

    def __init__(self, client: Client, comments: Comments, search: Search) -> None:
        self._client = client
        self._comments = comments
        self._search = search
        self._present: dict[tuple[str, str], Any] = {}  # what was read ahead, by issue and property

    @property
    def at_once(self) -> int:
        """As many as the site takes beside each other now."""
        return self._client.governor.concurrency

    def look_ahead(self, asked: Sequence[Request]) -> None:
        """Read the properties that these are to be put into, in bulk where the site has a form for that."""
        self._present.clear()
        wanted: dict[str, list[str]] = defaultdict(list)
        for one in asked if self._client.is_cloud else ():
            if "cycles" in one.body:
                wanted[str(one.body["property"])].append(_issue_of(one.path))
        for name, issues in wanted.items():
            for raw in self._search.named(issues, ["summary"], [name]):
                if raw.get("properties") is not None:  # else nothing was said of them: it is read alone
                    self._present[str(raw.get("id")), name] = raw["properties"].get(name)

    def send(self, asked: Sequence[Request]) -> list[Answer]:
        """One answer for each request, in order. Those of one ticket leave in their order."""
        whose: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(asked):
            whose[_issue_of(one.path)].append(place)
        if len(whose) == 1:
            return [self._reply(one) for one in asked]
        answered = self._pool.map(lambda places: [self._reply(asked[one]) for one in places], whose.values())
        told = dict(zip(chain(*whose.values()), chain(*answered), strict=True))
        return [told[place] for place in range(len(asked))]

    @cached_property
    def _pool(self) -> Executor:
        return self._client.world.executor(self._client.source.pull.workers)

    def _reply(self, asked: Request) -> Answer:
        """The answer to one of several; what stops it stops none that is under way."""
        try:
            return self._send(asked)
        except AccordError as error:
            is_refused = isinstance(error, NotAllowed)
            return Answer(Outcome.AGAIN if is_refused else Outcome.UNSURE, words=str(error), ends=error)

    def _send(self, asked: Request) -> Answer:
        try:
            if "cycles" in asked.body or (asked.method == "PUT" and "fields" in asked.body):
                return self._values(asked)
            return self._client.write(asked.method, asked.path, asked.body, self._judge, _doing(asked))
        except Passing as passing:
            return _not_yet(passing)
        finally:
            self._search.wrote_to(_issue_of(asked.path))

    def _values(self, asked: Request) -> Answer:
        """Fields and achievements of one ticket; the property takes its other cycles along."""
        fields, issue = dict(asked.body.get("fields") or {}), _issue_of(asked.path)
        if "cycles" not in asked.body:
            return self._put(asked.path, {"fields": fields}, asked, issue) if fields else _done(issue)
        name = str(asked.body["property"])
        path = f"{asked.path}/properties/{quote(name, safe='')}"
        try:
            present = self._present_in(issue, name, path)
        except NotReachable as error:
            if self._client.governor.is_closed:
                raise
            return Answer(Outcome.AGAIN, words=str(error))
        except NotAllowed as error:
            if self._client.governor.is_closed:
                raise
            return Answer(Outcome.REFUSED, words=str(error))
        value = merged(present, asked.body["cycles"])
        if not fields:
            return self._put(path, value, asked, issue)
        return self._put(
            asked.path, {"fields": fields, "properties": [{"key": name, "value": value}]}, asked, issue
        )

    def _present_in(self, issue: str, name: str, path: str) -> Any:
        """What the property holds: as read ahead, once; else read alone. NotReachable where that took too
        long."""
        if (issue, name) in self._present:
            return self._present.pop((issue, name))
        begun = self._client.world.monotonic()
        try:
            present = self._client.get(path, "reading the achievements").get("value")
        except Gone:
            present = None
        if self._client.world.monotonic() - begun > _LONGEST_READ_S:
            raise NotReachable("what is there took too long to read")
        return present

    def _put(self, path: str, body: Any, asked: Request, issue: str) -> Answer:
        answer = self._client.write("PUT", path, body, self._judge, _doing(asked))
        return _done(issue) if answer.outcome is Outcome.DONE else answer

    def _judge(self, response: requests.Response, lanes: Lanes) -> Answer:
        """What the answer to a write means. Raises Passing where it is not yet an answer."""
        status = response.status_code
        if status == 409:  # somebody else was writing; ours had no effect
            raise Passing(Because.THROTTLED, f"{words_of(response)} (409)", _CONFLICT_S, lanes.issue)
        if status == 429 or status < 200 or status in (408, 499) or status >= 500:
            raise_for(response, self._client.world.now(), "", lanes)
        if status == 403 and not response.content.strip():
            return Answer(Outcome.REFUSED, words=str(no_licence("writing")))
        if status >= 400:
            return Answer(Outcome.REFUSED, words=words_of_a_write(response))
        if is_web_page(response):
            raise Passing(Because.FAILED, "it answered with a web page instead of data")
        return _accepted(response)

    def find(self, asked: Sequence[Request], own: str) -> list[str | None]:
        """The id of what each request would write, where it is there already; None where it is not."""
        lookups = [request.lookup for request in asked]
        noted = self._comments.of(sorted({str(one["comment"]) for one in lookups if "comment" in one}), own)
        made = self._made({str(one["linked"]) for one in lookups if "linked" in one})
        found: list[str | None] = []
        for lookup in lookups:
            if "comment" in lookup:
                wanted = set(lookup["keys"])
                comments = noted[str(lookup["comment"])]
                found.append(next((one.id for one in comments if wanted <= set(one.keys)), None))
            else:
                found.append(made.get((str(lookup.get("linked")), str(lookup.get("key")))))
        return found

    def _made(self, issues: Iterable[str]) -> dict[tuple[str, str], str]:
        """(issue, key) → the id of the record of ours that is linked to the issue and carries the key."""
        linked = {issue: self._linked(issue) for issue in sorted(issues)}
        keys = self._keys(sorted({id_ for ids in linked.values() for id_ in ids}))
        return {
            (issue, key): id_ for issue, ids in linked.items() for id_ in ids for key in keys.get(id_, ())
        }

    def _linked(self, issue: str) -> list[str]:
        path = f"{self._client.api}/issue/{quote(issue, safe='')}"
        try:
            told = self._client.get(path, "reading links", {"fields": "issuelinks"})
        except Gone:
            return []
        links = (told.get("fields") or {}).get("issuelinks") or ()
        ends = [link.get("outwardIssue") or link.get("inwardIssue") or {} for link in links]
        return [str(end["id"]) for end in ends if end.get("id")]

    def _keys(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The keys that issues carry, by their ids."""
        if not self._client.is_cloud:
            return {id_: self._keys_of(id_) for id_ in ids}
        return {
            str(raw.get("id")): keys_in((raw.get("properties") or {}).get(KEY_PROPERTY))
            for raw in self._search.named(ids, ["summary"], [KEY_PROPERTY])
        }

    def _keys_of(self, id_: str) -> tuple[str, ...]:
        path = f"{self._client.api}/issue/{quote(id_, safe='')}/properties/{KEY_PROPERTY}"
        try:
            return keys_in(self._client.get(path, "reading a property").get("value"))
        except Gone:
            return ()


def _accepted(response: requests.Response) -> Answer:
    if not response.content.strip():
        return Answer(Outcome.DONE)
    body = body_of(response)
    if body is None:
        raise Passing(Because.FAILED, "its answer was cut")
    return Answer(Outcome.DONE, str(body["id"]) if isinstance(body, Mapping) and body.get("id") else None)


def _done(issue: str) -> Answer:
    return Answer(Outcome.DONE, issue)


def _not_yet(passing: Passing) -> Answer:
    wait_ms = int((passing.wait_s or 0.0) * 1000)
    unsure = passing.because is Because.FAILED
    return Answer(Outcome.UNSURE if unsure else Outcome.AGAIN, words=passing.words, wait_ms=wait_ms)


def _issue_of(path: str) -> str:
    _, found, rest = path.partition("/issue/")
    return rest.partition("/")[0] if found else ""


def _doing(asked: Request) -> str:
    return f"writing {asked.subject}"
