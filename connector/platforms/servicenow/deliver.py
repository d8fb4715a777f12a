"""Requests sent, one by one or in a batch, and looked up again by their keys.

What an answer means for delivery is told here in four words (done, again, refused, unsure); a write that may
have had an effect is never repeated here. Look-ups ask the database's own tables, never an index.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.platforms.governor import Because, Passing, retry_after
from connector.platforms.port import Answer, Left, Outcome, Request
from connector.platforms.servicenow.answers import is_web_page, words_of
from connector.platforms.servicenow.client import WRITTEN, Client, Raw
from connector.platforms.servicenow.pages import named
from connector.platforms.servicenow.spelling import edition_of, parse_instant

_TABLE = "/api/now/table/"
_BATCH = "/api/now/v1/batch"
_NO_BATCH_HERE = (400, 403, 404, 405)


class Width:
    """How many parts a batch may have: more while batches are quick, fewer after one that was slow or not
    answered whole. The instance gives all parts together 30 s, and names those that it did not come to."""

    MOST, FIRST, LEAST = 100, 25, 5
    QUICK_MS, SLOW_MS = 6_000, 15_000

    def __init__(self) -> None:
        self.now = self.FIRST

    def heed(self, parts: int, serviced: int, took_ms: int) -> None:
        """A batch of *parts* was answered, as far as *serviced*, by so much work of the instance."""
        if serviced < parts or took_ms > self.SLOW_MS:
            self.now = max(self.LEAST, min(self.now, parts) // 2)
        elif took_ms <= self.QUICK_MS and parts == self.now:
            self.now = min(self.MOST, self.now * 2)


class Deliverer:
    """Sends and finds for one instance."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # Behind a proxy that adds a path nobody knows which paths the parts of a batch may name.
        self._has_batch = not urlsplit(client.source.url).path.strip("/")
        self._width = Width()

    @property
    def at_once(self) -> int:
        """What one batch takes; one by one where the instance has none."""
        return self._width.now if self._has_batch else 1

    def send(self, asked: Sequence[Request]) -> list[Answer]:
        """One answer for each request, in order. NotAllowed where the login is refused."""
        answers: list[Answer] = []
        while len(answers) < len(asked):
            answers += self._send(asked[len(answers) :][: self._width.now])
        return answers

    def _send(self, asked: Sequence[Request]) -> list[Answer]:
        if len(asked) > 1 and self._has_batch:
            answers = self._in_a_batch(asked)
            if answers is not None:
                return answers
            self._has_batch = False
        return [self._alone(request) for request in asked]

    def _alone(self, asked: Request) -> Answer:
        def judge(response: requests.Response) -> Answer:
            return _judged(response, self._client.world.now())

        try:
            if not asked.path.startswith(_TABLE):
                return self._client.post(asked.path, asked.body, judge)
            table, _, sys_id = asked.path.removeprefix(_TABLE).partition("/")
            return self._client.write(asked.method, table, sys_id or None, asked.body, judge)
        except Passing as passing:
            return _not_yet(passing)

    def _in_a_batch(self, asked: Sequence[Request]) -> list[Answer] | None:
        """The answers of all parts of one batch; None where the instance takes no batches."""
        parts = [_part(str(place), request) for place, request in enumerate(asked)]
        body = {"batch_request_id": "1", "rest_requests": parts}

        def judge(response: requests.Response) -> Mapping[str, Answer] | None:
            if response.status_code in _NO_BATCH_HERE:
                return None
            whole = _judged(response, self._client.world.now())
            if whole.outcome is not Outcome.DONE:
                raise Passing(Because.FAILED, whole.words)
            told = response.json()
            answers = dict(_parts(told, response, self._client.world.now()))
            self._width.heed(len(asked), len(answers), _took_ms(told))
            return answers

        try:
            answered = self._client.post(_BATCH, body, judge)
        except Passing as passing:
            return [_not_yet(passing)] * len(asked)
        if answered is None:
            return None
        unanswered = Answer(Outcome.UNSURE, words="the batch ended before this part was answered")
        return [answered.get(str(place), unanswered) for place in range(len(asked))]

    def find(self, asked: Sequence[Request]) -> list[str | None]:
        """The id of what each request would write, where it is there already; None where it is not."""
        keyed: dict[tuple[str, str], set[str]] = defaultdict(set)
        noted: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for request in asked:
            lookup = request.lookup
            if "field" in lookup:
                keyed[lookup["table"], lookup["field"]].add(lookup["value"])
            elif "marks" in lookup:
                noted[tuple(lookup["elements"])].add(lookup["id"])
        records = {place: self._records(*place, values) for place, values in keyed.items()}
        notes = {elements: self._notes(elements, ids) for elements, ids in noted.items()}
        return [_found(request.lookup, records, notes) for request in asked]

    def _records(self, table: str, field: str, values: Iterable[str]) -> dict[str, str]:
        """Key → id. Rows are compared here too: an unknown field would have given the whole table."""
        rows = named(self._client, table, field, values, ["sys_id", field])
        return {str(row.get(field)): str(row["sys_id"]) for row in rows}

    def _notes(self, elements: Iterable[str], ids: Iterable[str]) -> dict[str, str]:
        """Ticket id → all its notes that carry a mark, as one text."""
        found: dict[str, str] = defaultdict(str)
        conditions = (f"elementIN{','.join(elements)}", "valueLIKE[")
        rows = named(
            self._client, "sys_journal_field", "element_id", ids, ["element_id", "value"], *conditions
        )
        for row in rows:
            found[str(row.get("element_id"))] += str(row.get("value") or "") + "\n"
        return found


def _found(
    lookup: Mapping[str, Any],
    records: Mapping[tuple[str, str], Mapping[str, str]],
    notes: Mapping[tuple[str, ...], Mapping[str, str]],
) -> str | None:
    if "field" in lookup:
        return records[lookup["table"], lookup["field"]].get(lookup["value"])
    if "marks" in lookup:
        text = notes[tuple(lookup["elements"])].get(lookup["id"], "")
        return str(lookup["id"]) if all(one in text for one in lookup["marks"]) else None
    return None


def _judged(response: requests.Response, now: int) -> Answer:
    """What the answer to a write means. Raises Passing where it is not yet an answer."""
    status = response.status_code
    if status == 429:
        raise Passing(Because.THROTTLED, f"{words_of(response)} (429)", retry_after(response.headers, now))
    if status == 401:
        # Of a part of a batch: the login ended meanwhile. Of a whole request the client has heard before.
        raise Passing(Because.NOT_CONNECTED, f"{words_of(response)} (401)")
    if status < 200 or status >= 500 or status in (202, 408, 499):
        raise Passing(Because.FAILED, f"{words_of(response)} ({status})")
    if status >= 400:
        return Answer(Outcome.REFUSED, words=words_of(response))
    if is_web_page(response):
        raise Passing(Because.FAILED, "it answered with a web page instead of data")
    return _accepted(response)


def _accepted(response: requests.Response) -> Answer:
    if not response.content:
        return Answer(Outcome.DONE, response.headers.get("Location", "").rpartition("/")[2] or None)
    try:
        body = response.json()
    except requests.JSONDecodeError:
        raise Passing(Because.FAILED, "its answer was cut") from None
    if not isinstance(body, dict) or "error" in body or body.get("status") == "failure":
        raise Passing(Because.FAILED, words_of(response))
    result = body.get("result")
    if not isinstance(result, dict):
        return Answer(Outcome.DONE)
    return Answer(Outcome.DONE, str(result["sys_id"]) if "sys_id" in result else None, left=_left(result))


def _left(row: Raw) -> Left | None:
    """How a write has left its *row*, as far as that is shown."""
    edition = edition_of(row)
    try:
        return None if edition is None else Left(parse_instant(str(row.get("sys_updated_on"))), edition)
    except ValueError:
        return None


def _not_yet(passing: Passing) -> Answer:
    wait_ms = int((passing.wait_s or 0.0) * 1000)
    if passing.because is Because.FAILED:
        return Answer(Outcome.UNSURE, words=passing.words, wait_ms=wait_ms)
    return Answer(Outcome.AGAIN, words=passing.words, wait_ms=wait_ms)


def _part(number: str, asked: Request) -> dict[str, Any]:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    url = asked.path
    if url.startswith(_TABLE):
        url += f"?sysparm_fields={','.join(WRITTEN)}&sysparm_exclude_reference_link=true"
    return {
        "id": number,
        "method": asked.method,
        "url": url,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "body": b64encode(json.dumps(asked.body).encode()).decode(),
    }


def _decoded(written: Any) -> bytes:
    try:
        return b64decode(written or "")
    except (binascii.Error, TypeError):
        return b"?"  # an answer, but not one that can be read: unsure


def _took_ms(body: Mapping[str, Any]) -> int:
    """How long the parts of a batch have taken the instance, as it says."""
    times = (part.get("execution_time") for part in body.get("serviced_requests") or ())
    return sum(time for time in times if isinstance(time, int))


def _parts(body: Mapping[str, Any], whole: requests.Response, now: int) -> Iterator[tuple[str, Answer]]:
    """The answer to each part that was serviced; whoever is not among them got none."""
    for part in body.get("serviced_requests") or ():
        response = requests.Response()
        response.status_code = int(part.get("status_code") or 0)
        response.reason = str(part.get("status_text") or "")
        response._content = _decoded(part.get("body"))
        response.request = whole.request
        for header in part.get("headers") or ():
            response.headers[str(header.get("name"))] = str(header.get("value"))
        try:
            yield str(part.get("id")), _judged(response, now)
        except Passing as passing:
            yield str(part.get("id")), _not_yet(passing)
