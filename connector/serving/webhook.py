"""Signed nudges: somebody says that a record changed, and it is read at once.

A nudge is believed in nothing but where to look: it names a record, and what is done follows from reading it.
So one that is sent again costs one read. Who may nudge is told by the signature alone:

    X-Accord-Timestamp: seconds since 1970, at most five minutes off
    X-Accord-Signature: sha256=HMAC-SHA256(secret, TIMESTAMP + "." + BODY), in hexadecimal or Base64

    {"source": "acme", "kind": "incident", "id": "9d38…"}       or "key": "INC0010001" instead of "id"
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from connector.errors import AccordError
from connector.log import get_logger
from connector.model.instant import MINUTE, SECOND, Instant, Millis
from connector.site import Site
from connector.store import Store, Transaction, inbox, tickets

log = get_logger()
WINDOW: Millis = 5 * MINUTE  # how far a timestamp may be off
LARGEST = 4_096  # bytes of a body
TIMESTAMP, SIGNATURE = "x-accord-timestamp", "x-accord-signature"
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP status, *answer* as it is counted, and what the sender is told."""

    status: int
    answer: str
    words: str


class Refused(Exception):
    """A request that is no nudge."""

    def __init__(self, status: int, answer: str, words: str) -> None:
        super().__init__(words)
        self.reply = Reply(status, answer, words)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Takes nudges into the store's inbox, then calls *wake*."""

    secret: Callable[[], str]
    site: Callable[[], Site]
    store: Callable[[], Store]
    now: Callable[[], Instant]
    wake: Callable[[], None]

    def take(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to one request (*headers* by their names in lower case): 202 when the record will be
        read; 401 for a signature that is missing, wrong or old; 400, 404 and 413 for what is no nudge."""
        try:
            verify(headers, body, self.secret(), self.now())
            source, kind, told = self._named(_parsed(body))
            self._put(source, kind, told)
        except Refused as refused:
            return refused.reply
        except AccordError as error:
            log.error("serve.nudge_not_taken", why=str(error))
            return Reply(503, "unavailable", "try again later")
        self.wake()
        return Reply(202, "accepted", "it will be read")

    def _named(self, nudge: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
        source, kind, site = nudge.get("source"), nudge.get("kind"), self.site()
        if not isinstance(source, str) or source not in site.catalogues:
            raise Refused(404, "unknown", f"there is no source {source!r}")
        known = site.catalogues[source].kinds
        if not isinstance(kind, str) or kind not in known or not known[kind].is_ticket:
            raise Refused(404, "unknown", f"{kind!r} is no kind of ticket at {source}")
        return source, kind, nudge

    def _put(self, source: str, kind: str, nudge: Mapping[str, Any]) -> None:
        with self.store().begin() as tx:
            inbox.add(tx, source, kind, _id(tx, source, kind, nudge), self.now())


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: Instant) -> None:
    """Raise Refused unless *body* was signed with *secret* within the last minutes."""
    if len(body) > LARGEST:
        raise Refused(413, "too_large", f"a nudge has at most {LARGEST} bytes")
    timestamp = headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "").removeprefix("sha256=").encode()
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256)
    in_hex, in_base64 = digest.hexdigest().encode(), b64encode(digest.digest())
    # Both are always compared, each in constant time: how long it takes tells nothing.
    is_signed = hmac.compare_digest(given.lower(), in_hex) | hmac.compare_digest(given, in_base64)
    if not is_signed:
        raise Refused(401, "bad_signature", "the signature is missing or wrong")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(int(timestamp) * SECOND - now) > WINDOW:
        raise Refused(401, "stale", "the timestamp is more than five minutes off")


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        nudge = json.loads(body)
    except (ValueError, RecursionError):
        nudge = None
    if not isinstance(nudge, dict):
        raise Refused(400, "malformed", "the body is no JSON object")
    return nudge


def _id(tx: Transaction, source: str, kind: str, nudge: Mapping[str, Any]) -> str:
    if (given := nudge.get("id")) is not None:
        if not isinstance(given, str) or not _ID.fullmatch(given):
            raise Refused(400, "malformed", "`id` is the platform's own id of the record, as text")
        return given
    key = nudge.get("key")
    if not isinstance(key, str) or not key:
        raise Refused(400, "malformed", "a nudge names an `id` or a `key`")
    for record in tickets.by_key(tx, key):
        if (record.source, record.kind) == (source, kind):
            return record.id
    raise Refused(404, "unknown", f"no {kind} {key[:64]!r} is known yet: send its `id`")
