"""The Batch API: several requests in one, one after the other, not atomic.

Whatever is not reached in time, or lost on the way, is named in `unserviced_requests` of an answer that is
200 all the same.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from connector.sandbox.servicenow import errors
from connector.sandbox.wire import Request, Response

# Answers one item's request; one whose answer is broken was not serviced.
Item = Callable[[Request], Response]

MAX_ITEM_BYTES = 5 * 2**20
MAX_OUTPUT_BYTES = 10 * 2**20


def handle(request: Request, item: Item) -> Response:
    """Answer `POST /api/now/v1/batch`."""
    if request.method != "POST":
        raise errors.wrong_method()
    sent = _read(request)
    allowed = min(MAX_OUTPUT_BYTES, _wanted_output(request))
    serviced: list[dict[str, Any]] = []
    unserviced: list[str] = []
    size = 0
    for part in sent["rest_requests"]:
        answer = None if size > allowed else item(_request(request, part))
        if answer is None or answer.breakage is not None:
            unserviced.append(str(part.get("id", "")))
            continue
        size += len(answer.body)
        serviced.append(_serviced(part, answer))
    body = {
        "batch_request_id": str(sent.get("batch_request_id", "")),
        "serviced_requests": serviced,
        "unserviced_requests": unserviced,
    }
    return Response.json(200, body)


def _read(request: Request) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except ValueError:
        raise errors.bad_payload() from None
    if not isinstance(sent, dict) or not isinstance(sent.get("rest_requests"), list):
        raise errors.Refused(400, "Invalid batch request", "rest_requests is missing")
    return sent


def _wanted_output(request: Request) -> int:
    text = request.header("x-batchrequest-max-output-size")
    return int(text) if text.isdigit() else MAX_OUTPUT_BYTES


def _request(outer: Request, part: dict[str, Any]) -> Request:
    headers = {header["name"]: header["value"] for header in part.get("headers", [])}
    headers.setdefault("authorization", outer.header("authorization"))
    try:
        body = b64decode(part.get("body") or "", validate=True)
    except NotBase64:
        body = b"?"
    if len(body) > MAX_ITEM_BYTES:
        body = b"?"
    return Request.make(part.get("method", "GET"), part.get("url", ""), headers, body, outer.origin)


def _serviced(part: dict[str, Any], answer: Response) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in answer.headers]
    return {
        "id": str(part.get("id", "")),
        "body": b64encode(answer.body).decode(),
        "status_code": answer.status,
        "status_text": HTTPStatus(answer.status).phrase,
        "headers": [] if part.get("exclude_response_headers") else headers,
        "execution_time": 5,
    }
