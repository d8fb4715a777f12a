"""Whether what the platform holds is what must have happened: every due effect once, and none that is not
due."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.model.effect import Held
from tests.sim.databases import database
from tests.sim.deployment import Deployment
from tests.sim.desk import Achieved
from tests.sim.model import HOUR, MINUTE, Expected, History, cycles

MARK = re.compile(r"\[[0-9a-f]{12}\]")
FRESH_MS = 120_000  # how far the watermark may be behind the last run


@dataclass(frozen=True)
class Agreed:
    """An agreement of `sites`: what it allows, what the notes at its start, half and whole time say (None:
    nothing), whether a record is created when the time is over, and since when anybody is told."""

    name: str
    time: int
    words: tuple[str | None, str | None, str]
    creates: bool
    since: int

    def crossed(self, cycle: Expected) -> list[str]:
        """What is said at the lines that a cycle has crossed since somebody is told, in their order."""
        lines = zip(self.words, (cycle.started, cycle.half_at, cycle.breached_at), strict=True)
        return [words for words, at in lines if words is not None and at is not None and at >= self.since]


def wrong(deployment: Deployment, histories: Mapping[str, History]) -> tuple[list[str], int]:
    """Everything that is not as it must be, in words (nothing where all is well), and how many acts were due.

    *histories* by ticket.
    """
    achieved = list(deployment.desk.achievements())
    found = [*database().unsound(), *_behind(deployment), *_strangers(deployment, histories, achieved)]
    agreed, due, missed = list(_agreed(deployment)), 0, 0
    for id_, history in histories.items():
        expected = {one: cycles(history, deployment.watermark, one.time) for one in agreed}
        due += sum(bool(one.crossed(cycle)) for one, found_ in expected.items() for cycle in found_)
        missed += _breaches(expected)
        told = list(_of_ticket(deployment, id_, history, expected, achieved))
        found += [f"{deployment.desk.number(id_)}: {what}" for what in told]
    if deployment.notify != "platform":
        found += _notices(deployment.told, missed)
    return found, due


def _agreed(deployment: Deployment) -> Iterator[Agreed]:
    since = deployment.first_run
    yield Agreed("hour", HOUR, ("begun", "half", "whole"), True, since)
    if deployment.rules == "two":
        in_force = max(since, deployment.in_force_since("quick"))
        yield Agreed("quick", 20 * MINUTE, (None, None, "quickly"), False, in_force)


def _of_ticket(
    deployment: Deployment,
    id_: str,
    history: History,
    expected: Mapping[Agreed, list[Expected]],
    achieved: Sequence[Achieved],
) -> Iterator[str]:
    is_mute = any(state == "closed" for _, state in history)  # a closed ticket takes no notes
    texts = deployment.desk.notes(id_)
    marks = Counter(mark for text in texts for mark in MARK.findall(text))
    yield from (f"the note {mark} stands there {n} times" for mark, n in marks.items() if n > 1)
    for agreed, found in expected.items():
        mine = [one for one in achieved if (one.ticket, one.agreement) == (id_, agreed.name)]
        yield from _achievements(mine, found, deployment.first_run)
        yield from _notes(texts, agreed, found, is_mute)
    yield from _fields(deployment, id_, [one for found in expected.values() for one in found])
    there, due = deployment.desk.created().count(id_), _breaches(expected)
    if there != due:
        yield f"{due} problems must have been created, there are {there}"


def _breaches(expected: Mapping[Agreed, list[Expected]]) -> int:
    """How many cycles call for a record to be created."""
    return sum(
        agreed.words[-1] in agreed.crossed(cycle)
        for agreed, found in expected.items()
        for cycle in found
        if agreed.creates
    )


def _behind(deployment: Deployment) -> Iterator[str]:
    """Every record is seen, and nothing is left to do but what is told at once and cannot be looked up."""
    behind = deployment.now - deployment.watermark
    if behind > FRESH_MS:
        yield f"the watermark is {behind / 1000:.0f} s behind"
    for table in ("outbox", "desired"):
        query = f"select state, output, words, held_why from {table}"
        for state, output, words, why in database().rows(query):
            is_unclear = (state, output) == ("set_aside", "notify") and deployment.notify != "platform"
            if state != "done" and (state, why) != ("held", Held.CLOSED) and not is_unclear:
                yield f"an effect is left {state}: {output} ({words or why})"


def _notices(told: Sequence[str], due: int) -> Iterator[str]:
    """Each notice once at the most; one that nobody got is reported."""
    yield from (f"the notice {key[:8]} was sent {n} times" for key, n in Counter(told).items() if n > 1)
    query = "select count(*) from outbox where output = 'notify' and state = 'set_aside'"
    ((reported,),) = database().rows(query)
    if not due - reported <= len(told) <= due:
        yield f"{due} notices are due: {len(told)} were sent, {reported} are reported as unclear"


def _achievements(rows: Sequence[Achieved], expected: Sequence[Expected], since: int) -> Iterator[str]:
    rows = sorted(rows, key=lambda row: row.started or 0)
    due = [cycle for cycle in expected if cycle.ended is None or cycle.ended >= since]
    if len(rows) != len(due):
        yield f"{len(due)} achievements must be there, there are {len(rows)}: {[r.state for r in rows]}"
        return
    for row, cycle in zip(rows, due, strict=True):
        must = Achieved(
            row.ticket,
            row.agreement,
            cycle.state,
            cycle.started,
            cycle.ended,
            cycle.due,
            cycle.breached_at,
            cycle.time // 1000,
            row.elapsed_s if cycle.state == "running" else cycle.elapsed() // 1000,
        )
        if row != must:
            yield f"the achievement must be {_shown(must)}, is {_shown(row)}"


def _fields(deployment: Deployment, id_: str, expected: Sequence[Expected]) -> Iterator[str]:
    """The ticket shows the open cycle that is due next."""
    if deployment.desk.is_closed(id_):
        return  # nothing is written on a closed ticket, so what it shows is what it showed before
    running = [(one.due is None, one.due or 0, one.state) for one in expected if one.ended is None]
    _, due, state = min(running, default=(True, 0, ""))
    must = (state, due or None)
    shown = deployment.desk.shown(id_)
    if shown != must:
        told = f"shows {shown[0]}, {clock_time(shown[1])}"
        yield f"the ticket must show {state}, {clock_time(due or None)}; {told}"


def _notes(
    texts: Sequence[str], agreed: Agreed, expected: Sequence[Expected], is_mute: bool
) -> Iterator[str]:
    """Each line's note at most once; of the lines of a cycle the last one's surely, unless the ticket takes
    no notes."""
    lines = [agreed.crossed(cycle) for cycle in expected]
    for words in agreed.words:
        if words is None:
            continue
        there = sum(len(re.findall(rf"\b{words}\b", text)) for text in texts)
        most = sum(words in crossed for crossed in lines)
        least = 0 if is_mute else sum(crossed[-1:] == [words] for crossed in lines)
        if not least <= there <= most:
            yield f"{least} to {most} notes with {words!r} must be there, there are {there}"


def _strangers(
    deployment: Deployment, histories: Mapping[str, History], achieved: Sequence[Achieved]
) -> Iterator[str]:
    desk, known = deployment.desk, {*histories, *deployment.hidden}
    for what, ids in (
        ("an achievement", [one.ticket for one in achieved if one.ticket not in histories]),
        ("a problem", [id_ for id_ in desk.created() if id_ not in histories]),
        ("a ticket", [id_ for id_ in desk.tickets() if id_ not in known]),
    ):
        yield from (f"{what} is of nobody's ticket {id_!r}" for id_ in ids)


def _shown(one: Achieved) -> str:
    times = (one.started, one.ended, one.due, one.breached_at)
    return f"{one.state} {' '.join(map(clock_time, times))} {one.elapsed_s} of {one.time_s} s"


def clock_time(at: int | None) -> str:
    """An instant as people read it off a clock; a dash for none."""
    return "-" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S}"
