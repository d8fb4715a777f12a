"""The site as the sandbox holds it: its API for clients, and a shorter way in for tests and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connector.sandbox.faults import Words
from connector.sandbox.jira import adf, errors
from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.api import Api
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql import parse
from connector.sandbox.jira.jql.match import Asker, is_field
from connector.sandbox.jira.jql.select import Selection
from connector.sandbox.jira.quirks import JiraQuirks
from connector.sandbox.jira.site import Site
from connector.sandbox.jira.values import text_of
from connector.sandbox.wire import Request, Response
from connector.sandbox.world import World

PATHS = ("/rest/", "/ex/jira/", "/oauth/token", "/_edge/")
WORDS = Words(
    cancelled=errors.collection("Internal server error"),
    limited={"code": 429, "message": "Rate limit exceeded"},
    limited_headers=(("RateLimit-Reason", "jira-burst-based"),),
    unauthenticated=errors.unauthenticated(errors.LOGIN_FAILED).answer,
    asleep="<html><head><title>Atlassian Cloud Notifications - Page Unavailable</title></head></html>",
)
EVERYTHING = 1 << 30


class Jira:
    """One site. The methods here act as somebody inside it would; permissions do not apply to them."""

    def __init__(self, world: World, quirks: JiraQuirks) -> None:
        self.world = world
        self.quirks = quirks
        self.site = Site(world, quirks)
        self._api = Api(self.site)

    def serves(self, path: str) -> bool:
        """Whether a path is one of the site's."""
        context = self.quirks.context_path
        return path.startswith(tuple(context + known for known in PATHS) + PATHS[1:])

    def handle(self, request: Request) -> Response:
        """Answer a request as the site would."""
        return self._api.handle(request)

    def person(self, name: str) -> Person:
        """A user by name; KeyError when there is none."""
        found = self.site.accounts.named(name)
        if found is None:
            raise KeyError(name)
        return found

    def create(
        self, summary: str, /, *, kind: str = "[System] Incident", by: str = "admin", **values: Any
    ) -> Issue:
        """Make an issue in the service desk as a person would; values are stored ones by field id or name."""
        found = self.site.setup.type_named(kind)
        if found is None:
            raise KeyError(kind)
        fields = {"summary": summary, **self._stored(values)}
        return self.site.create("DESK", found.id, fields, self.person(by).account_id)

    def edit(self, issue: Issue | str, /, *, by: str = "admin", **values: Any) -> bool:
        """Change fields to stored values; whether anything changed."""
        return self.site.edit(self._issue(issue), self._stored(values), self.person(by).account_id)

    def move(self, issue: Issue | str, status: str, *, by: str = "admin") -> bool:
        """Move an issue to a status by its name."""
        found = self.site.setup.status_named(status)
        if found is None:
            raise KeyError(status)
        return self.site.transition(self._issue(issue), found.id, self.person(by).account_id)

    def comment(self, issue: Issue | str, text: str, *, by: str = "admin", public: bool = True) -> int:
        """Add a comment; its id."""
        return self.site.comment(self._issue(issue), text, self.person(by).account_id, public=public).id

    def delete(self, issue: Issue | str) -> None:
        self.site.delete(self._issue(issue))

    def find(self, id_or_key: str) -> Issue | None:
        return self.site.find(id_or_key)

    def search(self, jql: str) -> list[Issue]:
        """What a JQL query finds for an administrator in the site's time zone."""
        asker = Asker(self.person("admin"), self.site.zone, self.site.now())
        query = parse(jql, lambda name: is_field(self.site, name))
        return Selection(self.site, query, asker).page(EVERYTHING).issues

    def hide(self, *keys: str) -> None:
        """Let these issues be seen by nobody."""
        self.site.hidden.update(self._issue(key).id for key in keys)
        self.site.index.generation += 1

    def expire_tokens(self) -> None:
        self.site.accounts.expire_tokens()

    def touch(self, chosen: float) -> None:
        """Let some issue be written again; `chosen` in [0, 1) says which."""
        if self.site.issues:
            ids = sorted(self.site.issues)
            self.site.touch(self.site.issues[ids[int(chosen * len(ids))]])

    def counts(self) -> dict[str, int]:
        """How many issues each project holds."""
        found: dict[str, int] = {}
        for issue in self.site.issues.values():
            found[issue.project] = found.get(issue.project, 0) + 1
        return found

    def dump(self) -> dict[str, list[Mapping[str, Any]]]:
        """Every issue with all that hangs on it, by key."""
        return {
            "issue": [_dumped(self.site, self.site.issues[number]) for number in sorted(self.site.issues)]
        }

    def _issue(self, issue: Issue | str) -> Issue:
        found = self.site.find(issue) if isinstance(issue, str) else issue
        if found is None:
            raise KeyError(issue)
        return found

    def _stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.site.setup.fields
        return {
            name if fields.get(name) else self.site.setup.field_named(name).id: v
            for name, v in values.items()
        }


def _dumped(site: Site, issue: Issue) -> dict[str, Any]:
    """An issue in plain words, for comparing two ends."""
    return {
        "id": issue.id,
        "key": issue.key,
        "created": issue.created,
        "updated": issue.updated,
        "fields": {name: _plain(issue.fields[name]) for name in sorted(issue.fields)},
        "histories": [
            [one.at, one.author, [[i.field, _plain(i.before), _plain(i.after)] for i in one.items]]
            for one in issue.histories
        ],
        "comments": [
            {"by": one.author, "at": one.created, "text": adf.as_text(one.body), "public": one.public,
             "properties": one.properties}
            for one in issue.comments
        ],
        "properties": {key: json.loads(issue.properties[key]) for key in sorted(issue.properties)},
        "links": [[one.type, site.issues[one.other].key if one.other in site.issues else None, one.outward]
                  for one in issue.links],
        "remote": [[one.global_id, dict(one.content)] for one in issue.remote],
        "files": [one.name for one in issue.files],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, dict) else value
