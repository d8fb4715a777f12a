"""Reads one kind's raw records: swept by date, by their ids, or all of what has no date.

Which questions these are is decided here; how pages are followed is in `sweep` and `search`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import Problem, Wrong
from connector.model.instant import Instant
from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.facts import Facts, JiraField
from connector.platforms.jira.fields import Resolved, scope
from connector.platforms.jira.jql import Dates, both
from connector.platforms.jira.resources import cycles, listed
from connector.platforms.jira.search import MOST, Search
from connector.platforms.jira.sweep import Sweep, mark_of
from connector.platforms.pagesize import PageSize
from connector.platforms.port import Cursor

_RECONCILED = 50
_NEWEST = " ORDER BY updated DESC, key DESC"
_BY_KEY = " ORDER BY key ASC"
_NOT_READABLE = "not readable"
_OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads records of one site."""

    client: Client
    facts: Facts
    search: Search

    def sweep(
        self, resolved: Resolved, after: Cursor | None, since: Instant | None
    ) -> Iterator[tuple[list[Raw], dict[str, Any]]]:
        """Pages of what was updated, each with the cursor behind it; of what has no date, all."""
        resource = resolved.mapping.table
        if resource in ("organizations", "organization_members"):
            for page in listed(self.client, resource):
                yield page, {}
            return
        sweep = self._sweep(resolved)
        for rows, mark in sweep.pages(mark_of(after, since)):
            yield self._rows(resolved, rows), mark.cursor()
        if resource == "sla_cycles":  # they move with time alone: no update tells of it
            open_ones = both(sweep.scope, "statusCategory != Done") + _BY_KEY
            for found in self.search.walk(open_ones, sweep.fields, sweep.size.now):
                yield self._rows(resolved, found), {"updated": self.client.now()}

    def _sweep(self, resolved: Resolved) -> Sweep:
        dates = Dates(None if self.client.is_cloud else self.facts.zone)
        source = self.client.source
        return Sweep(
            self.search,
            self.scope(resolved),
            self._fields(resolved),
            dates,
            PageSize(source.pull.page_size),
            source.name,
        )

    def scope(self, resolved: Resolved) -> str:
        """The condition that a kind's issues meet. Wrong where the site does not have what it names."""
        try:
            return scope(self.facts, resolved.mapping)
        except LookupError as lack:
            mapping = resolved.mapping
            what = f"{mapping.kind}: {lack.args[0]}"
            raise Wrong([Problem(what, mapping.place("issue_type"), "see `accord check`")]) from None

    def _fields(self, resolved: Resolved) -> list[str]:
        if resolved.mapping.table == "sla_cycles":
            return ["updated", *(field.id for field in self._sla_fields())]
        return resolved.asked_for

    def _sla_fields(self) -> list[JiraField]:
        return [field for field in self.facts.fields.values() if field.is_sla]

    def _rows(self, resolved: Resolved, issues: Sequence[Raw]) -> list[Raw]:
        if resolved.mapping.table != "sla_cycles":
            return list(issues)
        fields = self._sla_fields()
        return [one for issue in issues for one in cycles(issue, fields)]

    def named(self, resolved: Resolved, ids: Sequence[str]) -> list[Raw]:
        """Those records, from the database; ones that are gone or hidden are not there."""
        if resolved.mapping.table in ("organizations", "organization_members"):
            pages = listed(self.client, resolved.mapping.table)
            return [row for page in pages for row in page if row["id"] in set(ids)]
        rows = self.of_issues(resolved, sorted({id_.partition("/")[0] for id_ in ids}))
        return [row for row in rows if row["id"] in set(ids)]

    def of_issues(self, resolved: Resolved, issues: Sequence[str]) -> list[Raw]:
        """Those issues, or what hangs on them, from the database."""
        return self._rows(resolved, list(self.search.named(issues, self._fields(resolved))))

    def ids(self, resolved: Resolved) -> list[str]:
        """All ids in scope, sorted. Several pages are walked twice: what leaves the scope meanwhile may hide
        another behind a page's end."""
        if resolved.mapping.table != "issues":
            return sorted(str(row["id"]) for rows, _ in self.sweep(resolved, None, None) for row in rows)
        jql, found, pages = self.scope(resolved) + _BY_KEY, set[str](), 0
        for issues in self.search.walk(jql, ["id"], MOST):
            found |= {str(one["id"]) for one in issues}
            pages += 1
        if pages > 1:
            found |= {str(one["id"]) for page in self.search.walk(jql, ["id"], MOST) for one in page}
        return sorted(found)

    def missing(self, resolved: Resolved, ids: Sequence[str]) -> Mapping[str, str]:
        """Why each id is not in scope any more; those that still are, are left out."""
        there = {str(row["id"]) for row in self.named(resolved, ids)}
        if resolved.mapping.table == "issues":
            still = self._in_scope(resolved, sorted(there))
        else:
            still = there
        return {id_: _OUT_OF_SCOPE if id_ in there else _NOT_READABLE for id_ in ids if id_ not in still}

    def _in_scope(self, resolved: Resolved, ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(ids), _RECONCILED):
            part = ids[start : start + _RECONCILED]
            jql = both(self.scope(resolved), f"id in ({', '.join(part)})") + _BY_KEY
            asked = [int(id_) for id_ in part]
            issues = self.search.page(jql, ["id"], PageSize(_RECONCILED), reconcile=asked).issues
            found |= {str(one["id"]) for one in issues}
        return found

    def latest(self, resolved: Resolved, count: int) -> list[Raw]:
        """The *count* issues updated last."""
        jql = self.scope(resolved) + _NEWEST
        return self._rows(resolved, self.search.page(jql, self._fields(resolved), PageSize(count)).issues)
