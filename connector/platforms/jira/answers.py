"""What an answer of Jira means: data, something that may pass, or an error with its mend.

Status codes, three dialects of errors and the ways a 200 can still be a refused login. Nothing is sent from
here; how long a limited platform is left alone is in `limits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import requests

from connector.errors import AccordError, NotAllowed, NotReachable
from connector.model.instant import Instant
from connector.platforms.governor import Because, Passing, retry_after
from connector.platforms.jira.limits import Lanes, limited

_decode = msgspec.json.Decoder().decode
# What Jira says of a login beside an answer it gives to anybody.
_FAILED_LOGIN = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED")
_OFF_SCREEN = "not on the appropriate screen"
LOGIN_MEND = (
    "check the user and token under `auth` (tokens expire); it is not tried again, since accounts lock"
)


class Gone(NotAllowed):
    """What was asked for is not there, or not for us."""


def body_of(response: requests.Response) -> Any:
    """The body as JSON; None where it is none."""
    try:
        return _decode(response.content)
    except msgspec.DecodeError:
        return None


def words_of(response: requests.Response) -> str:
    """The platform's own words for a refusal, in whichever dialect, else the status."""
    body = body_of(response)
    words = list(_told(body)) if isinstance(body, Mapping) else []
    if not words and body is None and not is_web_page(response):
        words = [response.text.strip()[:200]]
    return (
        "; ".join(word for word in words if word)
        or f"HTTP {response.status_code} {response.reason or ''}".strip()
    )


def words_of_a_write(response: requests.Response) -> str:
    """The words for a refused write; fields that are on no screen are told together, with the mend."""
    body = body_of(response)
    told = body.get("errors") if isinstance(body, Mapping) else None
    fields = told if isinstance(told, Mapping) else {}
    off = sorted(fields)
    if not off or not all(_OFF_SCREEN in str(fields[name]) for name in off):
        return words_of(response)
    return (
        f"{', '.join(off)}: on no screen of that project (team-managed: of that issue type), or unknown;"
        " put them there, or take them out of `write` in the mapping"
    )


def _told(body: Mapping[str, Any]) -> list[str]:
    messages, fields = body.get("errorMessages") or (), body.get("errors") or {}
    words = [str(message) for message in messages]
    if isinstance(fields, Mapping):
        words += [f"{name}: {message}" for name, message in fields.items()]
    return words or [str(body[key]) for key in ("errorMessage", "detail", "message") if body.get(key)]


def is_web_page(response: requests.Response) -> bool:
    """Whether the body is a page for people: a gateway's, a login page."""
    head = response.content[:200].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html"))


def is_refused_login(response: requests.Response) -> bool:
    """Whether our proof was not accepted: a 401, or an answer as anybody would get it, told by its header.

    Endpoints that strangers may ask answer a dead token with 200 and nothing in it.
    """
    reasons = response.headers.get("X-Seraph-LoginReason", "")
    return response.status_code == 401 or any(reason in reasons for reason in _FAILED_LOGIN)


def refused_login(words: str) -> NotAllowed:
    """What to tell when the login is refused. It is not tried again."""
    return NotAllowed(f"the login was refused: {words}", hint=LOGIN_MEND)


def read_answer(response: requests.Response, now: Instant, doing: str, lanes: Lanes) -> Any:
    """The data of a question. Raises Passing for what may pass, else an error for people."""
    raise_for(response, now, doing, lanes)
    if not response.content:
        return None
    body = body_of(response)
    if is_web_page(response):
        raise Passing(Because.FAILED, "it answered with a web page instead of data")
    if body is None:
        raise Passing(Because.FAILED, "its answer was cut")
    return body


def raise_for(response: requests.Response, now: Instant, doing: str, lanes: Lanes) -> None:
    """Raise what the refusal or failure in *response* means; nothing for a success."""
    status = response.status_code
    if 200 <= status < 300:
        return
    if status == 429:
        raise limited(response, now, lanes, words_of(response))
    if status in (408, 499) or status >= 500 or status < 200:
        wait = retry_after(response.headers, now)
        because = Because.THROTTLED if status == 503 and wait is not None else Because.FAILED
        raise Passing(because, f"{words_of(response)} ({status})", wait)
    raise refusal(response, doing)


def refusal(response: requests.Response, doing: str) -> AccordError:
    """A refusal for good: what was refused, the platform's words, and the mend."""
    status, words = response.status_code, words_of(response)
    what = f"{doing}: {words}"
    if status == 403 and not response.content.strip():
        return no_licence(doing)
    if status == 410:
        return NotReachable(
            f"{what} (410)",
            hint="that address has been removed from Cloud: log in there with `auth: {type: token …}` or"
            " `oauth`; `pat` is for Data Center",
        )
    if status in (404, 405):
        return Gone(what, hint="see that it is there and that Accord's user may see it")
    if status == 400:
        return NotAllowed(what, hint=_mend_of_a_question(words))
    return NotAllowed(f"{what} ({status})", hint="give its user the right to it; `accord check` lists all")


def no_licence(doing: str) -> NotAllowed:
    """A 403 with nothing in it is how the service desk turns away who is no agent."""
    return NotAllowed(
        f"{doing}: refused without a word (403): its user is no agent of the service desk",
        hint="give Accord's user a Jira Service Management licence and the role Service Desk Team",
    )


def _mend_of_a_question(words: str) -> str:
    lowered = words.lower()
    if "for the field 'project'" in lowered:
        return "check `project` in the mapping, and that Accord's user may browse it"
    if "for the field 'type'" in lowered or "for the field 'issuetype'" in lowered:
        return "check `issue_type` in the mapping against the project's issue types"
    if "does not exist or you do not have permission" in lowered or "cannot be viewed" in lowered:
        return "a field named in the mapping or its `jql` is gone, or hidden from Accord's user"
    if "unbounded" in lowered:
        return "name `issue_type` or `project` in the mapping: all issues of a site are too many"
    return "check `jql` in the mapping"
