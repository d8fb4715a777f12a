"""Issues one by one and in bulk: reading, making, editing, moving and deleting them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connector.sandbox.jira import errors, links_api
from connector.sandbox.jira.adf import Text
from connector.sandbox.jira.call import Call, Route, chosen_fields
from connector.sandbox.jira.comment_api import body_of, checked_properties, is_public
from connector.sandbox.jira.editing import Edit, Reading
from connector.sandbox.jira.errors import FieldErrors, Refused
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.property_api import checked
from connector.sandbox.jira.setup import IssueType, Project, Status
from connector.sandbox.wire import Response

MOST_MADE = 50
MOST_FETCHED = 100
ILLEGAL = (
    "It seems that you have tried to perform an illegal workflow operation."
    " This is most likely caused by the issue having changed state since you last saw it."
)
Saying = tuple[Text, bool, dict[str, Any]]
PLACE = frozenset({"project", "issuetype"})


def get(call: Call) -> Response:
    issue = call.issue()
    fields = chosen_fields(call.site, call.many("fields"), "*all")
    shown = call.present.issue(issue, fields, call.many("expand"))
    wanted = call.many("properties")
    if wanted:
        shown["properties"] = call.present.properties(issue, wanted)
    if "transitions" in call.many("expand"):
        shown["transitions"] = _transitions(call, issue)
    return Response.json(200, shown)


def fetch(call: Call) -> Response:
    """Many issues by id or key; those that are not there are simply left out."""
    body = call.strict(
        {"issueIdsOrKeys": list, "fields": list, "expand": list, "properties": list, "fieldsByKeys": bool}
    )
    wanted = body.get("issueIdsOrKeys") or []
    if not wanted or len(wanted) > MOST_FETCHED:
        raise errors.refused(400, f"The number of issue ids or keys has to be between 1 and {MOST_FETCHED}.")
    fields = chosen_fields(call.site, body.get("fields") or [], "*navigable")
    found = {}
    for name in wanted:
        issue = call.site.find(str(name))
        if issue and call.site.visible(issue, call.person):
            found[issue.id] = call.present.issue(issue, fields, body.get("expand") or [])
            if body.get("properties"):
                found[issue.id]["properties"] = call.present.properties(issue, body["properties"])
    return Response.json(200, {"issues": list(found.values()), "issueErrors": []})


# -- making


def create(call: Call) -> Response:
    call.need_login()
    if not call.request.body:
        raise errors.refused(400, "No Issue Create payload supplied")
    try:
        made = _make(call, call.record())
    except FieldErrors as wrong:
        raise errors.refused(400, errors=wrong.errors) from None
    return Response.json(201, _made(call, made))


def create_many(call: Call) -> Response:
    """Each on its own: 201 as soon as one could be made."""
    call.need_login()
    updates = call.record().get("issueUpdates")
    if not isinstance(updates, list) or not updates:
        raise errors.refused(400, "No Issue Create payload supplied")
    if len(updates) > MOST_MADE:
        told = errors.collection(f"You can create no more than {MOST_MADE} issues at once.")
        return Response.json(400, {"issues": [], "errors": [_failure(0, 400, told)]})
    issues, failures = [], []
    for number, one in enumerate(updates):
        try:
            issues.append(_made(call, _make(call, one)))
        except FieldErrors as wrong:
            failures.append(_failure(number, 400, errors.collection(errors=wrong.errors)))
        except Refused as refused:
            failures.append(_failure(number, refused.answer.status, json.loads(refused.answer.body)))
    return Response.json(201 if issues else 400, {"issues": issues, "errors": failures})


def _failure(number: int, status: int, told: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "elementErrors": told, "failedElementNumber": number}


def _made(call: Call, issue: Issue) -> dict[str, Any]:
    shown = call.present.named(issue)
    return {"id": shown["id"], "key": shown["key"], "self": shown["self"]}


def _make(call: Call, body: Mapping[str, Any]) -> Issue:
    fields = body.get("fields") or {}
    project, kind = _place(call, fields)
    edit = Reading(call, project, None).read(body, without=PLACE)
    if not edit.values.get("summary"):
        raise FieldErrors({"summary": "You must specify a summary of the issue."})
    properties = _properties(body)
    ends, said = [links_api.end_of(call, link) for link in edit.links], _said(call, edit)
    by = call.person.account_id
    issue = call.site.create(project.key, kind.id, edit.values, by, properties=properties)
    for link in ends:
        link(issue)
    _say(call, issue, said)
    return issue


def _properties(body: Mapping[str, Any]) -> dict[str, str]:
    """The entity properties that a write sets, as JSON texts."""
    given = body.get("properties") or ()
    return {one["key"]: checked(one["key"], json.dumps(one["value"])) for one in given}


def _place(call: Call, fields: Mapping[str, Any]) -> tuple[Project, IssueType]:
    wrong = {}
    given = fields.get("project") or {}
    project = call.site.setup.project(str(given.get("key") or given.get("id") or ""))
    if project is None or not call.person.browses(project.key):
        wrong["project"] = "Specify a valid project ID or key"
    wanted = fields.get("issuetype") or {}
    kind = call.site.setup.types.get(str(wanted.get("id", ""))) or call.site.setup.type_named(
        wanted.get("name") or ""
    )
    if kind is None:
        wrong["issuetype"] = "Specify an issue type" if not wanted else "Specify a valid issue type"
    elif project and kind.id not in project.types:
        wrong["issuetype"] = "The issue type selected is invalid."
    if wrong or project is None or kind is None:
        raise FieldErrors(wrong)
    return project, kind


def _said(call: Call, edit: Edit) -> list[Saying]:
    """The comments of a write, checked before anything is written."""
    found = []
    for comment in edit.comments:
        properties = checked_properties(comment)
        found.append((body_of(call, comment), is_public(properties), properties))
    return found


def _say(call: Call, issue: Issue, said: list[Saying]) -> None:
    for body, public, properties in said:
        call.site.comment(issue, body, call.person.account_id, public=public, properties=properties)


# -- changing


def put(call: Call) -> Response:
    """Edit an issue. A transition in the body is ignored."""
    issue = call.issue()
    if call.text("notifyUsers") == "false" and not call.person.admin:
        return Response(204)  # the whole request is ignored, and nobody says so
    _change(call, issue, call.record(), None)
    if call.flag("returnIssue"):
        return Response.json(200, call.present.issue(issue, call.site.setup.fields))
    return Response(204)


def _change(call: Call, issue: Issue, body: Mapping[str, Any], to: Status | None) -> None:
    project = call.site.setup.projects[issue.project]
    try:
        edit = Reading(call, project, issue).read(body, without=PLACE)
    except FieldErrors as wrong:
        raise errors.refused(400, errors=wrong.errors) from None
    ends, said = [links_api.end_of(call, link) for link in edit.links], _said(call, edit)
    properties = _properties(body)
    by = call.person.account_id
    if to is not None:
        call.site.transition(issue, to.id, by, edit.values)
    else:
        call.site.edit(issue, edit.values, by)
    for link in ends:
        link(issue)
    for key, text in properties.items():
        call.site.put_property(issue, key, text)
    _say(call, issue, said)


def delete(call: Call) -> Response:
    issue = call.issue()
    if not call.person.agent and not call.person.admin:
        raise errors.forbidden("You do not have permission to delete issues in this project.")
    call.site.delete(issue)
    return Response(204)


# -- moving through the workflow


def transitions(call: Call) -> Response:
    """What can be done now; for one who may not change the issue that is nothing, and no error."""
    issue = call.issue()
    found = _transitions(call, issue)
    wanted = call.text("transitionId")
    if wanted:
        found = [one for one in found if one["id"] == wanted]
    return Response.json(200, {"expand": "transitions", "transitions": found})


def _transitions(call: Call, issue: Issue) -> list[dict[str, Any]]:
    if not call.person.agent:
        return []
    found = call.site.setup.transitions(issue.fields["issuetype"], issue.fields["status"])
    with_fields = any("transitions.fields" in name for name in call.many("expand"))
    return [_transition(call, number, status, with_fields) for number, status in found]


def _transition(call: Call, number: str, status: Status, with_fields: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": number, "name": status.name, "to": call.present.status(status)}
    shown |= {"hasScreen": status.category == "done", "isGlobal": True, "isInitial": False}
    shown |= {"isAvailable": True, "isConditional": False, "isLooped": False}
    if with_fields:
        shown["fields"] = {"resolution": _resolution(call)} if status.category == "done" else {}
    return shown


def _resolution(call: Call) -> dict[str, Any]:
    one = call.site.setup.fields["resolution"]
    allowed = [call.present.resolution(key) for key in call.site.setup.resolutions]
    shown = {"required": False, "schema": call.present.schema(one), "name": one.name, "key": one.id}
    return {**shown, "operations": ["set"], "allowedValues": allowed}


def move(call: Call) -> Response:
    issue, body = call.issue(), call.record()
    wanted = str((body.get("transition") or {}).get("id", ""))
    if not wanted:
        raise errors.refused(400, "Missing 'transition' identifier")
    known = dict(call.site.setup.transitions(issue.fields["issuetype"], issue.fields["status"]))
    status = known.get(wanted) if call.person.agent else None
    if status is None:
        raise errors.refused(400, ILLEGAL)
    _change(call, issue, body, status)
    return Response(204)


def editmeta(call: Call) -> Response:
    issue = call.issue()
    project = call.site.setup.projects[issue.project]
    return Response.json(200, {"fields": screen(call, project)})


def screen(call: Call, project: Project) -> dict[str, Any]:
    """The fields that can be set in a project, as create and edit metadata tell them."""
    return {
        one.id: {
            "required": one.id == "summary",
            "schema": call.present.schema(one),
            "name": one.name,
            "key": one.id,
            "operations": ["add", "remove", "set"] if one.kind in {"labels", "options"} else ["set"],
        }
        for one in call.site.setup.fields
        if one.settable and one.on_screen and one.id not in project.off_screen
    }


ROUTES: list[Route] = [
    ("POST", "issue", create),
    ("POST", "issue/bulk", create_many),
    ("GET", "issue/{key}", get),
    ("PUT", "issue/{key}", put),
    ("DELETE", "issue/{key}", delete),
    ("GET", "issue/{key}/transitions", transitions),
    ("POST", "issue/{key}/transitions", move),
    ("GET", "issue/{key}/editmeta", editmeta),
]
CLOUD: list[Route] = [("POST", "issue/bulkfetch", fetch)]
