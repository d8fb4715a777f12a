"""All cycles of some tickets, in the engine's own words, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from connector.model.cycle import Cycle, Moment, State, TicketId
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Reference
from connector.rules.rulebook import Agreement, Rulebook
from tests.oracle.clock import Clock
from tests.oracle.conditions import holds
from tests.oracle.cycle import Running, figures, lines_crossed
from tests.oracle.history import View, at_event, steps


def evaluate(
    records: Sequence[Record],
    book: Rulebook,
    *,
    at: int | Mapping[str, int],
    kinds: Mapping[str, Kind],
    every: bool = False,
) -> list[Cycle]:
    """Every cycle of every ticket as of *at*, in order of ticket, agreement, target and number."""
    found: list[Cycle] = []
    names = names_of_references(records)
    for record in records:
        instant, kind = (at if isinstance(at, int) else at[record.source]), kinds.get(record.kind)
        found += cycles_of(looked_up(record, names, kind), book, instant, kind, every=every)
    return found


def names_of_references(records: Sequence[Record]) -> dict[str, Reference]:
    """By id, every reference that comes with its name. Reading: in whatever field or ticket it does."""
    values = [value for record in records for value in record.fields.values()]
    values += [value for record in records for change in record.changes for value in (change.old, change.new)]
    return {value.id: value for value in values if isinstance(value, Reference) and value.name}


def looked_up(record: Record, names: Mapping[str, Reference], kind: Kind | None) -> Record:
    """The record with the bare ids of its reference fields looked up."""

    def full(name: str, value: Any) -> Any:
        field = kind.fields.get(name) if kind else None
        is_id = isinstance(value, str) and field is not None and field.type is FieldType.REFERENCE
        return names.get(value, value) if is_id else value

    changes = [replace(c, old=full(c.field, c.old), new=full(c.field, c.new)) for c in record.changes]
    fields = {name: full(name, value) for name, value in record.fields.items()}
    return replace(record, fields=fields, changes=tuple(changes))


def cycles_of(record: Record, book: Rulebook, at: int, kind: Kind | None, *, every: bool) -> Iterator[Cycle]:
    """One ticket's cycles; a record without `opened`, or opened after *at*, has none."""
    views = steps(record, book, kind, at)
    if not views:
        return
    measuring = book.measuring(every=every)
    for name in sorted({agreement.name for agreement in measuring}):
        versions = [agreement for agreement in measuring if agreement.name == name]
        for target in sorted({target for version in versions for target in version.targets}):
            clock = play(book, versions, measuring, target, views, at)
            yield from (as_cycle(record, cycle, views[-1], at) for cycle in clock.cycles)


def play(
    book: Rulebook,
    versions: Sequence[Agreement],
    measuring: Sequence[Agreement],
    target: str,
    views: Sequence[View],
    at: int,
) -> Clock:
    """One target's clock on one ticket. A target that follows another is played after it."""
    clock = Clock(book, versions, measuring, target, views)
    followed = {v.targets[target].after for v in versions if target in v.targets} - {None}
    events: dict[int, set[str]] = {}
    for after in followed:
        assert after is not None
        other = play(book, versions, measuring, after.target, views, at)
        for instant in event_instants(other.cycles, after.event, at):
            # Reading: nothing begins before the opening; an event from before it counts there.
            events.setdefault(max(instant, views[0].at), set()).add(f"{after.target} {after.event}")
    instants = sorted({view.at for view in views} | set(events))
    clock.play([at_event(list(views), instant, frozenset(events.get(instant, ()))) for instant in instants])
    return clock


def event_instants(cycles: Sequence[Running], event: str, at: int) -> Iterator[int]:
    """When another target's event falls, by its figures as they are now.

    Reading: `started` is the starting step, however far back counting begins; `ended` is the end of a met
    or a missed cycle; a breach is at `breached_at`, once it shows.
    """
    for cycle in cycles:
        breached_at = figures(cycle, at).breached_at
        if event == "started":
            yield cycle.origin
        elif event == "breached" and breached_at is not None:
            yield breached_at
        elif cycle.ended is not None and (
            cycle.state == event or (event == "ended" and cycle.state in (State.MET, State.MISSED))
        ):
            yield cycle.ended


def as_cycle(record: Record, cycle: Running, latest: View, at: int) -> Cycle:
    """The cycle with the figures it shows at *at*."""
    shown, warnings = figures(cycle, at), lines_crossed(cycle, at)
    return Cycle(
        ticket=TicketId(record.source, record.kind, record.id, record.key),
        agreement=cycle.agreement.name,
        version=cycle.agreement.version,
        target=cycle.target.name,
        number=cycle.number,
        origin=cycle.origin,
        state=cycle.state,
        started=cycle.started,
        ended=cycle.ended,
        elapsed=shown.elapsed,
        time=shown.time,
        remaining=None if shown.time is None else shown.time - shown.elapsed,
        due=shown.due,
        breached_at=shown.breached_at,
        used=used(shown.elapsed, shown.time),
        excluded=next((row.reason for row in cycle.agreement.exclude if holds(row.when, latest)), None),
        paused=shown.paused,
        warnings=tuple(warnings),
        timeline=timeline(cycle, shown.breached_at, warnings),
        next_at=None,
        entry=cycle.goal.entry.place.short if cycle.goal.entry else "",
        rule_hash=cycle.agreement.hash,
        history=record.history,
    )


def used(elapsed: int, time: int | None) -> float | None:
    """The share of the time, cut to four decimals; none of no time."""
    return None if not time else int(Fraction(elapsed, time) * 10_000) / 10_000


def timeline(cycle: Running, breached_at: int | None, warnings: list[Moment]) -> tuple[Moment, ...]:
    """What happened to the cycle, its breach and the lines it crossed, in order."""
    breach = [Moment(breached_at, "breached")] if breached_at is not None else []
    return tuple(sorted([*cycle.timeline, *breach, *warnings], key=lambda moment: moment.at))
