"""servicedeskapi: desks, queues, request types and requests with their comments, SLAs and feedback."""

from __future__ import annotations

from typing import Any

from connector.sandbox.jira import adf, errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.comment_api import INTERNAL, sees
from connector.sandbox.jira.desk_page import base, moment, need_agent, need_opt_in, page, person, request_of
from connector.sandbox.jira.issue import Comment, Issue
from connector.sandbox.jira.jql import parse
from connector.sandbox.jira.jql.select import Selection
from connector.sandbox.jira.setup import Project
from connector.sandbox.jira.sla.levels import Metric
from connector.sandbox.wire import Response

EVERYTHING = 1 << 30
SATISFACTION, SATISFACTION_DATE = "customfield_10020", "customfield_10021"
REQUEST_TYPE = "customfield_10010"


def info(call: Call) -> Response:
    built = moment(call, 1_767_225_600_000)
    version = "1001.0.0-SNAPSHOT" if call.site.quirks.cloud else "10.3.4"
    shown = {"version": version, "platformVersion": version, "buildDate": built, "buildChangeSet": "0" * 40}
    return Response.json(200, {**shown, "isLicensedForUse": True, "_links": {"self": f"{base(call)}/info"}})


# -- desks


def _desks(call: Call) -> list[Project]:
    projects = call.site.setup.projects.values()
    return [one for one in projects if one.kind == "service_desk" and call.person.browses(one.key)]


def _desk(call: Call) -> Project:
    wanted = call.args["desk"]
    for one in _desks(call):
        if wanted in {_number(one), one.key, f"projectKey:{one.key}", f"projectId:{one.id}"}:
            return one
    raise errors.desk(404, "The Service Desk you are trying to view does not exist.", "sd.desk.not.found")


def _number(one: Project) -> str:
    """A desk's own id, which is not its project's."""
    return str(int(one.id) - 10_000)


def _shown_desk(call: Call, one: Project) -> dict[str, Any]:
    names = {"projectId": one.id, "projectName": one.name, "projectKey": one.key}
    return {"id": _number(one), **names, "_links": {"self": f"{base(call)}/servicedesk/{_number(one)}"}}


def desks(call: Call) -> Response:
    return page(call, _desks(call), lambda one: _shown_desk(call, one))


def desk(call: Call) -> Response:
    return Response.json(200, _shown_desk(call, _desk(call)))


def request_types(call: Call) -> Response:
    found = list(call.site.setup.request_types.values())
    return page(call, found, lambda one: _shown_type(call, one))


def desk_request_types(call: Call) -> Response:
    _desk(call)
    return request_types(call)


def request_type(call: Call) -> Response:
    found = call.site.setup.request_types.get(call.args["type"])
    if found is None:
        raise errors.desk(404, "The request type does not exist.", "sd.requesttype.not.found")
    return Response.json(200, _shown_type(call, found))


def _shown_type(call: Call, one: dict[str, str]) -> dict[str, Any]:
    names = {"id": one["id"], "name": one["name"], "description": "", "helpText": ""}
    links = {"_links": {"self": f"{base(call)}/servicedesk/1/requesttype/{one['id']}"}}
    return names | {"issueTypeId": one["type"], "serviceDeskId": "1", "portalId": "1", "groupIds": []} | links


def queues(call: Call) -> Response:
    need_agent(call)
    _desk(call)
    return page(call, call.site.setup.queues, lambda one: _shown_queue(call, one))


def queue(call: Call) -> Response:
    return Response.json(200, _shown_queue(call, _queue(call)))


def _queue(call: Call) -> dict[str, str]:
    need_agent(call)
    _desk(call)
    found = next((one for one in call.site.setup.queues if one["id"] == call.args["queue"]), None)
    if found is None:
        raise errors.desk(404, "The queue does not exist.", "sd.queue.not.found")
    return found


def _shown_queue(call: Call, one: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": one["id"], "name": one["name"], "jql": one["jql"]}
    shown["fields"] = ["issuetype", "issuekey", "summary", "status"]
    if call.flag("includeCount"):
        shown["issueCount"] = _queued(call, one).count()
    return {**shown, "_links": {"self": f"{base(call)}/servicedesk/{call.args['desk']}/queue/{one['id']}"}}


def _queued(call: Call, one: dict[str, str]) -> Selection:
    return Selection(call.site, parse(one["jql"]), call.asker)


def queue_issues(call: Call) -> Response:
    found = _queued(call, _queue(call)).page(EVERYTHING).issues
    fields = [call.site.setup.fields[name] for name in ("issuetype", "summary", "status")]
    return page(call, found, lambda issue: call.present.issue(issue, fields))


# -- requests


def requests(call: Call) -> Response:
    """The caller's own requests unless asked for others: useless for reading all of them."""
    ownership = call.many("requestOwnership") or ["OWNED_REQUESTS"]
    found = [
        issue
        for issue in reversed(call.site.issues.values())
        if call.site.visible(issue, call.person)
        and issue.fields.get(REQUEST_TYPE)
        and _owned(call, issue, ownership)
    ]
    return page(call, found, lambda issue: _shown_request(call, issue))


def _owned(call: Call, issue: Issue, ownership: list[str]) -> bool:
    if {"ALL_REQUESTS", "ALL_ORGANIZATIONS"} & set(ownership):
        return True
    return issue.fields.get("reporter") == call.person.account_id


def request(call: Call) -> Response:
    return Response.json(200, _shown_request(call, request_of(call)))


def _shown_request(call: Call, issue: Issue) -> dict[str, Any]:
    kind = issue.fields.get(REQUEST_TYPE, "")
    project = call.site.setup.projects[issue.project]
    reporter = issue.fields.get("reporter") or issue.fields["creator"]
    told = call.present.request_type(issue, kind) if kind else {"currentStatus": {}}
    shown: dict[str, Any] = {
        "issueId": str(issue.id),
        "issueKey": issue.key,
        "summary": issue.fields.get("summary", ""),
        "requestTypeId": kind,
        "serviceDeskId": _number(project),
        "createdDate": moment(call, issue.created),
        "reporter": person(call, reporter),
        "requestFieldValues": [
            {"fieldId": "summary", "label": "Summary", "value": issue.fields.get("summary", "")}
        ],
        "currentStatus": told["currentStatus"],
        "_links": {"self": f"{base(call)}/request/{issue.id}", "web": f"{call.root}/browse/{issue.key}"},
    }
    if "sla" in call.many("expand") and call.person.agent:
        shown["sla"] = {"values": [_level(call, issue, one) for one in _measured(call, issue)]}
    return shown


def create_request(call: Call) -> Response:
    given = call.record()
    kind = call.site.setup.request_types.get(str(given.get("requestTypeId")))
    values = given.get("requestFieldValues") or {}
    if kind is None or not values.get("summary"):
        raise errors.desk(
            400, "Your request could not be created. Please check the fields have been filled in."
        )
    names = {one.account_id for one in call.site.accounts.people.values()}
    reporter = str(given.get("raiseOnBehalfOf") or call.person.account_id)
    if reporter not in names:
        raise errors.desk(400, "The customer specified does not exist.", "sd.customer.not.found")
    fields = {"summary": values["summary"], "description": values.get("description"), "reporter": reporter}
    fields[REQUEST_TYPE] = kind["id"]
    issue = call.site.create("DESK", kind["type"], fields, call.person.account_id)
    return Response.json(201, _shown_request(call, issue))


def request_transition(call: Call) -> Response:
    issue, wanted = request_of(call), str(call.record().get("id"))
    known = dict(call.site.setup.transitions(issue.fields["issuetype"], issue.fields["status"]))
    if wanted not in known:
        raise errors.desk(400, "The transition is not valid for this request.", "sd.transition.invalid")
    call.site.transition(issue, known[wanted].id, call.person.account_id)
    return Response(204)


# -- comments


def comments(call: Call) -> Response:
    issue = request_of(call)
    wanted = {True: call.flag("public", default=True), False: call.flag("internal", default=True)}
    found = [one for one in issue.comments if wanted[one.public] and sees(call, one)]
    return page(call, found, lambda one: _shown_comment(call, issue, one))


def comment(call: Call) -> Response:
    issue = request_of(call)
    found = next((one for one in issue.comments if str(one.id) == call.args["id"]), None)
    if found is None or not sees(call, found):
        raise errors.desk(404, "The comment does not exist.", "sd.comment.not.found")
    return Response.json(200, _shown_comment(call, issue, found))


def add_comment(call: Call) -> Response:
    issue, given = request_of(call), call.record()
    public = given.get("public", True)
    if not isinstance(given.get("body"), str) or not given["body"]:
        raise errors.desk(400, "Comment body can not be empty!", "sd.comment.empty")
    if not public:
        need_agent(call)
    properties = {} if public else {INTERNAL: {"internal": True}}
    by = call.person.account_id
    made = call.site.comment(issue, given["body"], by, public=bool(public), properties=properties)
    return Response.json(201, _shown_comment(call, issue, made))


def _shown_comment(call: Call, issue: Issue, one: Comment) -> dict[str, Any]:
    shown = {"id": str(one.id), "body": adf.as_text(one.body), "public": one.public}
    shown |= {"author": person(call, one.author), "created": moment(call, one.created)}
    return {**shown, "_links": {"self": f"{base(call)}/request/{issue.id}/comment/{one.id}"}}


# -- SLAs


def _measured(call: Call, issue: Issue) -> list[Metric]:
    now = call.site.now()
    return [one for one in call.site.levels.of(issue) if call.site.levels.level(issue, one.field_id, now)]


def _level(call: Call, issue: Issue, one: Metric) -> dict[str, Any] | None:
    return call.present.service_level(issue, call.site.setup.fields[one.field_id])


def slas(call: Call) -> Response:
    need_agent(call)
    issue = request_of(call)
    return page(call, _measured(call, issue), lambda one: _level(call, issue, one))


def sla(call: Call) -> Response:
    need_agent(call)
    issue = request_of(call)
    found = next((one for one in _measured(call, issue) if one.id == call.args["metric"]), None)
    if found is None:
        raise errors.desk(404, "The SLA metric does not exist for this request.", "sd.sla.not.found")
    return Response.json(200, _level(call, issue, found))


# -- feedback


def feedback(call: Call) -> Response:
    need_opt_in(call, "feedback")
    issue = request_of(call)
    rating = issue.fields.get(SATISFACTION)
    if rating is None:
        raise errors.desk(404, "No feedback was given for this request.", "sd.feedback.not.found")
    body = issue.fields.get("feedback_comment", "")
    return Response.json(200, {"type": "csat", "rating": rating, "comment": {"body": body}})


def give_feedback(call: Call) -> Response:
    need_opt_in(call, "feedback")
    issue, given = request_of(call), call.record()
    if issue.fields.get("reporter") != call.person.account_id:
        raise errors.desk(403, "Only the reporter can give feedback.", "sd.feedback.forbidden")
    rating = given.get("rating")
    if given.get("type") != "csat" or not isinstance(rating, int) or not 1 <= rating <= 5:
        raise errors.desk(400, "The rating must be between 1 and 5.", "sd.feedback.invalid")
    body = str((given.get("comment") or {}).get("body", ""))
    values = {SATISFACTION: rating, SATISFACTION_DATE: call.site.now(), "feedback_comment": body}
    call.site.edit(issue, values, call.person.account_id)
    return Response.json(201, {"type": "csat", "rating": rating, "comment": {"body": body}})


def drop_feedback(call: Call) -> Response:
    need_opt_in(call, "feedback")
    issue = request_of(call)
    if issue.fields.get("reporter") != call.person.account_id:
        raise errors.desk(403, "Only the reporter can take feedback back.", "sd.feedback.forbidden")
    values = {SATISFACTION: None, SATISFACTION_DATE: None, "feedback_comment": None}
    call.site.edit(issue, values, call.person.account_id)
    return Response(204)


ROUTES: list[Route] = [
    ("GET", "info", info),
    ("GET", "servicedesk", desks),
    ("GET", "servicedesk/{desk}", desk),
    ("GET", "servicedesk/{desk}/requesttype", desk_request_types),
    ("GET", "servicedesk/{desk}/requesttype/{type}", request_type),
    ("GET", "servicedesk/{desk}/queue", queues),
    ("GET", "servicedesk/{desk}/queue/{queue}", queue),
    ("GET", "servicedesk/{desk}/queue/{queue}/issue", queue_issues),
    ("GET", "requesttype", request_types),
    ("GET", "request", requests),
    ("POST", "request", create_request),
    ("GET", "request/{key}", request),
    ("POST", "request/{key}/transition", request_transition),
    ("GET", "request/{key}/comment", comments),
    ("POST", "request/{key}/comment", add_comment),
    ("GET", "request/{key}/comment/{id}", comment),
    ("GET", "request/{key}/sla", slas),
    ("GET", "request/{key}/sla/{metric}", sla),
    ("GET", "request/{key}/feedback", feedback),
    ("POST", "request/{key}/feedback", give_feedback),
    ("DELETE", "request/{key}/feedback", drop_feedback),
]
