"""The door of the instance: which API a path belongs to, who calls, and what every answer carries."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from connector.sandbox.servicenow import (
    attachment_api,
    batch_api,
    email_api,
    errors,
    oauth,
    stats_api,
    table_api,
)
from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.limiter import Limiter
from connector.sandbox.servicenow.table_api import Call
from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.servicenow.batch_api import Item
    from connector.sandbox.servicenow.instance import Instance

_VERSION = re.compile(r"v\d+")


class Api:
    """Answers requests for one instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._limiter = Limiter(instance)

    def handle(self, request: Request, item: Item | None = None) -> Response:
        """Answer a request. `item` serves the parts of a batch (with their faults); without it this does."""
        request = _overridden(request)
        self._instance.requests_seen += 1
        try:
            response = self._answer(request, item or self.handle)
        except errors.Refused as refused:
            response = refused.response()
        if request.method == "HEAD":
            response = replace(response, body=b"")
        return self._signed(_in_wanted_format(request, response))

    def _answer(self, request: Request, item: Item) -> Response:
        parts = request.parts
        if parts == ["oauth_token.do"]:
            return oauth.handle(self._instance, request)
        if parts[:2] != ["api", "now"]:
            raise errors.no_resource()
        version = parts[2] if len(parts) > 2 and _VERSION.fullmatch(parts[2]) else ""
        rest = parts[3:] if version else parts[2:]
        caller = self._instance.accounts.authenticate(request.header("authorization"))
        if caller is None:
            raise errors.not_authenticated()
        _check_accept(request)
        limits = self._limiter.admit(caller)
        return self._route(request, caller, version, rest, item).with_headers(*limits)

    def _route(self, request: Request, caller: Caller, version: str, rest: list[str], item: Item) -> Response:
        match rest:
            case ["table", table]:
                return table_api.handle(Call(self._instance, request, caller, table, version), None)
            case ["table", table, sys_id]:
                return table_api.handle(Call(self._instance, request, caller, table, version), sys_id)
            case ["stats", table]:
                return stats_api.handle(Call(self._instance, request, caller, table, version))
            case ["attachment", *path]:
                call = Call(self._instance, request, caller, "sys_attachment", version)
                return attachment_api.handle(call, path)
            case ["email", *path]:
                return email_api.handle(Call(self._instance, request, caller, "sys_email", version), path)
            case ["batch"] if version:
                return batch_api.handle(request, item)
        raise errors.no_resource()

    def _signed(self, response: Response) -> Response:
        transaction = f"{self._instance.requests_seen:012x}"
        return response.with_headers(
            ("Server", "ServiceNow"),
            ("X-Is-Logged-In", str(response.status != 401).lower()),
            ("X-Transaction-ID", transaction),
        )


def _overridden(request: Request) -> Request:
    method = request.header("x-http-method-override").upper()
    return replace(request, method=method) if method else request


def _check_accept(request: Request) -> None:
    accept = request.header("accept")
    if accept and not any(kind in accept for kind in ("json", "*/*", "application/*", "xml")):
        raise errors.Refused(406, "Not acceptable", f"{accept} is not supported")


def _in_wanted_format(request: Request, response: Response) -> Response:
    """XML for who asks for it and not for JSON."""
    accept = request.header("accept")
    if "xml" not in accept or "json" in accept or "json" not in (response.header("content-type") or ""):
        return response
    body = f'<?xml version="1.0" encoding="UTF-8"?><response>{_xml(json.loads(response.body))}</response>'
    others = tuple(pair for pair in response.headers if pair[0].lower() != "content-type")
    headers = (("Content-Type", "application/xml;charset=UTF-8"), *others)
    return replace(response, body=body.encode(), headers=headers)


def _xml(value: Any) -> str:
    if not isinstance(value, dict):
        return escape("" if value is None else str(value))
    return "".join(
        f"<{name}>{_xml(one)}</{name}>"
        for name, held in value.items()
        for one in (held if isinstance(held, list) else [held])
    )
