"""Comments on the platform API. `sd.public.comment` {"internal": true} hides one from customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.jira import adf, errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.issue import Comment, Issue
from connector.sandbox.wire import Response

MOST, MOST_IDS = 100, 1000
INTERNAL = "sd.public.comment"


def body_of(call: Call, given: Mapping[str, Any]) -> adf.Text:
    """The comment's text as the API version wants it; Refused if it is not."""
    body = given.get("body")
    if body in (None, ""):
        raise errors.refused(400, errors={"comment": "Comment body can not be empty!"})
    if call.documents and adf.is_document(body):
        assert isinstance(body, dict)
        return body
    if not call.documents and isinstance(body, str):
        return body
    raise errors.refused(400, errors={"comment": "Comment body is not valid!"})


def checked_properties(given: Mapping[str, Any]) -> dict[str, Any]:
    return {str(one["key"]): one.get("value") for one in given.get("properties") or ()}


def is_public(properties: Mapping[str, Any]) -> bool:
    """Whether a comment with these properties is seen by customers."""
    marked = properties.get(INTERNAL)
    return not (isinstance(marked, dict) and marked.get("internal", False))


def listed(call: Call) -> Response:
    """Oldest first unless asked otherwise; in `comments`, not in `values`."""
    issue = call.issue()
    seen = [one for one in issue.comments if sees(call, one)]
    if call.text("orderBy").startswith("-"):
        seen.reverse()
    start, size = call.number("startAt", 0), min(MOST, call.number("maxResults", 50))
    shown = [_shown(call, issue, one) for one in seen[start : start + size]]
    return Response.json(200, {"startAt": start, "maxResults": size, "total": len(seen), "comments": shown})


def _shown(call: Call, issue: Issue, one: Comment) -> dict[str, Any]:
    shown = call.present.comment(issue, one)
    if "properties" in call.many("expand"):
        marked = {} if one.public else {INTERNAL: {"internal": True}}
        whole = {**marked, **one.properties}
        shown["properties"] = [{"key": key, "value": value} for key, value in whole.items()]
    return shown


def sees(call: Call, one: Comment) -> bool:
    """Whether the caller may see a comment: internal ones are for agents."""
    return one.public or (call.login.person is not None and call.login.person.agent)


def add(call: Call) -> Response:
    issue, given = call.issue(), call.record()
    by = call.person.account_id
    properties = checked_properties(given)
    made = call.site.comment(
        issue,
        body_of(call, given),
        by,
        public=is_public(properties),
        properties=properties,
        visibility=given.get("visibility"),
    )
    return Response.json(201, _shown(call, issue, made))


def _one(call: Call) -> tuple[Issue, Comment]:
    issue = call.issue()
    found = next((one for one in issue.comments if str(one.id) == call.args["id"]), None)
    if found is None or not sees(call, found):
        raise errors.refused(404, f"Can not find a comment for the id: {call.args['id']}.")
    return issue, found


def get(call: Call) -> Response:
    return Response.json(200, _shown(call, *_one(call)))


def put(call: Call) -> Response:
    issue, comment = _one(call)
    comment.body = body_of(call, call.record())
    comment.updated, comment.editor = call.site.now(), call.person.account_id
    call.site.touch(issue)
    return Response.json(200, _shown(call, issue, comment))


def delete(call: Call) -> Response:
    issue, comment = _one(call)
    issue.comments.remove(comment)
    call.site.touch(issue)
    return Response(204)


def _commented(call: Call) -> Comment:
    wanted = call.args["id"]
    for issue in call.site.issues.values():
        for one in issue.comments:
            if str(one.id) == wanted and call.site.visible(issue, call.login.person):
                return one
    raise errors.refused(404, f"Can not find a comment for the id: {wanted}.")


def by_ids(call: Call) -> Response:
    """Those comments that the caller may see, of whichever issues, in order of their ids."""
    wanted = {str(one) for one in call.strict({"ids": list}).get("ids") or ()}
    if not wanted or len(wanted) > MOST_IDS:
        raise errors.refused(400, f"ids: between 1 and {MOST_IDS} comment ids are needed")
    issues = [one for one in call.site.issues.values() if call.site.visible(one, call.login.person)]
    found = [(issue, one) for issue in issues for one in issue.comments if str(one.id) in wanted]
    seen = sorted((pair for pair in found if sees(call, pair[1])), key=lambda pair: pair[1].id)
    return call.paged(seen, lambda pair: _shown(call, *pair), MOST_IDS, MOST_IDS)


def property_keys(call: Call) -> Response:
    comment = _commented(call)
    link = f"{call.present.api}/comment/{comment.id}/properties"
    return Response.json(200, {"keys": [{"self": f"{link}/{key}", "key": key} for key in comment.properties]})


def get_property(call: Call) -> Response:
    comment, key = _commented(call), call.args["property"]
    if key not in comment.properties:
        raise errors.refused(404, f"The property {key} does not exist.")
    return Response.json(200, {"key": key, "value": comment.properties[key]})


def put_property(call: Call) -> Response:
    comment, key = _commented(call), call.args["property"]
    new = key not in comment.properties
    comment.properties[key] = call.body()
    return Response.json(201 if new else 200, {})


ROUTES: list[Route] = [
    ("GET", "issue/{key}/comment", listed),
    ("POST", "issue/{key}/comment", add),
    ("GET", "issue/{key}/comment/{id}", get),
    ("PUT", "issue/{key}/comment/{id}", put),
    ("DELETE", "issue/{key}/comment/{id}", delete),
    ("GET", "comment/{id}/properties", property_keys),
    ("GET", "comment/{id}/properties/{property}", get_property),
    ("PUT", "comment/{id}/properties/{property}", put_property),
]
CLOUD: list[Route] = [("POST", "comment/list", by_ids)]
