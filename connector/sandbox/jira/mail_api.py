"""`notify`: the site's own mail about an issue. What is queued is kept to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.site import Mail
from connector.sandbox.wire import Response

NOBODY = "No recipients were defined for notification."


def notify(call: Call) -> Response:
    """204 when it is queued; 400 when it would reach nobody but the caller, or somebody who is not there."""
    issue, given = call.issue(), call.record()
    if call.site.quirks.mail_disabled:
        raise errors.forbidden("Outgoing emails are disabled.")
    to = given.get("to") or {}
    reached = _recipients(call, issue, to)
    others = reached - {call.person.account_id}
    if not others:
        raise errors.refused(400, NOBODY)
    addresses = sorted(call.site.accounts.people[one].email for one in others)
    subject = given.get("subject") or f"({issue.key}) {issue.fields.get('summary', '')}"
    text = given.get("textBody") or given.get("htmlBody") or ""
    call.site.mails.append(Mail(call.site.now(), issue.key, subject, text, tuple(addresses)))
    return Response(204)


def _recipients(call: Call, issue: Issue, to: Mapping[str, Any]) -> set[str]:
    found = {_field(issue, name) for name in ("assignee", "reporter") if to.get(name)}
    found |= {_person(call, one) for one in to.get("users") or ()}
    names = [_group(call, one.get("name")) for one in to.get("groups") or ()]
    ids = {key: name for name, key in call.site.accounts.groups.items()}
    names += [_group(call, ids.get(one)) for one in to.get("groupIds") or ()]
    for name in names:
        found |= {person.account_id for person in call.site.accounts.members(name)}
    return found


def _field(issue: Issue, name: str) -> str:
    held = issue.fields.get(name)
    if held is None:
        raise errors.refused(400, NOBODY)
    return str(held)


def _person(call: Call, given: Mapping[str, Any]) -> str:
    accounts = call.site.accounts
    found = accounts.people.get(str(given.get("accountId"))) or accounts.named(str(given.get("name")))
    if found is None:
        shown = given.get("accountId") or given.get("name")
        raise errors.refused(400, errors={"users": f"The user '{shown}' does not exist."})
    return found.account_id


def _group(call: Call, name: str | None) -> str:
    if name not in call.site.accounts.groups:
        raise errors.refused(400, errors={"groups": f"The group '{name}' does not exist."})
    return str(name)


ROUTES: list[Route] = [("POST", "issue/{key}/notify", notify)]
