"""A field whose value the status tells where it is empty itself: the changes of the two, put together.

Pure. "Waiting for customer" says whom a ticket waits for as well as a reason in a field of its own would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from connector.model.instant import Instant
from connector.model.record import Change, Value


@dataclass(frozen=True, slots=True)
class Step:
    """What the field itself held, or what the status said of it, before and after *at*."""

    at: Instant
    author: str | None
    old: Value
    new: Value


def together(name: str, own: Sequence[Step], says: Sequence[Step], present: Value) -> Iterator[Change]:
    """Changes of the field *name* from its own steps and those of the status, each in order; *present* is
    its value now. Steps of one instant are one change."""
    held = own[0].old if own else None if says and present == says[-1].new else present
    said = says[0].old if says else present if own and own[-1].new is None else None
    before = held if held is not None else said
    steps = sorted(
        [*((one, True) for one in own), *((one, False) for one in says)], key=lambda two: two[0].at
    )
    for at, found in groupby(steps, key=lambda two: two[0].at):
        author = None
        for step, is_own in found:
            author = step.author
            held, said = (step.new, said) if is_own else (held, step.new)
        after = held if held is not None else said
        if after != before:
            yield Change(at, name, before, after, by=author)
        before = after


def _when(step: tuple[Step, bool]) -> Instant:
    return step[0].at
