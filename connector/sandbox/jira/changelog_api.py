"""Histories: of one issue, of named entries, and of many issues at once."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.issue import History, Issue
from connector.sandbox.wire import Response

MOST = 100
MOST_ISSUES = 1000
MOST_HISTORIES = 10_000
MOST_FIELDS = 10
Entry = tuple[int, int, Issue, History]


def of_issue(call: Call) -> Response:
    """Oldest first, at most a hundred."""
    issue = call.issue()
    return call.paged(issue.histories, call.present.history, MOST, MOST)


def named(call: Call) -> Response:
    issue = call.issue()
    wanted = {int(one) for one in call.record().get("changelogIds") or ()}
    found = [call.present.history(one) for one in issue.histories if one.id in wanted]
    page = {"startAt": 0, "maxResults": len(found), "total": len(found), "histories": found}
    return Response.json(200, page)


def in_bulk(call: Call) -> Response:
    """Sorted by date over all issues, so that one issue's histories may lie on several pages."""
    body = call.strict({"issueIdsOrKeys": list, "fieldIds": list, "maxResults": int, "nextPageToken": str})
    names, fields = body.get("issueIdsOrKeys") or [], body.get("fieldIds") or []
    size = body.get("maxResults", 1000)
    if not 1 <= len(names) <= MOST_ISSUES:
        raise errors.refused(
            400, f"issueIdsOrKeys: the number of issues has to be between 1 and {MOST_ISSUES}."
        )
    if len(fields) > MOST_FIELDS or len(set(fields)) != len(fields) or not 1 <= size <= MOST_HISTORIES:
        raise errors.refused(400, errors.BAD_PAYLOAD)
    entries = _entries(call, names, frozenset(fields))
    start = _start(body.get("nextPageToken"))
    end = start + min(size, call.site.quirks.changelog_cap)
    first = max(0, start - 1) if call.site.quirks.changelog_repeats_last and start else start
    answer: dict[str, Any] = {"issueChangeLogs": _grouped(call, entries[first:end])}
    if end < len(entries):
        answer["nextPageToken"] = urlsafe_b64encode(f"bulk:{end}".encode()).decode()
    return Response.json(200, answer)


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(urlsafe_b64decode(token).decode().removeprefix("bulk:"))
    except ValueError:
        raise errors.refused(400, "The next page token is invalid.") from None


def _entries(call: Call, names: list[Any], fields: frozenset[str]) -> list[Entry]:
    """The histories of the issues that are there; of others nothing is said."""
    issues = {found.id: found for name in names if (found := call.site.find(str(name)))}
    entries = [
        (history.at, issue.id, issue, history)
        for issue in issues.values()
        if call.site.visible(issue, call.person)
        for history in issue.histories
        if not fields or any(item.field in fields for item in history.items)
    ]
    entries.sort(key=lambda entry: (entry[0], entry[1], entry[3].id))
    return entries


def _grouped(call: Call, entries: list[Entry]) -> list[dict[str, Any]]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for _, _, issue, history in entries:
        groups.setdefault(issue.id, []).append(_dated(call, history))
    return [{"issueId": str(number), "changeHistories": found} for number, found in groups.items()]


def _dated(call: Call, history: History) -> dict[str, Any]:
    shown = call.present.history(history)
    match call.site.quirks.changelog_created:
        case "epoch_ms":
            shown["created"] = history.at
        case "epoch_s":
            shown["created"] = history.at // 1000
    return shown


CLOUD: list[Route] = [
    ("GET", "issue/{key}/changelog", of_issue),
    ("POST", "issue/{key}/changelog/list", named),
    ("POST", "changelog/bulkfetch", in_bulk),
]
