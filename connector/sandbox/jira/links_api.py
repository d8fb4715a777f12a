"""Links between issues, and from an issue to elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.comment_api import body_of
from connector.sandbox.jira.issue import Issue, RemoteLink
from connector.sandbox.jira.setup import LinkType
from connector.sandbox.wire import Response


def link(call: Call) -> Response:
    """Make a link: 201 without a body, for one that is there already too.

    It reads from the inward issue (the source) to the outward one: `inwardIssue` blocks `outwardIssue`.
    """
    given = call.record()
    kind = _kind(call, given)
    source, target = (_end(call, given.get(name)) for name in ("inwardIssue", "outwardIssue"))
    call.site.link(kind, source, target, call.person.account_id)
    if given.get("comment"):
        call.site.comment(source, body_of(call, given["comment"]), call.person.account_id)
    return Response(201)


def end_of(call: Call, given: Mapping[str, Any]) -> Callable[[Issue], None]:
    """A link within a create or edit, checked; what makes it once the issue is there."""
    kind, by = _kind(call, given), call.person.account_id
    from_other = "inwardIssue" in given
    other = _end(call, given.get("inwardIssue") or given.get("outwardIssue"))

    def make(issue: Issue) -> None:
        source, target = (other, issue) if from_other else (issue, other)
        call.site.link(kind, source, target, by)

    return make


def _kind(call: Call, given: Mapping[str, Any]) -> LinkType:
    wanted = given.get("type") or {}
    found = call.site.setup.link_types.get(str(wanted.get("id", "")))
    found = found or call.site.setup.link_type_named(str(wanted.get("name", "")))
    if found is None:
        raise errors.refused(404, f"No issue link type with name '{wanted.get('name')}' found.")
    return found


def _end(call: Call, given: Mapping[str, Any] | None) -> Issue:
    name = str((given or {}).get("key") or (given or {}).get("id") or "")
    found = call.site.find(name) if name else None
    if found is None or not call.site.visible(found, call.person):
        raise errors.no_issue()
    return found


def unlink(call: Call) -> Response:
    if not call.args["id"].isdigit() or not call.site.unlink(int(call.args["id"])):
        raise errors.refused(404, f"No issue link with id '{call.args['id']}' exists.")
    return Response(204)


def link_types(call: Call) -> Response:
    shown = [call.present.link_type(one) for one in call.site.setup.link_types.values()]
    return Response.json(200, {"issueLinkTypes": shown})


def add_link_type(call: Call) -> Response:
    call.need_admin()
    given = call.record()
    number = str(max(int(one) for one in call.site.setup.link_types) + 1)
    made = LinkType(number, given["name"], given["inward"], given["outward"])
    call.site.setup.link_types[number] = made
    return Response.json(201, call.present.link_type(made))


# -- to elsewhere

MEMBERS = ("application", "relationship", "object")


def remote_links(call: Call) -> Response:
    issue, wanted = call.issue(), call.text("globalId")
    found = [one for one in issue.remote if not wanted or one.global_id == wanted]
    if wanted and not found:
        raise errors.refused(404, f"No issue link with global id '{wanted}' exists.")
    shown = [_remote(call, issue, one) for one in found]
    return Response.json(200, shown[0] if wanted else shown)


def _remote(call: Call, issue: Issue, one: RemoteLink) -> dict[str, Any]:
    shown = {"id": one.id, "self": f"{call.present.api}/issue/{issue.id}/remotelink/{one.id}"}
    return shown | ({"globalId": one.global_id} if one.global_id else {}) | dict(one.content)


def put_remote(call: Call) -> Response:
    """Make or replace by `globalId`: of one replaced, what is not sent is gone."""
    issue, given = call.issue(), call.record()
    call.need_login()
    held = given.get("object")
    if not isinstance(held, dict) or not held.get("url") or not held.get("title"):
        raise errors.refused(400, errors={"object": "'url' and 'title' are required."})
    content = {name: given.get(name) for name in MEMBERS if given.get(name) is not None}
    number, new = call.site.put_remote(issue, given.get("globalId"), content)
    link = f"{call.present.api}/issue/{issue.id}/remotelink/{number}"
    return Response.json(201 if new else 200, {"id": number, "self": link})


def delete_remote(call: Call) -> Response:
    issue = call.issue()
    wanted = call.args.get("id") or call.text("globalId")
    kept = [one for one in issue.remote if wanted not in {str(one.id), one.global_id}]
    if len(kept) == len(issue.remote):
        raise errors.refused(404, f"No issue link with id '{wanted}' exists.")
    issue.remote = kept
    return Response(204)


ROUTES: list[Route] = [
    ("POST", "issueLink", link),
    ("DELETE", "issueLink/{id}", unlink),
    ("GET", "issueLinkType", link_types),
    ("POST", "issueLinkType", add_link_type),
    ("GET", "issue/{key}/remotelink", remote_links),
    ("POST", "issue/{key}/remotelink", put_remote),
    ("DELETE", "issue/{key}/remotelink", delete_remote),
    ("DELETE", "issue/{key}/remotelink/{id}", delete_remote),
]
