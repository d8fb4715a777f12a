"""A whole random case: rules, tickets of one week, and when to look at them; and the two who judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import note
from hypothesis import strategies as st

import connector.evaluate
from connector.model.cycle import Cycle
from connector.model.instant import HOUR, Instant
from connector.model.record import Change, Record
from connector.rules.rulebook import Entry, FieldDue, FieldTime, OpenTime, Rulebook, Target
from tests.oracle import evaluation, given
from tests.properties.calendars import WEEKS
from tests.properties.rulebooks import rulebooks
from tests.properties.telling import brief, show
from tests.properties.tickets import presents, tickets

Evaluator = Callable[[Sequence[Record], Rulebook, Instant], list[Cycle]]


@dataclass(frozen=True)
class Story:
    """What is given to an evaluator; printed without noise when an example fails."""

    book: Rulebook
    tickets: tuple[Record, ...]
    at: Instant

    def __repr__(self) -> str:
        return "\n".join(
            [
                "",
                *(f"  {brief(calendar)}" for calendar in self.book.calendars.values()),
                *(f"  {brief(agreement)}" for agreement in self.book.agreements),
                *(f"  {brief(ticket)}" for ticket in self.tickets),
                f"  at {show(self.at)}",
            ]
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis prints it."""
        printer.text(repr(self))


weeks = st.sampled_from(WEEKS)


@st.composite
def stories(draw: st.DrawFn, *, most: int = 2, dirty: bool = True) -> Story:
    """Up to *most* tickets under one rulebook."""
    week = draw(weeks)
    book = draw(rulebooks(week))
    count = draw(st.integers(1, most)) if most > 1 else 1
    found = tuple(draw(tickets(week, key=f"INC{n + 1}", dirty=dirty)) for n in range(count))
    return Story(book, found, draw(presents(found[0])))


def oracle(records: Sequence[Record], book: Rulebook, at: Instant) -> list[Cycle]:
    """The slow evaluator."""
    return evaluation.evaluate(records, book, at=at, kinds=given.KINDS)


def engine(records: Sequence[Record], book: Rulebook, at: Instant, *, batch_size: int = 1_000) -> list[Cycle]:
    """The product."""
    evaluated = connector.evaluate.evaluate(records, book, at=at, kinds=given.KINDS, batch_size=batch_size)
    return list(evaluated.cycles())


# ---------------------------------------------------------------------------------- simpler rules


def with_one_entry(book: Rulebook) -> Rulebook:
    """The same rules where nothing about a goal can change while a cycle lives: what the rules promise to be
    known once is then known for good."""
    calendars = {name: replace(c, timezone=zone_of(c.timezone)) for name, c in book.calendars.items()}
    agreements = [replace(one, targets=fixed(one.targets)) for one in book.agreements]
    return replace(book, agreements=tuple(agreements), calendars=calendars)


def fixed(targets: Mapping[str, Target]) -> dict[str, Target]:
    """Those that stand alone, each with one entry that no field of the ticket touches."""
    return {
        name: replace(target, entries=(fixed_entry(target.entries[-1]),))
        for name, target in targets.items()
        if target.after is None and target.entries and target.measure == "cycle"
    }


def fixed_entry(entry: Entry) -> Entry:
    is_stated = isinstance(entry.time, (FieldTime, FieldDue))  # in the ticket
    time = OpenTime(4 * HOUR, "4h") if is_stated else entry.time
    return replace(entry, when=given.all_of(), time=time)


def zone_of(zone: object) -> str:
    return zone if isinstance(zone, str) else str(getattr(zone, "default", "UTC"))


def known_at(record: Record, instant: Instant) -> Record:
    """The record as it was read at *instant*: what came later is not yet known."""
    fields = dict(record.fields)
    for change in reversed(record.changes):
        if change.at > instant:
            fields[change.field] = change.old
    return replace(record, fields=fields, changes=tuple(c for c in record.changes if c.at <= instant))


def with_a_change_of_nothing(record: Record, instant: Instant) -> Record:
    """The same ticket with a step at *instant* at which nothing that matters changed."""
    idle = Change(instant, "title", None, None, seq=99)
    changes = sorted([*record.changes, idle], key=lambda change: (change.at, change.seq))
    return replace(record, changes=tuple(changes))


def tell(book: Rulebook) -> None:
    """Print what a law made of the rules."""
    for agreement in book.agreements:
        note(brief(agreement))
