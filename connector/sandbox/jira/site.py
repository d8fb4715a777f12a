"""One Jira site: its issues, and the only way they change.

A write goes through here whoever makes it (the API, the recorded log, a test), so that history, `updated`,
resolution date and the search index follow in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.jira.accounts import Accounts, Person
from connector.sandbox.jira.adf import Text
from connector.sandbox.jira.index import Index
from connector.sandbox.jira.issue import Attached, Comment, History, Issue, Item, Link, RemoteLink
from connector.sandbox.jira.quirks import JiraQuirks
from connector.sandbox.jira.setup import LinkType, Setup
from connector.sandbox.jira.sla.levels import Levels
from connector.sandbox.world import World

FIRST_ID = 10_000


@dataclass(slots=True)
class Organization:
    """A customer organisation. `members` are account ids."""

    id: int
    name: str
    members: set[str] = field(default_factory=set)
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """A notification that was queued: for looking at in tests and on the pages."""

    at: int
    issue: str
    subject: str
    text: str
    to: tuple[str, ...]


class Site:
    """The database of the site, with everything that happens on a write."""

    def __init__(self, world: World, quirks: JiraQuirks) -> None:
        self.world = world
        self.quirks = quirks
        self.setup = Setup()
        self.accounts = Accounts(world, quirks)
        self.issues: dict[int, Issue] = {}
        self.by_key: dict[str, int] = {}
        self.organizations: dict[int, Organization] = {}
        self.hidden: set[int] = set()
        self.mails: list[Mail] = []
        self.index = Index(world, quirks)
        self.zone = ZoneInfo("UTC")
        self.playing: int | None = None  # the instant of the recorded event that is happening
        self.counters: dict[str, int] = {}
        self.changed: dict[int, None] | None = None  # ids written since the file was, where one is kept
        self.levels = Levels(self)

    def now(self) -> int:
        """Epoch milliseconds."""
        return self.world.now() if self.playing is None else self.playing

    def next_id(self, kind: str) -> int:
        self.counters[kind] = self.counters.get(kind, FIRST_ID) + 1
        return self.counters[kind]

    # -- finding

    def find(self, id_or_key: str) -> Issue | None:
        """An issue by its id or its key in any case."""
        if id_or_key.isdigit():
            return self.issues.get(int(id_or_key))
        found = self.by_key.get(id_or_key.upper())
        return self.issues.get(found) if found else None

    def visible(self, issue: Issue, person: Person | None) -> bool:
        return person is not None and person.browses(issue.project) and issue.id not in self.hidden

    def organization_named(self, name: str) -> Organization:
        """The organisation of that name, made if it is not there."""
        for one in self.organizations.values():
            if one.name == name:
                return one
        made = Organization(len(self.organizations) + 1, name)
        self.organizations[made.id] = made
        return made

    # -- writes

    def create(
        self,
        project: str,
        type_id: str,
        values: Mapping[str, Any],
        by: str,
        *,
        created: int | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Issue:
        """A new issue in the first status of its workflow, or in the one that `values` name."""
        now = self.now()
        holder = self.setup.projects[project]
        holder.last += 1
        fields = {"status": self.setup.first_status(type_id), "priority": "3", "reporter": by, **values}
        fields |= {"project": project, "issuetype": type_id, "creator": by}
        fields = {name: value for name, value in fields.items() if value is not None}
        made = created if created is not None else now
        fields["statuscategorychangedate"] = made
        if fields.get("resolution"):
            fields["resolutiondate"] = now
        issue = Issue(self.next_id("issue"), f"{project}-{holder.last}", project, made, now, fields)
        issue.properties.update(properties or {})
        self.issues[issue.id] = issue
        self.by_key[issue.key] = issue.id
        self.index.made(issue)
        self._mark(issue)
        return issue

    def edit(self, issue: Issue, values: Mapping[str, Any], by: str) -> bool:
        """Change fields; False when that changed nothing."""
        values = {**values, **self._implied(issue, values)}
        items = [
            Item(name, issue.fields.get(name), value)
            for name, value in values.items()
            if issue.fields.get(name) != value
        ]
        if not items:
            return False
        self._write(issue, lambda: self._set(issue, items, by))
        return True

    def _implied(self, issue: Issue, values: Mapping[str, Any]) -> dict[str, Any]:
        """What follows from a change: dates of resolution and of the status category."""
        implied: dict[str, Any] = {}
        if "resolution" in values and values["resolution"] != issue.fields.get("resolution"):
            resolved = values["resolution"] is not None
            implied["resolutiondate"] = values.get("resolutiondate", self.now()) if resolved else None
        if "status" in values:
            statuses = self.setup.statuses
            before, after = statuses[issue.fields["status"]], statuses[values["status"]]
            if before.category != after.category:
                implied["statuscategorychangedate"] = self.now()
        return implied

    def _set(self, issue: Issue, items: Iterable[Item], by: str) -> None:
        kept = tuple(item for item in items if item.field not in UNTOLD)
        for item in items:
            if item.after is None:
                issue.fields.pop(item.field, None)
            else:
                issue.fields[item.field] = item.after
        if kept:
            issue.histories.append(History(self.next_id("history"), self.now(), by, kept))

    def transition(self, issue: Issue, status: str, by: str, values: Mapping[str, Any] | None = None) -> bool:
        """Move an issue to a status as the workflow does it: a done status sets a resolution."""
        changes = {"status": status, **(values or {})}
        done = self.setup.statuses[status].category == "done"
        if done and not changes.get("resolution") and not issue.fields.get("resolution"):
            changes["resolution"] = "10000"
        if not done:
            changes["resolution"] = None
        return self.edit(issue, changes, by)

    def comment(
        self,
        issue: Issue,
        body: Text,
        by: str,
        *,
        public: bool = True,
        properties: Mapping[str, Any] | None = None,
        visibility: dict[str, Any] | None = None,
    ) -> Comment:
        """Add a comment; one that is not public is seen by agents only."""
        now = self.now()
        made = Comment(
            self.next_id("comment"), by, body, now, now, public, dict(properties or {}), visibility, by
        )
        self._write(issue, lambda: issue.comments.append(made))
        return made

    def put_property(self, issue: Issue, key: str, text: str) -> bool:
        """Set an entity property (JSON text); whether it is new. That does not touch `updated`."""
        new = key not in issue.properties
        issue.properties[key] = text
        self._mark(issue)
        return new

    def drop_property(self, issue: Issue, key: str) -> None:
        del issue.properties[key]
        self._mark(issue)

    def link(self, kind: LinkType, source: Issue, target: Issue, by: str) -> None:
        """Link two issues: the source *causes* the target (outward words). A link that is there stays one."""
        if any(one.other == target.id and one.type == kind.id and one.outward for one in source.links):
            return
        number = self.next_id("link")
        self._add_link(source, Link(number, kind.id, target.id, outward=True), kind.outward, by)
        self._add_link(target, Link(number, kind.id, source.id, outward=False), kind.inward, by)

    def _add_link(self, issue: Issue, link: Link, words: str, by: str) -> None:
        other = self.issues[link.other].key
        item = Item("issuelinks", None, [other, f"This issue {words} {other}"])

        def add() -> None:
            issue.links.append(link)
            issue.histories.append(History(self.next_id("history"), self.now(), by, (item,)))

        self._write(issue, add)

    def unlink(self, number: int) -> bool:
        """Remove a link at both ends; whether there was one."""
        ends = [issue for issue in self.issues.values() if any(one.id == number for one in issue.links)]
        for issue in ends:
            issue.links = [one for one in issue.links if one.id != number]
            self._mark(issue)
        return bool(ends)

    def put_remote(self, issue: Issue, global_id: str | None, content: Mapping[str, Any]) -> tuple[int, bool]:
        """A link to elsewhere: one with a known global id is replaced. Its id, and whether it is new."""
        for place, one in enumerate(issue.remote):
            if global_id is not None and one.global_id == global_id:
                issue.remote[place] = RemoteLink(one.id, global_id, content)
                self._mark(issue)
                return one.id, False
        made = RemoteLink(self.next_id("remote"), global_id, content)
        issue.remote.append(made)
        self._mark(issue)
        return made.id, True

    def attach(self, issue: Issue, name: str, kind: str, content: bytes, by: str) -> Attached:
        made = Attached(self.next_id("file"), name, kind, by, self.now(), content)
        self._write(issue, lambda: issue.files.append(made))
        return made

    def touch(self, issue: Issue) -> None:
        """Write an issue again with nothing changed but its `updated`."""
        self._write(issue, lambda: None)

    def delete(self, issue: Issue) -> None:
        del self.issues[issue.id]
        del self.by_key[issue.key]
        self.index.gone(issue)
        self._mark(issue)

    def _write(self, issue: Issue, change: Callable[[], None]) -> None:
        """Let a change happen, with `updated` and the index behind it."""
        self.index.before(issue)
        change()
        before, issue.updated = issue.updated, max(issue.updated, self.now())
        self.index.after(issue, before)
        self._mark(issue)

    def _mark(self, issue: Issue) -> None:
        if self.changed is not None:
            self.changed[issue.id] = None


# Fields that follow from others: they have no item of their own in the history.
UNTOLD = frozenset({"resolutiondate", "statuscategorychangedate", "feedback_comment"})
