"""Evaluated batches as JSON lines, one cycle each, to the letter of the command line's contract (design
§8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from connector.evaluate.engine import Batch
from connector.evaluate.results import cycles_in
from connector.model.cycle import Cycle
from connector.model.instant import SECOND, Instant, Millis, format_instant

_ENCODER = msgspec.json.Encoder()


def json_lines(batch: Batch) -> Iterator[bytes]:
    """Each cycle of an evaluated batch as a line."""
    for cycle in cycles_in(batch):
        yield _ENCODER.encode(as_object(cycle)) + b"\n"


def as_object(cycle: Cycle) -> dict[str, Any]:
    """A cycle as `accord evaluate` prints it."""
    return {
        "key": cycle.ticket.key,
        "source": cycle.ticket.source,
        "kind": cycle.ticket.kind,
        "agreement": cycle.agreement,
        "version": cycle.version,
        "target": cycle.target,
        "cycle": cycle.number,
        "state": str(cycle.state),
        "started": format_instant(cycle.started),
        "ended": _instant(cycle.ended),
        "elapsed_s": seconds(cycle.elapsed),
        "time_s": seconds(cycle.time),
        "remaining_s": seconds(cycle.remaining),
        "due": _instant(cycle.due),
        "breached_at": _instant(cycle.breached_at),
        "warnings": [{"at": format_instant(moment.at), "line": moment.event} for moment in cycle.warnings],
        "used": cycle.used,
        "history": cycle.history,
        "excluded": cycle.excluded,
    }


def seconds(length: Millis | None) -> int | float | None:
    """Milliseconds as seconds: a whole number where it is one."""
    if length is None:
        return None
    return length // SECOND if length % SECOND == 0 else length / SECOND


def _instant(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)
