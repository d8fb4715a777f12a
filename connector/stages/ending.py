"""What becomes of cycles whose agreement no longer measures: open ones end as cancelled, the others stay.

An agreement that is suspended or retired is not evaluated any more; what it measured until then is evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.model.cycle import Cycle, Moment, State
from connector.model.instant import Instant
from connector.rules.rulebook import Rulebook


def no_longer_measured(known: Iterable[Cycle], book: Rulebook, watermark: Instant) -> Iterator[Cycle]:
    """The cycles among *known* whose agreement is in *book* but is not enacted any more, ended as of
    *watermark* where they were open."""
    statuses = {(one.name, one.version): one.status for one in book.agreements}
    for cycle in known:
        if statuses.get((cycle.agreement, cycle.version), "enacted") != "enacted":
            yield _ended(cycle, watermark) if cycle.state.is_open else cycle


def _ended(cycle: Cycle, at: Instant) -> Cycle:
    cancelled = Moment(at, str(State.CANCELLED))
    return replace(
        cycle, state=State.CANCELLED, ended=at, next_at=None, timeline=(*cycle.timeline, cancelled)
    )
