"""The SLAs of the site: which conditions, goals and calendars each has, and how an issue's history meets
them.

Completed cycles stay as the configuration of their time made them; only what goes on follows a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox.jira.issue import Comment, History, Issue, Item
from connector.sandbox.jira.jql import parse
from connector.sandbox.jira.jql.match import Asker, compiled
from connector.sandbox.jira.sla.calendar import Always, Calendar, Hours
from connector.sandbox.jira.sla.engine import Event, Goal, ServiceLevel, walk

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

Test = Callable[[Issue], bool]
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Revision:
    """The goals in force from an instant on: the first whose test an issue passes is its goal."""

    since: int
    goals: tuple[tuple[Test, Goal], ...]


@dataclass(slots=True)
class Metric:
    """One SLA of a project. Conditions are the words of the configuration page in lower case."""

    id: str
    field_id: str
    project: str
    start: Sequence[str]
    stop: Sequence[str]
    pause: Sequence[str]
    revisions: list[Revision] = field(default_factory=list)


class Levels:
    """The metrics, and the cycles they make of an issue."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.calendars: dict[str, Hours] = {"": Always()}
        self.metrics: list[Metric] = []
        for one in site.setup.read["calendar"]:
            hours = dict.fromkeys(one["days"].split(), one["hours"])
            self.calendars[one["name"]] = Calendar(one["zone"], hours)
        for one in site.setup.read["sla"]:
            conditions = (one["start"], one["stop"], one["pause"])
            metric = Metric(one["id"], one["field"], one["project"], *conditions)
            self.metrics.append(metric)
            self.configure(metric, one["goals"], since=0)

    def configure(self, metric: Metric, goals: Sequence[dict[str, Any]], *, since: int) -> None:
        """Give a metric other goals from an instant on, each `{"jql", "minutes", "calendar"}`."""
        made = tuple(
            (
                self._test(goal["jql"]),
                Goal(goal["minutes"] * MINUTE, self.calendars[goal.get("calendar", "")]),
            )
            for goal in goals
        )
        metric.revisions.append(Revision(since, made))

    def _test(self, jql: str) -> Test:
        asker = Asker(self._site.accounts.named("admin"), self._site.zone, 0)
        return compiled(self._site, asker, parse(jql).where)

    def of(self, issue: Issue) -> list[Metric]:
        """The SLAs that an issue's project has."""
        return [metric for metric in self.metrics if metric.project == issue.project]

    def level(self, issue: Issue, field_id: str, now: int) -> ServiceLevel | None:
        """An issue's cycles of the SLA of a field; None where it has none or no goal fits."""
        metric = next((one for one in self.of(issue) if one.field_id == field_id), None)
        return None if metric is None else self._level(issue, metric, now)

    def _level(self, issue: Issue, metric: Metric, now: int) -> ServiceLevel | None:
        story = list(_story(issue))
        completed = []
        level, applies = ServiceLevel((), None), False
        for place, revision in enumerate(metric.revisions):
            later = metric.revisions[place + 1].since if place + 1 < len(metric.revisions) else now + 1
            events = [self._event(metric, revision, *moment) for moment in story]
            level = walk(events, now)
            applies = bool(events) and events[-1].goal is not None
            stopped = (cycle for cycle in level.completed if cycle.stopped is not None)
            completed += [cycle for cycle in stopped if revision.since <= (cycle.stopped or 0) < later]
        if not applies and not completed:
            return None
        return ServiceLevel(tuple(completed), level.ongoing)

    def _event(self, metric: Metric, revision: Revision, what: What, state: Issue) -> Event:
        goal = next((goal for test, goal in revision.goals if test(state)), None)
        at = state.created if what is None else what.created if isinstance(what, Comment) else what.at
        return Event(
            at,
            any(self._hit(words, what, state) for words in metric.start),
            any(self._hit(words, what, state) for words in metric.stop),
            any(self._match(words, state) for words in metric.pause),
            goal,
        )

    # -- conditions

    def _hit(self, words: str, what: What, state: Issue) -> bool:
        if what is None:
            return words == "issue created" or self._entered(words, state.fields["status"])
        if isinstance(what, Comment):
            by_customer = self._is_customer(what.author, state)
            wanted = {"comment by customer": by_customer, "comment for customers": not by_customer}
            return what.public and wanted.get(words, False)
        return any(self._changed(words, item) for item in what.items)

    def _is_customer(self, author: str, state: Issue) -> bool:
        person = self._site.accounts.people.get(author)
        return author == state.fields.get("reporter") or (person is not None and person.kind == "customer")

    def _changed(self, words: str, item: Item) -> bool:
        if item.field == "status":
            return self._entered(words, item.after)
        name = {"resolution": "resolution", "assignee": "assignee", "duedate": "due date"}.get(item.field)
        if name is None or not words.startswith(name):
            return False
        filled, was_filled = item.after is not None, item.before is not None
        how = words.removeprefix(name).strip()
        return {
            "set": filled and not was_filled,
            "cleared": not filled,
            "changed": True,
            "from unassigned": not was_filled,
            "to unassigned": not filled,
        }.get(how, False)

    def _entered(self, words: str, status: str) -> bool:
        return words.lower() == f"status {self._site.setup.statuses[status].name}".lower()

    def _match(self, words: str, state: Issue) -> bool:
        if words.startswith("status "):
            return self._entered(words, state.fields["status"])
        name, _, how = words.partition(" ")
        return (state.fields.get(name) is not None) is (how == "set")


What = None | Comment | History


def _story(issue: Issue) -> Iterator[tuple[What, Issue]]:
    """What happened to an issue from its creation on, each with the issue as it was right after it."""
    state = copy(issue)
    state.fields = issue.first_fields()
    yield None, state
    moments: list[tuple[int, int, Comment | History]] = [(one.at, 0, one) for one in issue.histories]
    moments += [(one.created, 1, one) for one in issue.comments]
    moments.sort(key=lambda moment: moment[:2])
    for _, _, what in moments:
        if isinstance(what, History):
            state = copy(state)
            state.fields = state.fields | {item.field: item.after for item in what.items}
        yield what, state
