"""Pages of a table that lose no row: keyset order, ends told by counts, sizes that heed time-outs.

Source: Table API, pagination. Limit and offset are applied before access rules, a query that runs too long
comes back cut with status 200, and without an order pages overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector.errors import NotAllowed, NotReachable
from connector.log import get_logger
from connector.platforms.servicenow.answers import Answered, Overlong
from connector.platforms.servicenow.client import Client, Raw

log = get_logger()
IDS_A_QUESTION = 50  # what one question names: its address stays well under what proxies take
_TRIES_AT_THE_SMALLEST = 5
_LONGEST_S = 240.0  # how long one page may take, all its repeats in smaller parts included


class PageSize:
    """How many rows to ask for: halved when an answer was cut, grown back when answers come whole."""

    SMALLEST = 10

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = most
        self._whole = 0

    def halve(self) -> bool:
        """Ask for half as many; False where that is not possible any more."""
        if self.now <= min(self.SMALLEST, self._most):
            return False
        self.now = max(min(self.SMALLEST, self._most), self.now // 2)
        self._whole = 0
        return True

    def went_well(self) -> bool:
        """Count an answer that came whole; whether, after three in a row, twice as many are asked for now."""
        self._whole += 1
        grows = self._whole >= 3 and self.now < self._most
        if grows:
            self.now = min(self._most, self.now * 2)
            self._whole = 0
        return grows


def page(
    client: Client, table: str, query: str, fields: Sequence[str], size: PageSize
) -> tuple[list[Raw], bool]:
    """The next visible rows of an ordered *query*, and whether none are left behind them.

    Access rules are applied after the limit, so a page may be short or empty and not be the last: rows are
    left as long as the count says so (or, without a count, until a page is empty and names no next one).
    """
    offset = 0
    while True:
        answer, limit = _asked(client, table, query, fields, size, offset)
        rows, total = list(answer.result), answer.total
        if rows:
            return rows, total is not None and total <= offset + len(rows)
        if not (answer.has_next if total is None else total > offset + limit):
            return [], True
        offset += limit


def _asked(
    client: Client, table: str, query: str, fields: Sequence[str], size: PageSize, offset: int
) -> tuple[Answered, int]:
    """One answer that came whole, and the limit it was asked with."""
    tries, deadline = 0, client.world.monotonic() + _LONGEST_S
    while True:
        limit = size.now
        try:
            answer = client.rows(table, query, fields, limit=limit, offset=offset)
        except Overlong as overlong:
            is_halved = size.halve()
            log.warning("pull.page_took_too_long", table=table, rows=limit, next=size.now)
            tries += not is_halved
            if tries >= _TRIES_AT_THE_SMALLEST or client.world.monotonic() > deadline:
                mend = "raise the instance's REST time-out for this table, or narrow `scope` in the mapping"
                raise NotReachable(overlong.problem.what, hint=mend) from None
        else:
            if size.went_well():
                log.info("pull.page_size_grown", table=table, rows=size.now)
            return answer, limit


def glance(client: Client, table: str, query: str, fields: Sequence[str], limit: int = 1) -> Answered:
    """The first rows of *query* as they come, to see what can be seen."""
    return _asked(client, table, query, fields, PageSize(limit), 0)[0]


def every_row(
    client: Client, table: str, query: str, fields: Sequence[str], size: PageSize | None = None
) -> Iterator[list[Raw]]:
    """All visible rows of *query* by pages, in order of sys_id."""
    size = size or PageSize(client.source.pull.page_size)
    wanted = list(dict.fromkeys(["sys_id", *fields]))
    last, is_done = "", False
    while not is_done:
        conditions = [part for part in (query, f"sys_id>{last}" if last else "") if part]
        rows, is_done = page(client, table, "^".join([*conditions, "ORDERBYsys_id"]), wanted, size)
        if rows:
            yield rows
            if str(rows[-1].get("sys_id", "")) in ("", last):
                raise NotAllowed(
                    f"{client.source.name}: {table} shows no sys_id, its pages cannot be followed"
                )
            last = str(rows[-1]["sys_id"])


def named(
    client: Client,
    table: str,
    field: str,
    values: Iterable[str],
    fields: Sequence[str],
    *conditions: str,
    size: PageSize | None = None,
) -> Iterator[Raw]:
    """All visible rows whose *field* is one of *values*, asked for in bulk.

    A value that holds `^` or a comma cannot be written into a query safely and is left out.
    """
    safe = sorted({value for value in values if value and not set(value) & set("^,\n\r")})
    for start in range(0, len(safe), IDS_A_QUESTION):
        listed = ",".join(safe[start : start + IDS_A_QUESTION])
        for rows in every_row(client, table, "^".join([f"{field}IN{listed}", *conditions]), fields, size):
            yield from rows
