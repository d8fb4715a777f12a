"""What the pages of the Jira site show: projects, issues, and an issue as an agent sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connector.sandbox.jira import adf, values
from connector.sandbox.jira.issue import Comment, History, Issue
from connector.sandbox.jira.jql import JqlError, parse
from connector.sandbox.jira.jql.match import Asker, is_field
from connector.sandbox.jira.jql.select import Selection
from connector.sandbox.jira.setup import Field
from connector.sandbox.jira.sla.engine import Cycle
from connector.sandbox.jira.sla.show import friendly_length
from connector.sandbox.world import iso

if TYPE_CHECKING:
    from connector.sandbox.jira import Jira

PAGE_SIZE = 50
EXAMPLE = "project = DESK ORDER BY updated DESC"
BADGES = {"new": "", "indeterminate": "warn", "done": "good"}
LEFT_OUT = {"summary", "description", "comment", "issuelinks", "attachment", "statusCategory", "issuekey"}


def projects(jira: Jira) -> list[dict[str, Any]]:
    """The tiles of the first page."""
    counts = jira.counts()
    found = jira.site.setup.projects.values()
    return [{"key": one.key, "name": one.name, "count": counts.get(one.key, 0)} for one in found]


def listed(jira: Jira, params: dict[str, str]) -> dict[str, Any]:
    """The list of the issues that a JQL query finds."""
    jql = params.get("jql") or EXAMPLE
    page = max(1, int(params["page"])) if params.get("page", "").isdigit() else 1
    context: dict[str, Any] = {"jql": jql, "page": page, "wrong": [], "rows": [], "total": 0, "pages": 1}
    try:
        found = _selection(jira, jql).offset((page - 1) * PAGE_SIZE, PAGE_SIZE)
    except JqlError as error:
        return {**context, "wrong": list(error.messages)}
    total = found.total or 0
    rows = [_row(jira, issue) for issue in found.issues]
    return {**context, "rows": rows, "total": total, "pages": max(1, -(-total // PAGE_SIZE))}


def _selection(jira: Jira, jql: str) -> Selection:
    site = jira.site
    asker = Asker(jira.person("admin"), site.zone, site.now())
    return Selection(site, parse(jql, lambda name: is_field(site, name)), asker)


def _row(jira: Jira, issue: Issue) -> dict[str, Any]:
    names = ("issuetype", "status", "priority", "assignee", "reporter")
    shown = {name: _text(jira, jira.site.setup.fields[name], issue.fields.get(name)) for name in names}
    summary = issue.fields.get("summary", "")
    return {**shown, "key": issue.key, "summary": summary, "updated": iso(issue.updated)}


def _text(jira: Jira, one: Field, held: Any) -> str:
    """A stored value in words."""
    if held in (None, []):
        return ""
    if one.kind == "datetime":
        return iso(held)
    if isinstance(held, list):
        return ", ".join(values.name_of(jira.site, one, part) for part in held)
    return adf.as_text(held) if isinstance(held, dict) else _number(values.name_of(jira.site, one, held))


def _number(text: str) -> str:
    return text.removesuffix(".0")


class IssuePage:
    """One issue as a page."""

    def __init__(self, jira: Jira, issue: Issue) -> None:
        self._jira, self._issue = jira, issue

    def context(self) -> dict[str, Any]:
        """Everything the template needs."""
        issue = self._issue
        return {
            "key": issue.key,
            "project": issue.project,
            "title": f"{issue.key}: {issue.fields.get('summary', '')}",
            "badges": self._badges(),
            "description": adf.as_text(issue.fields.get("description") or ""),
            "fields": list(self._fields()),
            "levels": list(self._levels()),
            "links": list(self._links()),
            "properties": [
                {"key": key, "text": json.dumps(json.loads(held), indent=2, ensure_ascii=False)}
                for key, held in issue.properties.items()
            ],
            "files": [{"name": one.name, "type": one.type, "size": len(one.content)} for one in issue.files],
            "timeline": self._timeline(),
        }

    def _badges(self) -> list[dict[str, str]]:
        status = self._jira.site.setup.statuses[self._issue.fields["status"]]
        priority = self._jira.site.setup.priorities[self._issue.fields["priority"]]
        colour = {"Highest": "bad", "High": "warn"}.get(priority, "")
        return [{"text": status.name, "kind": BADGES[status.category]}, {"text": priority, "kind": colour}]

    def _fields(self) -> Iterable[dict[str, str]]:
        issue = self._issue
        stamps = {"created": iso(issue.created), "updated": iso(issue.updated)}
        for one in self._jira.site.setup.fields:
            text = stamps.get(one.id) or _text(self._jira, one, issue.fields.get(one.id))
            if text and one.id not in LEFT_OUT:
                yield {"label": one.name, "text": text}

    def _levels(self) -> Iterable[dict[str, Any]]:
        """The SLA panel: every cycle of every SLA."""
        site = self._jira.site
        for metric in site.levels.of(self._issue):
            level = site.levels.level(self._issue, metric.field_id, site.now())
            for number, cycle in enumerate(level.cycles if level else (), start=1):
                name = site.setup.fields[metric.field_id].name
                yield {"name": name, "cycle": number, **_cycle(cycle)}

    def _links(self) -> Iterable[dict[str, str]]:
        site = self._jira.site
        for link in self._issue.links:
            kind, other = site.setup.link_types[link.type], site.issues.get(link.other)
            if other:
                words = kind.outward if link.outward else kind.inward
                yield {"words": words, "key": other.key, "summary": other.fields.get("summary", "")}

    # -- what happened

    def _timeline(self) -> list[dict[str, Any]]:
        """Comments and changes, newest first."""
        entries = [(one.created, 1, self._comment(one)) for one in self._issue.comments]
        entries += [(one.at, 0, self._history(one)) for one in self._issue.histories]
        entries.sort(key=lambda entry: entry[:2], reverse=True)
        return [entry for _, _, entry in entries]

    def _comment(self, one: Comment) -> dict[str, Any]:
        kind = "comments" if one.public else "work_notes"
        entry = {"at": iso(one.created), "by": self._name(one.author), "kind": kind}
        return {**entry, "text": adf.as_text(one.body), "changes": []}

    def _history(self, one: History) -> dict[str, Any]:
        changes = [self._change(item.field, item.before, item.after) for item in one.items]
        return {"at": iso(one.at), "by": self._name(one.author), "kind": "", "text": "", "changes": changes}

    def _change(self, field_id: str, before: Any, after: Any) -> dict[str, str]:
        site = self._jira.site
        one = site.setup.fields.get(field_id) or Field(field_id, field_id, "line")
        (_, old), (_, new) = values.told(site, one, before), values.told(site, one, after)
        return {"label": one.name, "old": old or "", "new": new or ""}

    def _name(self, account: str) -> str:
        person = self._jira.site.accounts.people.get(account)
        return person.display if person else "Former user"


def _cycle(cycle: Cycle) -> dict[str, Any]:
    state = "paused" if cycle.paused else "running" if cycle.within_hours else "outside hours"
    if cycle.stopped is not None:
        state = "missed" if cycle.breached else "met"
    elif cycle.breached:
        state = f"breached, {state}"
    bad, done = cycle.breached, cycle.stopped is not None
    return {
        "state": state,
        "kind": "bad" if bad else "good" if done else "",
        "started": iso(cycle.started),
        "due": iso(cycle.due),
        "ended": iso(cycle.stopped) if cycle.stopped is not None else "",
        "goal": friendly_length(cycle.goal),
        "elapsed": friendly_length(cycle.elapsed),
        "remaining": friendly_length(cycle.remaining),
    }
