"""Gather a report from the store: the cycles of an agreement, where their tickets are, and who had no clock.

Reads only. What is counted, and how, is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from connector.errors import AccordError
from connector.evaluate import evaluate
from connector.evaluate.judge import holds
from connector.evaluate.objectives import Fact, Judge
from connector.evaluate.opentime import open_time
from connector.evaluate.periods import Rhythm, Span, per_of
from connector.model.cycle import TicketId
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Record, Value
from connector.report.contents import Coverage, Report, needed_since, report
from connector.report.reasons import causes_of
from connector.rules.rulebook import Agreement, Condition, FieldZone, Rulebook
from connector.store import Store, Transaction, cycles, evidence, sources, tickets
from connector.yamldoc import suggest


@dataclass(frozen=True, slots=True)
class Gathering:
    """Where reports are gathered from."""

    store: Store
    book: Rulebook
    kinds: Mapping[str, Kind]


def gather(source: Gathering, *, agreement: str | None, period: str | None) -> list[Report]:
    """The reports on *period* (default: the last month that has ended) of one or all agreements, by name.

    AccordError where there is no such agreement, where *period* is no period or has not begun, and where
    nothing was read yet.
    """
    chosen = _versions(source.book, agreement)
    with source.store.read() as tx:
        at = known_until(tx)
        found = [
            made
            for versions in chosen
            if (made := _report(tx, source, versions, span_of(versions[-1], period, at), at)) is not None
        ]
    if not found:
        raise AccordError(
            f"no agreement was in force in {period or 'the last month'}", hint="see `accord status`"
        )
    return found


def known_until(tx: Transaction) -> Instant:
    """The instant up to which every source's truth is known."""
    watermarks = [one.watermark for one in sources.every(tx)]
    known = [at for at in watermarks if at is not None]
    if not known or len(known) < len(watermarks):
        raise AccordError("the store does not know a whole source yet", hint="run `accord sync` first")
    return min(known)


def span_of(agreement: Agreement, period: str | None, at: Instant) -> Span:
    """The span that *period* names in the agreement's zone; without one the last month ended by *at*."""
    if period is None:
        monthly = Rhythm("month", agreement.timezone)
        return monthly.before(monthly.containing(at), 1)[0]
    per = per_of(period)
    if per is not None:
        return _begun(Rhythm(per, agreement.timezone), period, at)
    raise AccordError(f"{period!r} is no period", hint="write 2026-10, 2026-Q4, 2026-W40, 2026 or 2026-10-05")


def _begun(rhythm: Rhythm, period: str, at: Instant) -> Span:
    try:
        span = rhythm.named(period)
    except ValueError as error:
        raise AccordError(str(error)) from None
    if span.start > at:
        raise AccordError(f"the period {period} had not begun when the store was last brought up to date")
    return span


def _versions(book: Rulebook, name: str | None) -> list[list[Agreement]]:
    """All versions of each agreement that measures, or of the one called *name*."""
    measuring = sorted(book.measuring(), key=lambda one: (one.name, one.version))
    found = [list(group) for _, group in groupby(measuring, key=lambda one: one.name)]
    if name is not None:
        known = [versions[0].name for versions in found]
        found = [versions for versions in found if versions[0].name == name]
        if not found:
            hint = suggest(name, known) or f"enacted ones: {', '.join(known) or 'none'}"
            raise AccordError(f"there is no enacted agreement {name!r}", hint=hint)
    if not found:
        raise AccordError("the rules hold no enacted agreement", hint="see `accord validate`")
    return found


def _report(
    tx: Transaction, source: Gathering, versions: Sequence[Agreement], span: Span, at: Instant
) -> Report | None:
    name, newest = versions[0].name, versions[-1]
    urls = evidence.addresses(tx, name)
    facts = [
        Fact(cycle, values, urls.get((cycle.ticket.source, cycle.ticket.kind, cycle.ticket.id)))
        for cycle, values in cycles.of_agreement(tx, name, since=needed_since(newest, span))
    ]
    coverage = _coverage(tx, source, newest, span, at)
    made = report(versions, facts, span, at, coverage=coverage, judge=_judge(source.book))
    return made and replace(made, causes=causes_of(tx, made, source.book, source.kinds))


def _judge(book: Rulebook) -> Judge:
    """Conditions with their calendars: `where: {opened: {inside: office}}`."""

    def judge(condition: Condition | None, values: Mapping[str, Value]) -> bool:
        def inside(name: str, instant: Instant) -> bool:
            calendar = book.calendars[name]
            zone = calendar.timezone
            named = str(values.get(zone.field) or zone.default) if isinstance(zone, FieldZone) else zone
            return bool(open_time(calendar, named).is_open(np.array([instant]))[0])

        return holds(condition, values, inside)

    return judge


def _coverage(tx: Transaction, source: Gathering, agreement: Agreement, span: Span, at: Instant) -> Coverage:
    without = evidence.without_cycle(tx, agreement.kinds, span.start, span.end)
    uncovered = evaluate(list(_records(tx, without)), source.book, at=at, kinds=source.kinds).coverage[
        "no_agreement"
    ]
    return Coverage(
        tickets=evidence.opened(tx, agreement.kinds, span.start, span.end),
        without_clock=tuple(ticket.key for ticket in without),
        no_agreement=uncovered,
        never_started=len(without) - uncovered,
    )


def _records(tx: Transaction, wanted: Sequence[TicketId]) -> Iterator[Record]:
    in_order = sorted(wanted, key=lambda one: (one.source, one.kind, one.id))
    for (name, kind), group in groupby(in_order, key=lambda one: (one.source, one.kind)):
        yield from tickets.load(tx, name, kind, [one.id for one in group])
