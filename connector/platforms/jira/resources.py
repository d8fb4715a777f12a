"""What is not an issue: customer organisations, their members, and the cycles of the site's own SLA engine.

Each comes as a record of an issue's form (`id`, `key`, `fields`), so that one spelling reads them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.facts import JiraField

_PAGE = 50
# What their records hold beside `id` and `key`.
SHOWN: Mapping[str, frozenset[str]] = {
    "organizations": frozenset({"name"}),
    "organization_members": frozenset({"person", "group", "email", "timezone"}),
    "sla_cycles": frozenset(
        {"ticket", "name", "state", "breached", "started", "ended", "due", "elapsed", "goal", "updated"}
    ),
}
_DESK = "/rest/servicedeskapi"


def listed(client: Client, resource: str) -> Iterator[list[Raw]]:
    """All organisations, or all members of all of them, by pages."""
    for page in _pages(client, f"{_DESK}/organization", "reading organisations"):
        if resource == "organizations":
            yield [_organisation(one) for one in page]
            continue
        for organisation in page:
            path = f"{_DESK}/organization/{quote(str(organisation.get('id')), safe='')}/user"
            for users in _pages(client, path, "reading the members of an organisation"):
                yield [_member(organisation, user) for user in users]


def _pages(client: Client, path: str, doing: str) -> Iterator[Sequence[Raw]]:
    """The service desk's pages. A page may be shorter than asked; the last one says so."""
    start = 0
    while True:
        told = client.get(path, doing, {"start": str(start), "limit": str(_PAGE)})
        values: Sequence[Raw] = told.get("values") or []
        yield values
        start += len(values)
        if told.get("isLastPage") is not False or not values:
            return


def _organisation(told: Raw) -> Raw:
    id_ = str(told.get("id"))
    return {"id": id_, "key": id_, "fields": {"name": told.get("name")}}


def _member(organisation: Raw, user: Raw) -> Raw:
    person = str(user.get("accountId") or user.get("name") or user.get("key") or "")
    id_ = f"{organisation.get('id')}/{person}"
    fields = {
        "person": {"accountId": person, "displayName": user.get("displayName")},
        "group": {"id": organisation.get("id"), "name": organisation.get("name")},
        "email": user.get("emailAddress"),
        "timezone": user.get("timeZone"),
    }
    return {"id": id_, "key": id_, "fields": fields}


def cycles(issue: Raw, sla_fields: Sequence[JiraField]) -> Iterator[Raw]:
    """The cycles of the site's own engine on *issue*, those that ended first; an SLA that never started, or
    does not apply, has none."""
    fields = issue.get("fields") or {}
    for field in sla_fields:
        sla = fields.get(field.id)
        if not isinstance(sla, Mapping):
            continue
        ended = list(sla.get("completedCycles") or ())
        running = [sla["ongoingCycle"]] if sla.get("ongoingCycle") else []
        for number, one in enumerate([*ended, *running], start=1):
            yield _cycle(issue, sla, one, number)


def _cycle(issue: Raw, sla: Raw, one: Raw, number: int) -> Raw:
    id_ = f"{issue.get('id')}/{sla.get('id')}/{number}"
    is_over = bool(one.get("stopTime"))
    fields: dict[str, Any] = {
        "ticket": {"id": issue.get("id"), "name": issue.get("key")},
        "name": sla.get("name"),
        "state": "ended" if is_over else "paused" if one.get("paused") else "running",
        "breached": one.get("breached"),
        "started": one.get("startTime"),
        "ended": one.get("stopTime"),
        "due": one.get("breachTime"),
        "elapsed": one.get("elapsedTime"),
        "goal": one.get("goalDuration"),
        "updated": (issue.get("fields") or {}).get("updated"),
    }
    return {"id": id_, "key": id_, "fields": fields}
