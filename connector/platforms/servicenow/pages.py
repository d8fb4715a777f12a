"""Pages of a table that lose no row: keyset order, and ends told by counts.

Source: Table API, pagination. Limit and offset are applied before access rules, a query that runs too long
comes back cut with status 200, and without an order pages overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector.errors import NotAllowed
from connector.platforms.pagesize import PageSize, ask_whole
from connector.platforms.servicenow.answers import Answered
from connector.platforms.servicenow.client import Client, Raw

IDS_A_QUESTION = 50  # what one question names: its address stays well under what proxies take


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
    return ask_whole(
        lambda limit: client.rows(table, query, fields, limit=limit, offset=offset),
        size,
        client.world,
        what=table,
        mend="raise the instance's REST time-out for this table, or narrow `scope` in the mapping",
    )


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
