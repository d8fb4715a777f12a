"""Whether what the platform holds is what must have happened: every due effect once, and none that is not
due."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tests.sim.deployment import Deployment
from tests.sim.model import HOUR, Expected, History, cycles

MARK = re.compile(r"\[[0-9a-f]{12}\]")


def wrong(deployment: Deployment, histories: Mapping[str, History], since: int) -> list[str]:
    """Everything that is not as it must be, in words; empty where all is well.

    *histories* by sys_id; acts are due for what happened at *since* (the first run) or later.
    """
    of_tickets = [
        f"{deployment.incident(sys_id)['number']}: {what}"
        for sys_id, history in histories.items()
        for what in _of_ticket(deployment, sys_id, history, since)
    ]
    return [*of_tickets, *_strangers(deployment, histories)]


def _of_ticket(deployment: Deployment, sys_id: str, history: History, since: int) -> Iterator[str]:
    expected = cycles(history, deployment.watermark)
    was_closed = any(state == "7" for _, state in history)
    yield from _achievements(deployment, sys_id, expected, since)
    yield from _fields(deployment, sys_id, expected)
    yield from _notes(deployment, sys_id, expected, since, was_closed=was_closed)
    problems = [row for row in deployment.rows("problem") if row["parent"] == sys_id]
    due = sum(1 for cycle in expected if _from(cycle.breached_at, since))
    if len(problems) != due:
        yield f"{due} problems must have been created, there are {len(problems)}"


def _achievements(deployment: Deployment, sys_id: str, expected: list[Expected], since: int) -> Iterator[str]:
    rows = [row for row in deployment.rows("u_accord_achievement") if row["u_ticket"] == sys_id]
    rows.sort(key=lambda row: row["u_started"])
    due = [cycle for cycle in expected if cycle.ended is None or cycle.ended >= since]
    if len(rows) != len(due):
        yield f"{len(due)} achievements must be there, there are {len(rows)}: {[r['u_state'] for r in rows]}"
        return
    for row, cycle in zip(rows, due, strict=True):
        must = {
            "u_state": cycle.state,
            "u_started": written(cycle.started),
            "u_ended": written(cycle.ended),
            "u_due": written(cycle.due),
            "u_breached_at": written(cycle.breached_at),
            "u_time_s": str(HOUR // 1000),
        }
        if cycle.state not in ("running",):
            must["u_elapsed_s"] = str(cycle.elapsed() // 1000)
        for name, value in must.items():
            if row[name] != value:
                yield f"achievement {row['u_cycle']}: {name} must be {value!r}, is {row[name]!r}"


def _fields(deployment: Deployment, sys_id: str, expected: list[Expected]) -> Iterator[str]:
    row = deployment.incident(sys_id)
    if row["state"] == "7":
        return  # nothing is written on a closed ticket, so what it shows is what it showed before
    running = [cycle for cycle in expected if cycle.ended is None]
    must = (running[0].state, written(running[0].due)) if running else ("", "")
    shown = (row["u_sla_state"], row["u_sla_due"])
    if shown != must:
        yield f"the ticket must show {must}, shows {shown}"


def _notes(
    deployment: Deployment, sys_id: str, expected: list[Expected], since: int, *, was_closed: bool
) -> Iterator[str]:
    """Each line's note at most once; of the lines of a cycle the last one's surely, unless the ticket is
    closed and takes no notes."""
    texts = [row["value"] for row in deployment.rows("sys_journal_field") if row["element_id"] == sys_id]
    marks = Counter(mark for text in texts for mark in MARK.findall(text))
    yield from (f"the note {mark} stands there {n} times" for mark, n in marks.items() if n > 1)
    halves = sum(text.count("half") for text in texts)
    wholes = sum(text.count("whole") for text in texts)
    may_be_half = sum(1 for cycle in expected if _from(cycle.half_at, since))
    must_be_whole = sum(1 for cycle in expected if _from(cycle.breached_at, since))
    only_half = sum(1 for c in expected if _from(c.half_at, since) and c.breached_at is None)
    if wholes > must_be_whole or (wholes < must_be_whole and not was_closed):
        yield f"{must_be_whole} notes of a breach must be there, there are {wholes}"
    if halves > may_be_half or (halves < only_half and not was_closed):
        yield f"{only_half} to {may_be_half} notes of half the time must be there, there are {halves}"


def _strangers(deployment: Deployment, histories: Mapping[str, History]) -> Iterator[str]:
    for table, name in (("u_accord_achievement", "u_ticket"), ("problem", "parent")):
        for row in deployment.rows(table):
            if row[name] not in histories:
                yield f"a row of {table} belongs to no ticket: {row[name]!r}"
    for row in deployment.rows("incident"):
        if row["sys_id"] not in histories:
            yield f"an incident was made that nobody opened: {row['number']}"


def _from(at: int | None, since: int) -> bool:
    return at is not None and at >= since


def written(at: int | None) -> str:
    """An instant as ServiceNow stores it; empty for none."""
    return "" if at is None else f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S}"
