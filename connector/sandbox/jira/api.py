"""The door of the site: which API a path belongs to, who calls, and what every answer carries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connector.sandbox.jira import (
    changelog_api,
    comment_api,
    desk_api,
    errors,
    field_api,
    file_api,
    issue_api,
    links_api,
    mail_api,
    oauth,
    organization_api,
    property_api,
    search_api,
    site_api,
)
from connector.sandbox.jira.accounts import Login
from connector.sandbox.jira.call import Call, Handler, Route
from connector.sandbox.jira.limits import Limits
from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

# Endpoints that answer without a login too, with nothing in the answer.
OPEN = {
    "search/jql",
    "search/approximate-count",
    "search",
    "field",
    "project/search",
    "serverInfo",
    "jql/parse",
}
OPEN |= {"issuetype", "status", "priority", "info"}
ROUTES: Sequence[Route] = [
    *issue_api.ROUTES,
    *comment_api.ROUTES,
    *property_api.ROUTES,
    *links_api.ROUTES,
    *mail_api.ROUTES,
    *file_api.ROUTES,
    *field_api.ROUTES,
    *site_api.ROUTES,
]
CLOUD: Sequence[Route] = [
    *search_api.CLOUD,
    *issue_api.CLOUD,
    *comment_api.CLOUD,
    *changelog_api.CLOUD,
    *field_api.CLOUD,
    *site_api.CLOUD,
]
DATA_CENTER: Sequence[Route] = [*search_api.DATA_CENTER, *site_api.DATA_CENTER]
Matched = tuple[str, Handler, dict[str, str]]


class Router:
    """Finds the handler of a method and path; fixed paths go before those with a parameter."""

    def __init__(self, routes: Sequence[Route]) -> None:
        ordered = sorted(routes, key=lambda route: route[1].count("{"))
        self._routes = [
            (method, pattern, pattern.split("/"), handler) for method, pattern, handler in ordered
        ]

    def find(self, method: str, parts: Sequence[str]) -> tuple[Matched | None, bool]:
        """What serves it, and whether the path is known at all."""
        known = False
        for allowed, pattern, pieces, handler in self._routes:
            args = _fits(pieces, parts)
            if args is not None:
                known = True
                if allowed == method:
                    return (pattern, handler, args), True
        return None, known


def _fits(pieces: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    if len(pieces) != len(parts):
        return None
    args = {}
    for piece, part in zip(pieces, parts, strict=True):
        if piece.startswith("{"):
            args[piece[1:-1]] = part
        elif piece != part:
            return None
    return args


class Api:
    """Answers requests for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._limits = Limits(site)
        platform = [*ROUTES, *(CLOUD if site.quirks.cloud else DATA_CENTER)]
        self._platform = Router(platform)
        self._desk = Router([*desk_api.ROUTES, *organization_api.ROUTES])

    def handle(self, request: Request) -> Response:
        """Answer a request as the site would."""
        try:
            response = self._answer(request)
        except errors.Refused as refused:
            response = refused.answer
        number = self._site.next_id("request")
        return response.with_headers(("Server", "AtlassianEdge"), ("Atl-Traceid", f"{number:016x}"))

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix(self._site.quirks.context_path)
        root = request.origin + self._site.quirks.context_path
        match [unquote(part) for part in path.split("/") if part]:
            case ["oauth", "token"] if request.method == "POST":
                return oauth.token(self._site, request)
            case ["oauth", "token", "accessible-resources"]:
                return oauth.resources(self._site, request)
            case ["_edge", "tenant_info"]:
                return oauth.tenant(self._site, request)
            case ["ex", "jira", cloud, *rest]:
                return self._gateway(request, cloud, rest)
            case [*parts]:
                return self._rest(request, root, parts, gateway=False)
        raise AssertionError("every path is a list of parts")

    def _gateway(self, request: Request, cloud: str, rest: list[str]) -> Response:
        if cloud != oauth.cloud_id(self._site):
            body = {
                "status": 404,
                "error": "Not Found",
                "message": "No message available",
                "path": request.path,
            }
            return Response.json(404, {"timestamp": self._site.now(), **body})
        return self._rest(request, f"{request.origin}/ex/jira/{cloud}", rest, gateway=True)

    def _rest(self, request: Request, root: str, parts: list[str], *, gateway: bool) -> Response:
        router, version, rest = self._routed(parts)
        if router is None:
            raise errors.problem(404, "Not Found", f"No endpoint {request.method} {request.path}.")
        matched, known = router.find(request.method, rest)
        if matched is None:
            raise self._unrouted(request, known)
        pattern, handler, args = matched
        login = self._site.accounts.login(request.header("authorization"), gateway=gateway)
        self._check(request, login, pattern)
        limits = self._limits.admit(
            login, f"{request.method} {pattern}", self._written(request, pattern, args)
        )
        response = _handled(handler, Call(self._site, request, login, root, version, args))
        self._limits.charge(login, _points(request, response) if self._site.quirks.quota_points else 0)
        failed = (errors.LOGIN_FAILED,) if login.failed else ()
        return response.with_headers(*limits, *failed)

    def _routed(self, parts: list[str]) -> tuple[Router | None, str, list[str]]:
        match parts:
            case ["rest", "servicedeskapi", *rest]:
                return self._desk, "2", rest
            case ["rest", "api", "3", *rest] if self._site.quirks.cloud:
                return self._platform, "3", rest
            case ["rest", "api", "2" | "latest", *rest]:
                return self._platform, "2", rest
        return None, "", []

    def _unrouted(self, request: Request, known: bool) -> errors.Refused:
        if known:
            return errors.problem(405, "Method Not Allowed", f"Method '{request.method}' is not supported.")
        return errors.problem(404, "Not Found", f"No endpoint {request.method} {request.path}.")

    def _check(self, request: Request, login: Login, pattern: str) -> None:
        open_to_all = pattern in OPEN and (self._site.quirks.cloud or pattern == "serverInfo")
        if login.person is None and not open_to_all:
            raise errors.unauthenticated(*((errors.LOGIN_FAILED,) if login.failed else ()))
        typed = "content-type" in request.headers or not self._site.quirks.delete_needs_content_type
        if request.method == "DELETE" and not typed and self._site.quirks.cloud:
            raise errors.problem(415, "Unsupported Media Type", "Content-Type 'null' is not supported.")

    def _written(self, request: Request, pattern: str, args: Mapping[str, str]) -> str | None:
        """The issue a request writes to, for the limit on each."""
        if request.method == "GET" or not pattern.startswith(("issue/{key}", "request/{key}")):
            return None
        found = self._site.find(args["key"])
        return str(found.id) if found else None


def _handled(handler: Handler, call: Call) -> Response:
    """Let the handler answer; a body whose parts are not of the shape it reads is a bad payload."""
    try:
        return handler(call)
    except (AttributeError, KeyError, TypeError):
        if not call.request.body:
            raise
        raise errors.refused(400, errors.BAD_PAYLOAD) from None


def _points(request: Request, response: Response) -> int:
    """What a request costs an app: one, and one for each object read; a write costs one."""
    if request.method != "GET" and "/search" not in request.path and "bulkfetch" not in request.path:
        return 1
    try:
        answer = json.loads(response.body)
    except ValueError:
        return 1
    if not isinstance(answer, dict):
        return 1
    lists = [held for name, held in answer.items() if name in {"issues", "values", "issueChangeLogs"}]
    return 1 + (sum(len(held) for held in lists) if lists else 1)
