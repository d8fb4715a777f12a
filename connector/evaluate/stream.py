"""Records in a stream, batch after batch, so that a file of any size is evaluated in bounded memory.

Where records come from and where results go is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from connector.evaluate.arrays import NONE
from connector.evaluate.columns import Tickets, from_records
from connector.evaluate.engine import Batch, evaluate_batch
from connector.evaluate.masks import Hoursbook
from connector.evaluate.plan import Plan
from connector.model.instant import Instant
from connector.model.record import Record

CHANGES_IN_A_BATCH = 64_000


@dataclass(slots=True)
class Tally:
    """What a stream held: tickets, cycles, records without `opened`, changes later than the instant of
    evaluation (by steps), and repairs of histories by reason."""

    tickets: int = 0
    cycles: int = 0
    without_opened: int = 0
    later: int = 0
    repaired: Counter[str] = field(default_factory=Counter)

    def note(self, batch: Batch) -> None:
        """Count what a batch held."""
        self.tickets += len(batch.frame.tickets)
        self.cycles += sum(len(measured.cycles) for measured in batch.measured)
        self.without_opened += int((batch.frame.tickets.opened == NONE).sum())
        steps = batch.frame.steps
        self.later += int(steps.count.sum() - steps.live.sum())
        for reason, counts in batch.frame.repairs.items():
            self.repaired[reason] += int(counts.sum())

    def add(self, other: Tally) -> None:
        """Count what another stream held too."""
        self.tickets += other.tickets
        self.cycles += other.cycles
        self.without_opened += other.without_opened
        self.later += other.later
        self.repaired += other.repaired


def evaluate_records(
    plan: Plan, records: Iterable[Record], at: Instant, names: Mapping[str, str], tally: Tally
) -> Iterator[Batch]:
    """Every batch of *records*, evaluated as of *at*; *names* are those of references by id."""
    columns = (from_records(part, plan.fields, names) for part in in_batches(records))
    yield from evaluate_columns(plan, columns, at, tally, Hoursbook(plan.calendars))


def evaluate_columns(
    plan: Plan, batches: Iterable[Tickets], at: Instant, tally: Tally, hoursbook: Hoursbook
) -> Iterator[Batch]:
    """As `evaluate_records`, for records that are columns already."""
    for tickets in batches:
        now = np.full(len(tickets), at, np.int64)
        batch = evaluate_batch(plan, tickets, now, hoursbook, full=False)
        tally.note(batch)
        yield batch


def in_batches(records: Iterable[Record], changes: int = CHANGES_IN_A_BATCH) -> Iterator[list[Record]]:
    """*records* in runs of about so many steps; a ticket is never split, a very long one is alone."""
    run: list[Record] = []
    size = 0
    for record in records:
        steps = len(record.changes) + 1
        if run and size + steps > changes:
            yield run
            run, size = [], 0
        run.append(record)
        size += steps
    if run:
        yield run
