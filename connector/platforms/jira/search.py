"""Searches: one page at a time, on Cloud by tokens, on Data Center by places.

Source: Jira Cloud platform REST API, search by JQL. There is no total, a page may be shorter than asked, and
the last one is told by its missing token alone. A token that comes again would never end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import NotReachable
from connector.platforms.jira.client import Client, Raw
from connector.platforms.pagesize import PageSize, ask_whole

MOST = 5000  # what one page may be asked to hold
NAMED = 100  # how many issues may be asked for by their ids
_RECONCILED = 50
_MEND = "narrow `jql` in the mapping, or map fewer fields: the site does not answer such questions in time"


@dataclass(frozen=True, slots=True)
class Found:
    """One page; *next* is what the following one is asked with, None behind the last."""

    issues: Sequence[Raw]
    next: str | None


class Search:
    """Asks the index of one site. It lags behind the database, but for the issues we wrote to ourselves."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own: deque[int] = deque(maxlen=_RECONCILED)

    def wrote_to(self, issue: str) -> None:
        """Have later answers agree with what we wrote to that issue."""
        if issue.isdigit() and int(issue) not in self._own:
            self._own.append(int(issue))

    def page(
        self,
        jql: str,
        fields: Sequence[str],
        size: PageSize,
        after: str | None = None,
        reconcile: Sequence[int] | None = None,
    ) -> Found:
        """One page of the issues that *jql* (with its ORDER BY) finds; the index is made to agree with the
        database on the issues *reconcile* (else on those we wrote to)."""

        def ask(most: int) -> Found:
            if self._client.is_cloud:
                return self._by_token(jql, fields, most, after, sorted(reconcile or self._own))
            return self._by_place(jql, fields, most, after)

        return ask_whole(ask, size, self._client.world, what="issues", mend=_MEND)[0]

    def _by_token(
        self, jql: str, fields: Sequence[str], size: int, after: str | None, reconcile: Sequence[int]
    ) -> Found:
        body: dict[str, Any] = {"jql": jql, "maxResults": min(size, MOST), "fields": list(fields)}
        if after is not None:
            body["nextPageToken"] = after
        if reconcile:
            body["reconcileIssues"] = list(reconcile)
        told = self._ask("search/jql", body, "searching issues", in_parts=size > 1)
        token = None if told.get("isLast") is True else told.get("nextPageToken")
        return Found(told.get("issues") or [], str(token) if token else None)

    def _by_place(self, jql: str, fields: Sequence[str], size: int, after: str | None) -> Found:
        start = int(after or 0)
        body = {"jql": jql, "startAt": start, "maxResults": min(size, 1000), "fields": list(fields)}
        told = self._ask("search", body, "searching issues", in_parts=size > 1)
        issues = told.get("issues") or []
        behind = start + len(issues)
        return Found(issues, str(behind) if issues and behind < int(told.get("total") or 0) else None)

    def named(
        self, ids: Sequence[str], fields: Sequence[str], properties: Sequence[str] = ()
    ) -> Iterator[Raw]:
        """Those issues, from the database; ones that are gone or hidden are not there. On Cloud they may
        come with *properties*; Data Center shows none in bulk (JRASERVER-62898)."""
        left, size = [id_ for id_ in ids if id_.isdigit()], PageSize(NAMED)
        while left:

            def ask(most: int, left: Sequence[str] = left) -> Sequence[Raw]:
                return self._named(left[:most], fields, properties)

            issues, asked_for = ask_whole(ask, size, self._client.world, what="issues", mend=_MEND)
            yield from issues
            left = left[asked_for:]

    def _named(self, ids: Sequence[str], fields: Sequence[str], properties: Sequence[str]) -> Sequence[Raw]:
        if self._client.is_cloud:
            body: dict[str, Any] = {"issueIdsOrKeys": ids, "fields": list(fields)}
            body |= {"properties": list(properties)} if properties else {}
            path = "issue/bulkfetch"
        else:  # whose search refuses an id that is gone, unless told not to mind
            jql = f"id in ({', '.join(ids)})"
            body = {"jql": jql, "maxResults": NAMED, "fields": list(fields), "validateQuery": False}
            path = "search"
        return self._ask(path, body, "reading issues", in_parts=len(ids) > 1).get("issues") or ()

    def _ask(self, path: str, body: Raw, doing: str, *, in_parts: bool) -> Any:
        return self._client.ask(f"{self._client.api}/{path}", body, doing, in_parts=in_parts)

    def walk(self, jql: str, fields: Sequence[str], most: int) -> Iterator[Sequence[Raw]]:
        """All pages of *jql*, of at most so many issues, as far as the tokens lead."""
        after, seen, size = None, set[str](), PageSize(most)
        while True:
            found = self.page(jql, fields, size, after)
            yield found.issues
            if found.next is None:
                return
            self.must_go_on(seen, found.next)
            after = found.next

    def must_go_on(self, seen: set[str], token: str) -> None:
        """NotReachable where *token* was given before: following it again would never end."""
        if token in seen:
            raise NotReachable(
                f"{self._client.source.name}: searching issues: its pages go in a circle",
                hint="try again later; nothing is lost, the next run goes on from here",
            )
        seen.add(token)
