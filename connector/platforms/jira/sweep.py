"""A sweep: everything updated since an instant, resumable after any page.

Keyset order on the date of the update: the next page is asked for by the date of the last row, not by its
token, so that a row which changes meanwhile moves to the end and leaves no gap where it was. Tokens lead only
through rows of one instant (one minute, where dates know no finer). Rows met again are known by id and date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import NotAllowed
from connector.model.instant import Instant
from connector.platforms.jira.client import Raw
from connector.platforms.jira.jql import Dates, both
from connector.platforms.jira.search import Found, Search
from connector.platforms.jira.spelling import parse_instant
from connector.platforms.pagesize import PageSize

_ORDER = " ORDER BY updated ASC, key ASC"
_BEFORE_EVERYTHING: Instant = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a sweep got: everything updated before *updated* was read, and perhaps some of that instant."""

    updated: Instant

    def cursor(self) -> dict[str, Any]:
        """The mark as the store keeps it."""
        return {"updated": self.updated}


def mark_of(cursor: Mapping[str, Any] | None, since: Instant | None) -> Mark:
    """Where to go on: at *cursor*, else with what was updated at *since* or later; None: at the start."""
    if cursor is not None:
        return Mark(int(cursor["updated"]))
    return Mark(_BEFORE_EVERYTHING if since is None else since)


@dataclass(slots=True)
class Sweep:
    """One kind's issues, as far as they are in scope."""

    search: Search
    scope: str
    fields: list[str]
    dates: Dates
    size: PageSize
    source: str

    def pages(self, after: Mark) -> Iterator[tuple[list[Raw], Mark]]:
        """Pages of rows updated at *after* or later, oldest first, each with the mark behind it.

        It is over when a question from the last instant on brings nothing that was not seen: a row that
        changes while we read moves to the end, and is met there.
        """
        mark, seen, is_over = after, set[tuple[str, str]](), False
        while not is_over:
            before = len(seen)
            for found in self._from(mark):
                rows = [row for row in found.issues if _identity(row) not in seen]
                seen |= {_identity(row) for row in rows}
                is_over = found.next is None and not rows and len(seen) == before
                mark = Mark(max([mark.updated, *(self._updated(row) for row in found.issues)]))
                if rows:
                    yield rows, mark

    def _from(self, mark: Mark) -> Iterator[Found]:
        """Pages from the mark's instant on, up to the first that reaches a later one."""
        low = self.dates.literal(mark.updated)
        # From the start nothing is compared: what is taken for a date near 1970 is up to the site.
        bound = f"updated >= {low}" if mark.updated > _BEFORE_EVERYTHING else ""
        jql = both(self.scope, bound) + _ORDER
        after, tokens = None, set[str]()
        while True:
            found = self.search.page(jql, self.fields, self.size, after)
            yield found
            later = any(self.dates.literal(self._updated(row)) != low for row in found.issues)
            if found.next is None or later:
                return
            self.search.must_go_on(tokens, found.next)
            after = found.next

    def _updated(self, row: Raw) -> Instant:
        written = (row.get("fields") or {}).get("updated")
        if not written or not row.get("id"):
            raise NotAllowed(
                f"{self.source}: issues do not show their id and `updated`, which paging needs",
                hint="see that no field configuration hides Updated",
            )
        return parse_instant(written)


def _identity(row: Raw) -> tuple[str, str]:
    return str(row.get("id")), str((row.get("fields") or {}).get("updated"))
