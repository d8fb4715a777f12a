"""One source of a run: what is configured for it, what the store knows of it, and what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.channels import Channel, open_channels
from connector.config import Config, SourceConfig
from connector.mappings.catalogue import Catalogue, RecordMapping, WriteMapping
from connector.model.effect import Held, Output
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.platformcycle import KIND
from connector.platforms.port import Platform
from connector.rules.enacted import canonical, digest
from connector.rules.rulebook import Rulebook
from connector.store import Store, Transaction, backfills, desired, queues, sources, sweeps, tickets
from connector.store import text as texts
from connector.world import World

VALUES = (str(Output.ACHIEVEMENT), str(Output.FIELDS))
MAPPING_CHANGED = "another mapping"


@dataclass(frozen=True, slots=True)
class Source:
    """What a run works with at one source. *now* is the run's present, which a rehearsal may set; *also* are
    kinds to read besides those that the rules ask for."""

    config: Config
    settings: SourceConfig
    catalogue: Catalogue
    book: Rulebook
    platform: Platform
    now: Instant
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds to read: those that agreements measure, or count in an objective, and the mapping
        knows; the platform's own cycles only where a target takes them."""
        wanted = set(self.also)
        for agreement in self.book.measuring():
            wanted |= set(agreement.kinds)
            wanted |= {KIND for target in agreement.targets.values() if target.measured_by is not None}
            wanted |= {
                kind for one in agreement.objectives.values() for kind in one.settings.get("record", ())
            }
        readable = {name for name, record in self.catalogue.records.items() if record.fields}
        return [self.catalogue.kinds[name] for name in sorted(wanted & readable)]

    def is_on(self, output: str) -> bool:
        """Whether effects of that name are sent."""
        return self.settings.switch(output) == "on"

    @property
    def ticket_kinds(self) -> Sequence[str]:
        """The kinds that clocks run on, whether agreements measure them now or did so once."""
        return [name for name, kind in self.catalogue.kinds.items() if kind.is_ticket]


def channels(source: Source, world: World) -> Mapping[str, Channel]:
    """The ways out: the platform itself, and what notices may take."""
    return open_channels(source.config.notify, source.platform, world)


def meet(store: Store, source: Source) -> None:
    """Enter a source into the store, and act on what has changed since the last run: another mapping has
    every record read anew, other rules have every ticket evaluated anew, and an output that was switched on
    has decided anew what waited for it. None announces anything of the past."""
    mapping = mapping_hashes(source.catalogue, [kind.name for kind in source.kinds])
    with store.begin() as tx:
        known = sources.meet(tx, source.name, source.platform.instance, source.now)
        before: Mapping[str, str] = texts.load(known.mapping) if known.mapping else {}
        changed = [kind for kind, read_by in mapping.items() if before.get(kind, read_by) != read_by]
        if changed:
            _read_anew(tx, known, changed)
        if known.judging not in (None, source.book.hash):
            counts = tickets.counts(tx, source.name)
            total = sum(counts.get(kind, 0) for kind in source.ticket_kinds)
            why = "rules, calendars or packages have changed"
            backfills.begin(tx, source.name, why, source.book.hash, total, source.now)
        queues.switch_off(tx, source.name, source.is_on)
        _decide_anew(tx, source, Held.SWITCHED, source.is_on)
        noted = texts.dump({**before, **mapping})
        sources.note(tx, source.name, mapping=noted, judging=source.book.hash)


def find_places(store: Store, source: Source) -> None:
    """Have decided anew what waited for a place on the platform that is there by now."""
    placeless = source.platform.placeless()
    with store.begin() as tx:
        _decide_anew(tx, source, Held.PLACELESS, lambda name: name not in placeless)


def _decide_anew(tx: Transaction, source: Source, why: Held, may_go: Callable[[str], bool]) -> None:
    """Mark the tickets whose values were held because of *why*, as far as those may go by now. Those of a
    closed ticket stay where they are."""
    found: dict[str, list[str]] = {}
    names = [name for name in VALUES if may_go(name)]
    for ticket in desired.reconsider(tx, source.name, names, why, Held.CLOSED):
        found.setdefault(ticket.kind, []).append(ticket.id)
    for kind, ids in found.items():
        tickets.mark(tx, source.name, kind, ids)


def _read_anew(tx: Transaction, known: sources.Source, kinds: Sequence[str]) -> None:
    for kind in kinds:
        sweeps.forget(tx, known.name, kind)
        tickets.forget_reading(tx, known.name, kind)
    start = known.start if known.watermark is None else max(known.start, known.watermark)
    judged = None if known.judged is None else MAPPING_CHANGED
    sources.note(tx, known.name, start=start, judged=judged, learned=None)


def why_cautious(known: sources.Source, book: Rulebook) -> Held | None:
    """Why many acts at once would be nobody's intention yet: until everything was evaluated once with the
    rules as they are."""
    if known.judged == book.hash:
        return None
    return Held.FIRST_CONTACT if known.judged is None else Held.CHANGE


def start_of(known: sources.Source, config: Config) -> Instant:
    """No act for an event before this."""
    return known.start if config.start is None else max(known.start, config.start)


def mapping_hashes(catalogue: Catalogue, kinds: Sequence[str]) -> dict[str, str]:
    """By kind, what tells whether its records would be read otherwise: the mapping of what is read,
    wherever it is written."""
    return {kind: digest(canonical(_reading(catalogue.records[kind]))) for kind in sorted(kinds)}


def _reading(mapping: RecordMapping) -> RecordMapping:
    return replace(mapping, places={}, write=WriteMapping(), provision=None, optional=None)
