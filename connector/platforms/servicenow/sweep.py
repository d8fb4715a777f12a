"""A sweep: everything updated since an instant, resumable after any page.

Keyset order on (updated, id) in two questions, so that a second with many rows is never cut: first the rest
of the last second by id, then later seconds. Bounds widen as slices prove small, so a first load asks no
question that sorts a whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import NotAllowed, NotReachable
from connector.mappings.catalogue import RecordMapping
from connector.model.instant import DAY, SECOND, Instant, Millis
from connector.platforms.pagesize import PageSize
from connector.platforms.servicenow.client import Client, Raw
from connector.platforms.servicenow.pages import every_row, glance, page
from connector.platforms.servicenow.spelling import format_instant, parse_instant

_FIRST_SLICE: Millis = 7 * DAY
_BEFORE_EVERYTHING: Instant = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a sweep got: the second *updated*, and within it the *id*; no id means that second is done."""

    updated: Instant
    id: str = ""

    def cursor(self) -> dict[str, Any]:
        """The mark as the store keeps it."""
        return {"updated": format_instant(self.updated), "id": self.id}


def mark_of(cursor: Mapping[str, Any] | None, since: Instant | None) -> Mark | None:
    """Where to go on: behind *cursor*, else with what was updated at *since* or later; None: at the start."""
    if cursor is not None:
        return Mark(parse_instant(str(cursor["updated"])), str(cursor.get("id") or ""))
    return None if since is None else Mark(since // SECOND * SECOND - SECOND)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind's table, as far as it is in scope."""

    client: Client
    mapping: RecordMapping
    fields: tuple[str, ...]
    size: PageSize

    def pages(self, after: Mark | None, until: Instant) -> Iterator[tuple[list[Raw], Mark]]:
        """Pages of rows updated up to *until* at least, oldest first, each with the mark behind it.

        A row that changes while we read moves to the end, so the last question has no upper bound, and the
        sweep is over when nothing is behind it. The last page may be empty.
        """
        mark, width, is_over = after or self._start(until), _FIRST_SLICE, False
        while not is_over:
            if mark.id:
                for rows in self._rest_of_second(mark):
                    mark = self._behind(rows, mark)
                    yield rows, mark
                mark = Mark(mark.updated)
            bound = mark.updated + width if mark.updated + width < until else None
            rows, is_done = self._later(mark, bound)
            mark = self._behind(rows, mark) if rows else mark
            if is_done:
                width *= 2 if len(rows) < self.size.now // 2 else 1
                mark = Mark(mark.updated if bound is None else bound)
            is_over = is_done and bound is None
            if rows or is_over:
                yield rows, mark

    def ids(self) -> Iterator[list[str]]:
        """All ids in scope, sorted."""
        for rows in every_row(self.client, self.mapping.table, self.mapping.scope, ["sys_id"], self.size):
            yield [str(row["sys_id"]) for row in rows]

    def _start(self, until: Instant) -> Mark:
        """Just before the oldest row in scope, or near the end where there is none."""
        updated = self.mapping.updated
        query = self._query(f"ORDERBY{updated}")
        answer = glance(self.client, self.mapping.table, query, [updated])
        if answer.result and answer.result[0].get(updated):
            return Mark(parse_instant(answer.result[0][updated]) - SECOND)
        return Mark(until - DAY if answer.total == 0 else _BEFORE_EVERYTHING)

    def _rest_of_second(self, mark: Mark) -> Iterator[list[Raw]]:
        updated, id_ = self.mapping.updated, self.mapping.id
        last, is_done = mark.id, False
        while not is_done:
            second = f"{updated}={format_instant(mark.updated)}"
            query = self._query(f"{second}^{id_}>{last}", f"ORDERBY{id_}")
            rows, is_done = page(self.client, self.mapping.table, query, self.fields, self.size)
            if rows:
                yield rows
                last = self._behind(rows, Mark(mark.updated, last)).id

    def _later(self, mark: Mark, bound: Instant | None) -> tuple[list[Raw], bool]:
        """Rows of later seconds, up to *bound* where there is one; and whether that is all."""
        updated, id_ = self.mapping.updated, self.mapping.id
        above = f"{updated}>{format_instant(mark.updated)}"
        below = "" if bound is None else f"{updated}<={format_instant(bound)}"
        query = self._query(above, below, f"ORDERBY{updated}", f"ORDERBY{id_}")
        return page(self.client, self.mapping.table, query, self.fields, self.size)

    def _query(self, *parts: str) -> str:
        return "^".join(part for part in (self.mapping.scope, *parts) if part)

    def _behind(self, rows: list[Raw], before: Mark) -> Mark:
        """The mark behind the last of *rows*. NotReachable where it is not behind *before*: no end."""
        last = rows[-1]
        table, updated, id_ = self.mapping.table, self.mapping.updated, self.mapping.id
        if not last.get(updated) or not last.get(id_):
            raise NotAllowed(
                f"{self.client.source.name}: {table} does not show {updated} and {id_}, which paging needs",
                hint="give Accord's user the right to read both fields",
            )
        mark = Mark(parse_instant(last[updated]), str(last[id_]))
        if mark.updated < before.updated or mark == before:
            raise NotReachable(
                f"{self.client.source.name}: {table} does not keep to the question's order or conditions",
                hint="see that no business rule on the table rewrites queries",
            )
        return mark
