"""Notices to a web address of the site's own, signed. Nothing there can be looked up, so each goes at most
once.

The receiver checks `X-Accord-Signature: sha256=…`, the HMAC of `TIMESTAMP.BODY` under the shared secret, and
refuses old timestamps; `Idempotency-Key` lets it recognise a notice it has seen.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import requests
from requests.sessions import Session

from connector.channels.together import Message, messages
from connector.errors import AccordError
from connector.model.effect import Effect
from connector.model.instant import SECOND, format_instant
from connector.platforms.governor import Because, because_of, retry_after
from connector.platforms.port import Answer, Guard, Outcome, Request
from connector.world import World

TIMEOUTS = (5.0, 20.0)  # seconds: to connect, to answer
WAIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Webhook:
    """The channel `webhook`."""

    url: str
    secret: str | None
    world: World
    at_once: int = 1

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """One POST for each notice, and for all of a digest."""
        del remote
        addressed = ((tuple(one.payload["recipients"]), one) for one in effects)
        return [self._post(message) for message in messages(addressed)]

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """Nothing can be looked up."""
        return [None] * len(requests)

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """There is nothing to know."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """One POST after the other; a redirect is not followed."""
        with self.world.session() as session:
            return [self._sent(session, request) for request in requests]

    def _post(self, message: Message) -> Request:
        first, *others = message.different
        body = _told(first)
        if others:  # the whole in words, and each by itself
            each = {"notices": [_told(one) for one in message.different]}
            body |= {"ticket": None, "subject": message.subject, "text": message.text, **each}
        return Request(message.keys, Guard.ONCE, "POST", self.url, body, "a notice by webhook")

    def _sent(self, session: Session, request: Request) -> Answer:
        body = json.dumps(request.body, ensure_ascii=False, sort_keys=True).encode()
        try:
            response = session.post(
                request.path,
                data=body,
                headers=self._headers(request, body),
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return _unanswered(error)
        return _judged(response, self.world)

    def _headers(self, request: Request, body: bytes) -> dict[str, str]:
        timestamp = str(self.world.now() // SECOND)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": request.effects[0],
            "X-Accord-Timestamp": timestamp,
        }
        if self.secret is not None:
            signed = hmac.new(self.secret.encode(), timestamp.encode() + b"." + body, sha256)
            headers["X-Accord-Signature"] = f"sha256={signed.hexdigest()}"
        return headers


def _told(notice: Effect) -> dict[str, Any]:
    ticket = notice.ticket
    return {
        "key": notice.key,
        "at": format_instant(notice.at),
        "source": notice.source,
        "ticket": {"kind": ticket.kind, "id": ticket.id, "key": ticket.key} if ticket else None,
        "recipients": list(notice.payload["recipients"]),
        "subject": notice.payload["subject"],
        "text": notice.payload["text"],
    }


def _unanswered(error: requests.RequestException) -> Answer:
    try:
        because, words = because_of(error)
    except AccordError as untrusted:  # its certificate was refused before anything was sent
        return Answer(Outcome.AGAIN, words=str(untrusted), wait_ms=WAIT_MS)
    if because is Because.FAILED:
        return Answer(Outcome.UNSURE, words=words)
    return Answer(Outcome.AGAIN, words=words, wait_ms=WAIT_MS)


def _judged(response: requests.Response, world: World) -> Answer:
    status, words = response.status_code, f"it answered {response.status_code}"
    if 200 <= status < 300:
        return Answer(Outcome.DONE)
    if status == 429:
        wait_s = retry_after(response.headers, world.now())
        return Answer(Outcome.AGAIN, words=words, wait_ms=WAIT_MS if wait_s is None else int(wait_s * 1000))
    if 300 <= status < 500 and status not in (408, 499):
        return Answer(Outcome.REFUSED, words=words)
    return Answer(Outcome.UNSURE, words=words)
