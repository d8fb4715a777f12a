"""Searching: `search/jql` and its count, Data Center's paging search, and checking a query unrun."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route, chosen_fields
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql import JqlError, Query, parse
from connector.sandbox.jira.jql.match import compiled, is_field
from connector.sandbox.jira.jql.select import Page, Rank, Selection
from connector.sandbox.jira.jql.shown import structure
from connector.sandbox.jira.setup import Field
from connector.sandbox.wire import Response

MOST_IDS = 5000
MOST_RECONCILED = 50
MOST_PROPERTIES = 5
TOKEN_LIFE_MS = 7 * 86_400_000
ONLY_IDS = {"id", "key", "issuekey"}
BODY = {
    "jql": str, "nextPageToken": str, "maxResults": int, "fields": list, "expand": str, "properties": list,
    "fieldsByKeys": bool, "reconcileIssues": list,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked for, by GET or POST."""

    jql: str
    token: str
    most: int
    fields: Sequence[str]
    expand: Sequence[str]
    properties: Sequence[str]
    fresh: frozenset[int]

    @property
    def only_ids(self) -> bool:
        return set(self.fields) <= ONLY_IDS


def by_get(call: Call) -> Response:
    reconciled = [int(one) for one in call.many("reconcileIssues") if one.isdigit()]
    asked = Asked(
        call.text("jql"),
        call.text("nextPageToken"),
        call.number("maxResults", 50),
        call.many("fields") or ["id"],
        call.many("expand"),
        call.many("properties"),
        _reconciled(reconciled),
    )
    return _search(call, asked)


def by_post(call: Call) -> Response:
    body = call.strict(BODY)
    asked = Asked(
        body.get("jql") or "",
        body.get("nextPageToken") or "",
        body.get("maxResults", 50),
        body.get("fields") or ["id"],
        (body.get("expand") or "").split(","),
        body.get("properties") or [],
        _reconciled(body.get("reconcileIssues") or []),
    )
    return _search(call, asked)


def _reconciled(ids: Sequence[Any]) -> frozenset[int]:
    if any(not isinstance(one, int) for one in ids):
        raise errors.refused(400, errors.BAD_PAYLOAD)
    if len(ids) > MOST_RECONCILED:
        raise errors.refused(400, f"The reconcileIssues parameter takes at most {MOST_RECONCILED} issue ids.")
    return frozenset(ids)


def _search(call: Call, asked: Asked) -> Response:
    if not 1 <= asked.most <= MOST_IDS:
        raise errors.refused(400, "The max results parameter has to be between 1 and 5,000.")
    if len(asked.properties) > MOST_PROPERTIES:
        raise errors.refused(400, f"The properties parameter takes at most {MOST_PROPERTIES} properties.")
    query = bounded(call, asked.jql)
    if call.login.person is None:  # nobody sees nothing, and is not told
        return Response.json(200, {"issues": [], "isLast": True})
    selection = selected(call, query, asked.fresh)
    size = asked.most if asked.only_ids else min(asked.most, call.site.quirks.search_cap)
    page = selection.page(size, _opened(call, asked))
    return Response.json(200, _shown(call, asked, page))


def _shown(call: Call, asked: Asked, page: Page) -> dict[str, Any]:
    fields = [] if asked.only_ids else chosen_fields(call.site, asked.fields, "*navigable")
    answer: dict[str, Any] = {"issues": [_issue(call, asked, issue, fields) for issue in page.issues]}
    if page.rank is not None:
        answer["nextPageToken"] = _sealed(call, asked, page.rank)
    answer["isLast"] = page.rank is None
    if "names" in asked.expand:
        answer["names"] = call.present.names(fields)
    if "schema" in asked.expand:
        answer["schema"] = call.present.schemas(fields)
    return answer


def _issue(call: Call, asked: Asked, issue: Issue, fields: list[Field]) -> dict[str, Any]:
    if set(asked.fields) <= {"id"}:
        shown: dict[str, Any] = {"id": str(issue.id)}
    else:
        per_issue = [name for name in asked.expand if name not in {"names", "schema"}]
        shown = call.present.issue(issue, fields, per_issue)
    if asked.properties:
        shown["properties"] = call.present.properties(issue, asked.properties)
    return shown


# -- queries


def read(call: Call, jql: str) -> Query:
    """The query, with free text told from fields."""
    return parse(jql, lambda name: is_field(call.site, name))


def bounded(call: Call, jql: str) -> Query:
    """The query of a Cloud search, which must restrict something."""
    try:
        query = read(call, jql)
    except JqlError as wrong:
        raise errors.refused(400, *wrong.messages) from None
    if query.where is None:
        raise errors.refused(400, errors.UNBOUNDED)
    return query


def selected(call: Call, query: Query, fresh: frozenset[int] = frozenset()) -> Selection:
    try:
        return Selection(call.site, query, call.asker, fresh)
    except JqlError as wrong:
        raise errors.refused(400, *wrong.messages) from None


# -- page tokens: opaque to clients, bound to the query, dead after a week


def _sealed(call: Call, asked: Asked, rank: Rank) -> str:
    held = {"q": _mark(call, asked), "r": rank, "t": call.site.now()}
    return urlsafe_b64encode(json.dumps(held).encode()).decode()


def _mark(call: Call, asked: Asked) -> str:
    return call.site.world.chance.identifier("token", asked.jql, call.person.account_id)[:12]


def _opened(call: Call, asked: Asked) -> Rank | None:
    if not asked.token:
        return None
    try:
        held = json.loads(urlsafe_b64decode(asked.token))
        rank = tuple(tuple(tuple(p) if isinstance(p, list) else p for p in place) for place in held["r"])
        made, mark = held["t"], held["q"]
    except (ValueError, KeyError, TypeError):
        raise errors.refused(400, "The next page token is invalid.") from None
    if mark != _mark(call, asked):
        raise errors.refused(400, "The next page token is invalid for this search.")
    if call.site.now() - made > TOKEN_LIFE_MS:
        raise errors.refused(400, "The next page token has expired.")
    return rank


# -- the rest


def gone(call: Call) -> Response:
    """What is left of `/search` on Cloud."""
    del call
    raise errors.refused(410, errors.SEARCH_GONE)


def count(call: Call) -> Response:
    body = call.strict({"jql": str})
    query = bounded(call, body.get("jql") or "")
    if call.login.person is None:
        return Response.json(200, {"count": 0})
    return Response.json(200, {"count": selected(call, query).count()})


def parse_queries(call: Call) -> Response:
    body = call.strict({"queries": list})
    strict = call.text("validation", "strict") != "none"
    return Response.json(
        200, {"queries": [_parsed(call, str(one), strict) for one in body.get("queries", ())]}
    )


def _parsed(call: Call, jql: str, strict: bool) -> dict[str, Any]:
    try:
        query = read(call, jql)
        if strict:
            compiled(call.site, call.asker, query.where)
    except JqlError as wrong:
        return {"query": jql, "errors": list(wrong.messages)}
    return {"query": jql, "structure": structure(query)}


def paging(call: Call) -> Response:
    """Data Center's search: startAt, total, and unbounded queries too."""
    body = call.record() if call.request.method == "POST" else {}
    jql = body.get("jql", call.text("jql"))
    start = max(0, int(body.get("startAt", call.number("startAt", 0))))
    most = max(0, min(1000, int(body.get("maxResults", call.number("maxResults", 50)))))
    names = body.get("fields") or call.many("fields")
    expand = body.get("expand") or call.many("expand")
    validated = body.get("validateQuery", call.text("validateQuery", "true") != "false")
    asker = replace(call.asker, lenient=validated is False)
    try:
        page = Selection(call.site, read(call, jql), asker).offset(start, most)
    except JqlError as wrong:
        raise errors.refused(400, *wrong.messages) from None
    fields = chosen_fields(call.site, names, "*navigable")
    shown = [call.present.issue(issue, fields, expand) for issue in page.issues]
    answer = {
        "expand": "schema,names",
        "startAt": start,
        "maxResults": most,
        "total": page.total,
        "issues": shown,
    }
    return Response.json(200, answer)


CLOUD: list[Route] = [
    ("GET", "search/jql", by_get),
    ("POST", "search/jql", by_post),
    ("GET", "search", gone),
    ("POST", "search", gone),
    ("POST", "search/approximate-count", count),
    ("POST", "jql/parse", parse_queries),
]
DATA_CENTER: list[Route] = [("GET", "search", paging), ("POST", "search", paging)]
