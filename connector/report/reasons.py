"""Find out why the missed cycles of a report were missed.

It is told by the evaluation itself, once more, for those tickets alone; the figures of the report are not
touched. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from connector.evaluate.attribution import CycleKey, attribute
from connector.evaluate.explain import Explanation, explain
from connector.evaluate.picture import bar
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Record
from connector.report.causes import Cause, Causes, key_of
from connector.report.contents import Report
from connector.rules.rulebook import Rulebook
from connector.store import Transaction, sources, tickets

PICTURES = 5  # drawn for one figure, the worst first; a page of hundreds would help nobody
_AT_ONCE = 500  # tickets in memory together


def causes_of(tx: Transaction, report: Report, book: Rulebook, kinds: Mapping[str, Kind]) -> Causes:
    """Why the cycles were missed that *report* names as missed."""
    rows = [row for part in report.parts for row in part.rows]
    missed = {key_of(fact.cycle) for row in rows for fact in row.missed}
    drawn = {key_of(fact.cycle) for row in rows for fact in row.missed[:PICTURES]}
    found: dict[CycleKey, Cause] = {}
    for at, records in _records(tx, {key[0] for key in missed}):
        shares = attribute(records, book, at=at, kinds=kinds)
        found |= {key: Cause(shares[key]) for key in missed & shares.keys()}
        for record in records:
            wanted = {key for key in drawn if key[0] == (record.source, record.kind, record.id)}
            if wanted:
                told = explain(record, book, at=at, kinds=kinds)
                for key, picture in _pictures(told, wanted, report.agreement.timezone):
                    found[key] = Cause(found[key].attribution, picture)
    return Causes(found)


def _records(
    tx: Transaction, wanted: set[tuple[str, str, str]]
) -> Iterator[tuple[Instant, Sequence[Record]]]:
    """The tickets, some at a time, with the instant up to which their source is known."""
    for (name, kind), group in groupby(sorted(wanted), key=lambda one: one[:2]):
        source = sources.get(tx, name)
        if source is None or source.watermark is None:
            continue
        ids = [each[2] for each in group]
        for begin in range(0, len(ids), _AT_ONCE):
            yield source.watermark, tickets.load(tx, name, kind, ids[begin : begin + _AT_ONCE])


def _pictures(told: Explanation, wanted: set[CycleKey], zone: str) -> Iterator[tuple[CycleKey, str]]:
    for clock in told.clocks:
        for each in clock.cycles:
            if key_of(each.cycle) in wanted:
                yield key_of(each.cycle), bar(each, zone)
