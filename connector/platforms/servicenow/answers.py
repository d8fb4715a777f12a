"""What an answer of ServiceNow means: data, something that may pass, or an error with its mend.

Status codes, the error envelope and the ways a 200 can still be a failure. Nothing is sent from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import requests

from connector.errors import AccordError, NotAllowed, NotReachable, Problem, Wrong
from connector.model.instant import Instant
from connector.platforms.governor import Because, Passing, retry_after
from connector.platforms.pagesize import Overlong

_decode = msgspec.json.Decoder().decode
_NEXT = re.compile(r'rel="?next\b')
_TOO_LONG = "maximum execution time exceeded"
_NO_API = (
    "check the source's `url`: it is the instance's own address, `https://NAME.service-now.com`, without the"
    " path of an API"
)


class NoTable(Wrong):
    """The table does not exist here."""


class NoApi(NotAllowed):
    """Nothing at this address speaks the platform's language."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of an answer and what its headers say of it."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    status: int

    @property
    def result(self) -> Any:
        """What stands under `result`."""
        return self.body.get("result")

    @property
    def total(self) -> int | None:
        """Rows of the query, counted before access rules hide any; None where the platform does not say."""
        written = self.headers.get("X-Total-Count", "")
        return int(written) if written.strip().isdigit() else None

    @property
    def has_next(self) -> bool:
        """Whether the platform names a next page. Its address is never followed."""
        return _NEXT.search(self.headers.get("Link", "")) is not None


def words_of(response: requests.Response) -> str:
    """The platform's own words for a refusal, else the status."""
    error = _envelope(response)
    message, detail = str(error.get("message") or ""), str(error.get("detail") or "")
    if message and detail and detail != message:
        return f"{message}: {detail}"
    return message or detail or f"HTTP {response.status_code} {response.reason or ''}".strip()


def _envelope(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = _decode(response.content)
    except msgspec.DecodeError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def read_answer(response: requests.Response, now: Instant, doing: str) -> Answered:
    """The data of a GET (or of a batch).

    Raises Passing for what may pass, Overlong where fewer rows may do, else an error for people.
    """
    if response.status_code in (200, 201):
        return _data(response, doing)
    if response.status_code == 202:
        raise Passing(Because.FAILED, "it is still busy with another request of this session (202)")
    raise_for(response, now, doing)
    raise NotReachable(f"{doing}: {words_of(response)}")


def _data(response: requests.Response, doing: str) -> Answered:
    if is_web_page(response):
        raise Passing(
            Because.FAILED, "it answers with a web page instead of data: it may be asleep (hibernating)"
        )
    try:
        body = _decode(response.content)
    except msgspec.DecodeError:
        raise Overlong(f"{doing}: the answer was cut") from None
    if not isinstance(body, dict):
        raise NotReachable(f"{doing}: the answer is no ServiceNow answer", hint="check the source's `url`")
    if "error" in body or body.get("status") == "failure":
        words = words_of(response)
        if _TOO_LONG in words.lower() or isinstance(body.get("result"), list):
            raise Overlong(f"{doing}: {words}")
        raise NotAllowed(f"{doing}: {words}")
    return Answered(body, response.headers, response.status_code)


def is_web_page(response: requests.Response) -> bool:
    """Whether the body is a page for people: a hibernating instance, a login page, a proxy's."""
    head = response.content[:200].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html"))


def raise_for(response: requests.Response, now: Instant, doing: str) -> None:
    """Raise what the refusal or failure in *response* means; nothing for a success."""
    status, words = response.status_code, words_of(response)
    if status < 400:
        return
    if status == 429:
        raise Passing(Because.THROTTLED, f"{words} (429)", retry_after(response.headers, now))
    if status == 401:
        raise refused_login(words)
    if status in (408, 499) or status >= 500:
        if _TOO_LONG in words.lower():
            raise Overlong(f"{doing}: {words}")
        wait = retry_after(response.headers, now)
        because = Because.THROTTLED if status == 503 and wait is not None else Because.FAILED
        raise Passing(because, f"{words} ({status})", wait)
    raise refusal(status, words, doing)


def refused_login(words: str) -> NotAllowed:
    """What to tell when the login is refused. It is not tried again."""
    return NotAllowed(
        f"the login was refused: {words}",
        hint="check the user and password under `auth`; it is not tried again, since accounts lock",
    )


def refusal(status: int, words: str, doing: str) -> AccordError:
    """A refusal for good: what was refused, the platform's words, and the mend."""
    lowered = words.lower()
    if status in (400, 404) and ("invalid table" in lowered or "does not exist" in lowered):
        mend = "check `table` in the mapping; a table of Accord's own is made by `accord setup --apply`"
        return NoTable([Problem(f"{doing}: {words}", hint=mend)])
    if status in (400, 404) and "does not represent any resource" in lowered:
        return NoApi(f"{doing}: {words} ({status})", hint=_NO_API)
    if status == 403 and "query" in lowered:
        return NotAllowed(
            f"{doing}: {words}", hint="a field in the question does not exist or its user may not read it"
        )
    if status == 403 and "api level acl" in lowered:
        mend = "give its user a role that may use the REST API, such as snc_platform_rest_api_access"
        return NotAllowed(f"{doing}: {words}", hint=mend)
    if status in (403, 404):
        return NotAllowed(f"{doing}: {words}", hint="give its user the right to it; `accord check` lists all")
    return NotAllowed(f"{doing}: {words} ({status})")
