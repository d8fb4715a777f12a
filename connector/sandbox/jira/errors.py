"""The site's error answers, word for word where they are known: three dialects, and plain text at the gate.

The platform API speaks of `errorMessages` and `errors`, its router RFC 7807, servicedeskapi of one
`errorMessage`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connector.sandbox.wire import Response

NO_ISSUE = "Issue does not exist or you do not have permission to see it."
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
NOT_ON_SCREEN = "Field '{0}' cannot be set. It is not on the appropriate screen, or unknown."
NOT_A_DOCUMENT = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
NOT_A_STRING = "Operation value must be a string"
SEARCH_GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    " A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
LOGIN_TEXT = "Client must be authenticated to access this resource."
LOGIN_FAILED = ("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")


class Refused(Exception):
    """A request is answered with an error, already in its dialect."""

    def __init__(self, answer: Response) -> None:
        super().__init__(f"{answer.status} {answer.body.decode()}")
        self.answer = answer


class FieldErrors(Exception):
    """A write is refused for its fields: field id to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(dict(errors)))
        self.errors = dict(errors)


def refused(status: int, *messages: str, errors: Mapping[str, str] | None = None) -> Refused:
    """The platform API's error."""
    return Refused(Response.json(status, collection(*messages, errors=errors)))


def collection(*messages: str, errors: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"errorMessages": list(messages), "errors": dict(errors or {})}


def no_issue() -> Refused:
    return refused(404, NO_ISSUE)


def forbidden(message: str) -> Refused:
    return refused(403, message)


def problem(status: int, title: str, detail: str) -> Refused:
    """The router's error (RFC 7807)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    text = json.dumps(body).encode()
    return Refused(Response(status, text, (("Content-Type", "application/problem+json"),)))


def unauthenticated(*headers: tuple[str, str]) -> Refused:
    """The gate's answer: plain text, whatever the client accepts."""
    plain = (("Content-Type", "text/html;charset=UTF-8"), ("WWW-Authenticate", 'OAuth realm="sandbox"'))
    return Refused(Response(401, LOGIN_TEXT.encode(), (*plain, *headers)))


def desk(status: int, message: str, key: str = "sd.error.unknown") -> Refused:
    """The error of servicedeskapi."""
    body = {"errorMessage": message, "i18nErrorMessage": {"i18nKey": key, "parameters": []}}
    return Refused(Response.json(status, body))


def not_an_agent() -> Refused:
    """What servicedeskapi says to users without a licence: nothing."""
    return Refused(Response(403))
