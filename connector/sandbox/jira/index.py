"""The search index: what searches see of the issues, in the order of their last update.

Searches may see less than the database holds: a write shows after a while, and may vanish once more before
it stays. Reads by id never come here.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.quirks import JiraQuirks
from connector.sandbox.world import World

Position = tuple[int, int]  # (updated, issue id)
LAST = 1 << 62


@dataclass(slots=True)
class _Stale:
    """An issue whose last write does not show yet; `shown` is its older self, None for a new one.

    `gone`: the stretch (from, until) after that for which it vanishes once more.
    """

    shown: Issue | None
    due: int
    gone: tuple[int, int]


class Index:
    """Issues sorted by `updated`, and those of which an older self is shown."""

    def __init__(self, world: World, quirks: JiraQuirks) -> None:
        self._world, self._quirks = world, quirks
        self._order: list[Position] = []
        self._issues: dict[int, Issue] = {}
        self._stale: dict[int, _Stale] = {}
        self.generation = 0  # moves on with every write
        self.answers: dict[Any, list[Issue]] = {}  # what queries found, for their next pages

    def __len__(self) -> int:
        return len(self._order)

    # -- following the database

    def made(self, issue: Issue) -> None:
        self._issues[issue.id] = issue
        insort(self._order, (issue.updated, issue.id))
        self.generation += 1
        self._delay(issue, None)

    def before(self, issue: Issue) -> None:
        """Remember what an issue is like, for as long as the write to come does not show."""
        if self._quirks.index_lag_ms and not self._outdated(issue.id):
            shown = copy(issue)
            shown.fields = dict(issue.fields)
            self._delay(issue, shown)

    def after(self, issue: Issue, updated_before: int) -> None:
        """Follow a write; `updated_before` is where the issue stood."""
        self.generation += 1
        if issue.updated != updated_before:
            del self._order[bisect_left(self._order, (updated_before, issue.id))]
            insort(self._order, (issue.updated, issue.id))

    def gone(self, issue: Issue) -> None:
        self.generation += 1
        del self._order[bisect_left(self._order, (issue.updated, issue.id))]
        self._issues.pop(issue.id)
        self._stale.pop(issue.id, None)

    def _outdated(self, issue_id: int) -> bool:
        stale = self._stale.get(issue_id)
        return stale is not None and self._world.now() < stale.due

    def _delay(self, issue: Issue, shown: Issue | None) -> None:
        longest = self._quirks.index_lag_ms
        if not longest:
            return
        chance, now = self._world.chance, self._world.now()
        due = now + int(chance.next("index lag") * longest)
        gone = (due, due)
        if chance.next("index flicker") < self._quirks.index_flicker:
            begin = due + int(chance.next("index gone from") * longest)
            gone = (begin, begin + 1 + int(chance.next("index gone for") * longest))
        self._stale[issue.id] = _Stale(shown, due, gone)

    # -- seeing

    def _aged(self, fresh: frozenset[int]) -> Mapping[int, Issue | None]:
        """The issues that are not shown as they are, and what is shown of them (None: nothing)."""
        if not self._stale:
            return {}
        now = self._world.now()
        aged: dict[int, Issue | None] = {}
        for issue_id, stale in list(self._stale.items()):
            if now >= stale.due and now >= stale.gone[1]:
                del self._stale[issue_id]
                self.generation += 1
            elif issue_id not in fresh:
                if now < stale.due:
                    aged[issue_id] = stale.shown
                elif now >= stale.gone[0]:
                    aged[issue_id] = None
        return aged

    @property
    def settled(self) -> bool:
        """Whether searches see everything as it is."""
        self._aged(frozenset())
        return not self._stale

    def one(self, issue_id: int, fresh: frozenset[int] = frozenset()) -> Issue | None:
        """What searches see of one issue."""
        aged = self._aged(fresh)
        return aged[issue_id] if issue_id in aged else self._issues.get(issue_id)

    def by_updated(
        self, low: int, high: int, fresh: frozenset[int] = frozenset(), *, newest_first: bool = False
    ) -> Iterator[Issue]:
        """What searches see of the issues updated in [low, high], in that order."""
        aged = self._aged(fresh)
        begin = bisect_left(self._order, (low, 0))
        end = bisect_right(self._order, (high, LAST))
        places = range(end - 1, begin - 1, -1) if newest_first else range(begin, end)
        shown = (self._issues[number] for _, number in map(self._order.__getitem__, places))
        if not aged:
            yield from shown
            return
        older = [issue for issue in aged.values() if issue and low <= issue.updated <= high]
        older.sort(key=_position, reverse=newest_first)
        current = (issue for issue in shown if issue.id not in aged)
        yield from heapq.merge(older, current, key=_position, reverse=newest_first)


def _position(issue: Issue) -> Position:
    return issue.updated, issue.id
