"""However often and whenever a desk is synced, the same things are told of its clocks.

A sync evaluates a ticket that changed since the last one, or whose `next_at` has passed; else what was known
stands. In the end nothing may differ from looking at all of it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import connector.evaluate
from connector.model.cycle import Cycle
from connector.model.instant import HOUR, Instant
from connector.model.record import Record
from connector.rules.rulebook import Rulebook
from tests.oracle import given as words
from tests.properties.stories import Story, engine, known_at, stories
from tests.properties.telling import by_key

gaps = st.lists(st.integers(1, 90 * HOUR), min_size=1, max_size=8)
FIXED = ("version", "origin", "state", "started", "ended", "time", "due", "breached_at", "timeline", "entry")


@given(story=stories(most=1), gaps=gaps)
def test_any_rhythm_of_syncs_gives_the_same_timeline(story: Story, gaps: list[int]) -> None:
    (ticket,) = story.tickets
    at = max(story.at, ticket.fields["opened"])
    syncs = [at + sum(gaps[: n + 1]) for n in range(len(gaps))]
    assert told(synced(ticket, story.book, syncs)) == told(engine([ticket], story.book, syncs[-1]))


def synced(ticket: Record, book: Rulebook, syncs: Sequence[Instant]) -> list[Cycle]:
    """What is known after all *syncs* of a ticket that is read as it stands at each."""
    known: list[Cycle] = []
    before: Record | None = None
    next_at: Instant | None = None
    for now in syncs:
        read = known_at(ticket, now)
        if read != before or (next_at is not None and next_at <= now):
            found = connector.evaluate.evaluate([read], book, at=now, kinds=words.KINDS)
            known, before = list(found.cycles()), read
            (next_at,) = found.next_at.values()
    return known


def told(cycles: Sequence[Cycle]) -> dict[Any, dict[str, Any]]:
    """What does not grow by itself while nothing happens."""
    return {
        key: {name: figures[name] for name in FIXED if name != "due" or figures["breached_at"] is None}
        for key, figures in by_key(cycles).items()
    }
