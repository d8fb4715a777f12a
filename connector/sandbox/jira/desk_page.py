"""What all of servicedeskapi has in common: its own paging, its own errors, its gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.sandbox.jira import dates, errors
from connector.sandbox.jira.call import Call
from connector.sandbox.jira.issue import Issue
from connector.sandbox.wire import Response

MOST = 100


def base(call: Call) -> str:
    return f"{call.root}/rest/servicedeskapi"


def page(call: Call, found: Sequence[Any], render: Callable[[Any], Any]) -> Response:
    """A page in `start` and `limit`: no total, and `isLastPage` to tell the end."""
    start, limit = max(0, call.number("start", 0)), min(MOST, max(1, call.number("limit", 50)))
    shown = [render(one) for one in found[start : start + limit]]
    last = start + len(shown) >= len(found)
    link = f"{call.root}{call.request.path}"
    links = {"self": f"{link}?start={start}&limit={limit}", "base": call.root, "context": ""}
    if not last:
        links["next"] = f"{link}?start={start + limit}&limit={limit}"
    if start:
        links["prev"] = f"{link}?start={max(0, start - limit)}&limit={limit}"
    envelope = {"_expands": [], "size": len(shown), "start": start, "limit": limit, "isLastPage": last}
    return Response.json(200, {**envelope, "_links": links, "values": shown})


def need_agent(call: Call) -> None:
    if not call.person.agent:
        raise errors.not_an_agent()


def need_opt_in(call: Call, what: str) -> None:
    """Experimental operations want to be opted into."""
    if what in call.site.quirks.experimental and call.request.header("x-experimentalapi") != "opt-in":
        raise errors.desk(
            412,
            "This API is experimental. Please set the header X-ExperimentalApi: opt-in to use it.",
            "sd.rest.experimental.opt.in.required",
        )


def request_of(call: Call) -> Issue:
    """The request that the path names; 404 in this API's words where there is none."""
    found = call.site.find(call.args["key"])
    if found is None or not call.site.visible(found, call.person):
        raise errors.desk(404, errors.NO_ISSUE, "sd.request.error.not.found")
    if call.site.setup.projects[found.project].kind != "service_desk":
        raise errors.desk(404, "The request does not belong to a service desk.", "sd.request.error.not.found")
    return found


def moment(call: Call, at: int) -> dict[str, Any]:
    zone = call.present.zone
    return {
        "iso8601": dates.without_milliseconds(at, zone),
        "jira": dates.jira(at, zone),
        "friendly": dates.jira(at, zone)[:10],
        "epochMillis": at,
    }


def person(call: Call, account: str) -> dict[str, Any]:
    """A user as this API shows one: their links in `_links`."""
    shown = call.present.user(account)
    link, avatars = shown.pop("self"), shown.pop("avatarUrls", {})
    shown.pop("accountType", None)
    return {**shown, "_links": {"self": link, "jiraRest": link, "avatarUrls": avatars}}
