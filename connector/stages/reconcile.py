"""Reconciling: pull what is new, the platform's own cycles too, then lay Accord's clocks beside them.

Nothing is written to the platform, nothing is announced, and no cycle in the store is touched: both sides are
worked out anew as of the source's watermark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.authoring.reconcile.matching import Match, matching
from connector.authoring.reconcile.pairs import Pair, Theirs, pairs
from connector.authoring.reconcile.reasons import Bench, Case, reasons
from connector.authoring.reconcile.sheets import Listing, Row
from connector.errors import AccordError
from connector.evaluate import evaluate
from connector.evaluate.lent import taken
from connector.evaluate.periods import Span
from connector.model.cycle import Cycle
from connector.model.instant import MINUTE, Instant, Millis
from connector.model.platformcycle import KIND, PlatformCycle, in_turn, platform_cycle, same_name
from connector.model.record import Record
from connector.platforms.port import Platform
from connector.platforms.registry import open_platform
from connector.pull.pull import pull
from connector.pull.stop import Stop
from connector.report.gather import span_of
from connector.site import Site
from connector.stages.borrowed import read
from connector.stages.source import Source, meet
from connector.store import Store, belonging, open_store, runs, tickets
from connector.world import World

BATCH = 2_000  # tickets at once
TOLERANCE: Millis = MINUTE


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be reconciled; empty: everything."""

    sources: tuple[str, ...] = ()
    agreement: str | None = None
    target: str | None = None
    period: str | None = None
    tolerance: Millis = TOLERANCE


@dataclass(frozen=True, slots=True)
class _Job:
    """One source's comparison: what is laid beside what, and where it is written down."""

    asked: Asked
    matches: Sequence[Match]
    found: Listing


def reconcile(world: World, site: Site, asked: Asked, stop: Stop) -> list[Listing]:
    """Every source asked for, one after another.

    Raises AccordError where nothing could be compared, NotReachable or NotAllowed where a platform cannot be
    read.
    """
    store = open_store(site.config.store, world)
    try:
        found = [_of_source(store, site, name, asked, stop) for name in asked.sources or site.config.sources]
    finally:
        store.close()
    if not any(one.is_matched for one in found):
        lacks = [f"\n  {lack}" for one in found for lack in one.lacks]
        why = "".join(lacks) or " no enacted agreement has a clock of its own"
        raise AccordError(f"nothing can be compared:{why}\n  see docs/reconcile.md")
    return found


def _of_source(store: Store, site: Site, name: str, asked: Asked, stop: Stop) -> Listing:
    settings, catalogue = site.config.sources[name], site.catalogues[name]
    if KIND not in catalogue.records or not catalogue.records[KIND].fields:
        raise AccordError(
            f"the mapping of {name} does not say where the platform's own cycles stand",
            hint=f"add {KIND}.yaml to it",
        )
    platform = open_platform(settings, catalogue, store.world)
    source = Source(site.config, settings, catalogue, site.book, platform, store.world.now(), (KIND,))
    with store.leased(name) as held:
        at = _pulled(held, source, stop)
        with held.read() as tx:
            seen = {cycle.name for cycle in map(platform_cycle, belonging.every(tx, name, KIND)) if cycle}
        names = _names(platform, seen)
        matched = matching(site.book, names, asked.agreement, asked.target)
        found = Listing(name, at, [str(lack) for lack in matched.lacks], is_matched=bool(matched.matches))
        _compare(held, source, _Job(asked, matched.matches, found), stop)
    return found


def _pulled(store: Store, source: Source, stop: Stop) -> Instant:
    """Bring the store up to what the platform tells now; the instant up to which it is known."""
    meet(store, source)
    with store.read() as tx:
        last = runs.last(tx, 1)
    number, now = last[0].id if last else 0, source.now
    world = replace(store.world, now=lambda: now)
    pulled = pull(store, source.platform, source.kinds, source.settings.pull, world, stop, run=number)
    if stop.is_asked:
        raise KeyboardInterrupt
    if pulled.watermark is None or not pulled.is_complete:
        raise AccordError(
            f"{source.name} was not read to its end", hint="run `accord sync`, then reconcile again"
        )
    return pulled.watermark


def _names(platform: Platform, seen: set[str]) -> list[str]:
    """The platform's SLAs by name: those it has defined, as far as it lets us read that, and those seen."""
    try:
        return sorted(seen | set(platform.sla_names()))
    except AccordError:  # without that right, those seen must do
        if not seen:
            raise
    return sorted(seen)


def _compare(store: Store, source: Source, job: _Job, stop: Stop) -> None:
    kinds = sorted({kind for match in job.matches for kind in match.kinds})
    for kind in kinds:
        with store.read() as tx:
            ids = sorted(id_ for id_, frozen in tickets.ids(tx, source.name, kind).items() if frozen is None)
        for start in range(0, len(ids), BATCH):
            if stop.is_asked:
                raise KeyboardInterrupt
            with store.read() as tx:
                part = ids[start : start + BATCH]
                records = tickets.load(tx, source.name, kind, part)
                kept = belonging.of_tickets(tx, source.name, KIND, part)
            told = {id_: read(cycles) for id_, cycles in kept.items()}
            _of_records(source, job, records, told)


def _of_records(
    source: Source, job: _Job, records: Sequence[Record], told: Mapping[str, Sequence[PlatformCycle]]
) -> None:
    """Compare the tickets *records*, all of one kind; what changed after the watermark waits."""
    found = job.found
    steady = {one.id: one for one in records if _last_change(one) <= found.at}
    found.moving += len(records) - len(steady)
    bench = Bench(source.book, source.catalogue.kinds, steady, found.at, job.asked.tolerance)
    cases = list(_cases(bench, job, told))
    for case in cases:
        where = case.where[1:]
        differing = bench.differing(case)
        found.compared[where] += len(case.pairs)
        found.agreeing[where] += len(case.pairs) - len(differing)
    for one in reasons(bench, cases):
        record = steady[one.where[0]]
        found.rows.append(Row(record.key, record.kind, record.url, one))
    found.rows.sort(key=lambda row: (row.difference.where[1:], row.key))


def _last_change(record: Record) -> Instant:
    return record.changes[-1].at if record.changes else 0


def _cases(bench: Bench, job: _Job, told: Mapping[str, Sequence[PlatformCycle]]) -> Iterator[Case]:
    asked, found = job.asked, job.found
    evaluation = evaluate(list(bench.records.values()), bench.book, at=bench.at, kinds=bench.kinds)
    ours: dict[tuple[str, str, str], list[Cycle]] = {}
    for cycle in evaluation.cycles():
        ours.setdefault((cycle.ticket.id, cycle.agreement, cycle.target), []).append(cycle)
    covered = evaluation.covered()
    for match in job.matches:
        span = None if asked.period is None else span_of(match.versions[-1], asked.period, found.at)
        for id_, record in bench.records.items():
            theirs = _theirs(told.get(id_, ()), match, found.at)
            if record.kind not in match.kinds or (match.agreement, id_) not in covered:
                found.outside += bool(theirs) and record.kind in match.kinds
                continue
            mine = ours.get((id_, match.agreement, match.target), [])
            both = [one for one in pairs(mine, theirs, found.at) if _falls_into(one, span)]
            if both:
                yield Case((id_, match.agreement, match.target), tuple(theirs), tuple(both))


def _theirs(told: Sequence[PlatformCycle], match: Match, at: Instant) -> list[Theirs]:
    """The platform's cycles of the SLAs that belong to a target, as of *at*."""
    found: list[Theirs] = []
    for name in match.names:
        own = [one for one in told if same_name(one.name, name) and one.started <= at]
        found += [Theirs(origin, taken(one, at, None)) for origin, one in in_turn(own) if origin <= at]
    return found


def _falls_into(pair: Pair, span: Span | None) -> bool:
    """Whether one of the two was open at some time of the period."""
    if span is None:
        return True
    sides = [(pair.ours.started, pair.ours.ended)] if pair.ours is not None else []
    if pair.theirs is not None:
        sides.append((pair.theirs.started, pair.theirs.lent.ended))
    return any(start < span.end and (end is None or end >= span.start) for start, end in sides)
