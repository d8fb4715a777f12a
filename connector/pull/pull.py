"""One source's pull, from login to watermark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.config import PullConfig
from connector.model.instant import HOUR, Instant, Millis
from connector.model.kind import Kind
from connector.platforms.port import Platform
from connector.pull.again import Again
from connector.pull.full import compare
from connector.pull.keep import Keeper, Tally
from connector.pull.lane import Reader
from connector.pull.reading import Span
from connector.pull.stop import Stop
from connector.pull.sweep import sweep
from connector.store import Store, sources, sweeps
from connector.world import World


@dataclass(slots=True)
class Pulled:
    """What a run has read of a source. *watermark* is None until everything was read once."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    watermark: Instant | None = None
    is_complete: bool = False
    skew: Millis = 0


def pull(
    store: Store,
    platform: Platform,
    kinds: Sequence[Kind],
    settings: PullConfig,
    world: World,
    stop: Stop,
    *,
    run: int,
    full: bool = False,
    latest: Instant | None = None,
) -> Pulled:
    """Bring the store up to what the platform tells now; *full* also compares all ids. *latest*: the present
    that a rehearsal has set.

    Whenever it is stopped or killed, what is stored by then is where the next one goes on. Raises
    NotReachable or NotAllowed where the platform cannot be read.
    """
    now = world.now()
    pulled = Pulled({kind.name: Tally(kind.name) for kind in kinds})
    span = Span(settings.overlap_ms, settings.lag_ms)
    keepers = _keepers(platform.source, kinds, pulled, run, now, span)
    learned = _prepare(store, platform, kinds, now)
    pulled.skew = _note_skew(store, platform)
    with world.executor(_threads(settings)) as pool:
        again = Again(store, platform, keepers, pool, span, stop, latest)
        again.read_nudged()
        pulled.is_complete = sweep(store, Reader(platform, pool, latest), list(keepers.values()), span, stop)
        if full and pulled.is_complete:
            compare(store, platform, again)
        watermark = _watermark(store, platform.source, keepers, settings.lag_ms, now)
        if watermark is not None:
            again.read_unsettled(watermark)
        pulled.watermark = _finish(store, platform.source, watermark, learned, stop)
    return pulled


@dataclass(frozen=True, slots=True)
class Nudged:
    """What was read since somebody asked for it: ids by kind, all later than *as_of*."""

    pulled: Pulled
    ids: Mapping[str, Sequence[str]]
    as_of: Instant


def pull_nudged(
    store: Store,
    platform: Platform,
    kinds: Sequence[Kind],
    settings: PullConfig,
    world: World,
    stop: Stop,
    *,
    run: int,
) -> Nudged:
    """Read the tickets that the inbox names, and nothing else: no cursor and no watermark moves.

    Raises NotReachable or NotAllowed where the platform cannot be read; the nudges stay then.
    """
    now = world.now()
    pulled = Pulled({kind.name: Tally(kind.name) for kind in kinds})
    span = Span(settings.overlap_ms, settings.lag_ms)
    keepers = _keepers(platform.source, kinds, pulled, run, now, span)
    learned = _prepare(store, platform, kinds, now)
    as_of = min(world.now(), platform.now())
    with world.executor(settings.workers) as pool:
        ids = Again(store, platform, keepers, pool, span, stop).read_nudged()
    with store.begin() as tx:
        sources.note(tx, platform.source, learned=learned.words, learned_at=learned.at)
    return Nudged(pulled, ids, as_of)


def _keepers(
    source: str, kinds: Sequence[Kind], pulled: Pulled, run: int, now: Instant, span: Span
) -> dict[str, Keeper]:
    measured = tuple(kind.name for kind in kinds if kind.is_ticket)
    return {
        kind.name: Keeper(source, kind, run, now, span, pulled.kinds[kind.name], measured) for kind in kinds
    }


def _threads(settings: PullConfig) -> int:
    """One more than may ask at once, which the governor sees to: it works through what came while the others
    wait for the network."""
    return settings.workers + 1


@dataclass(frozen=True, slots=True)
class Learned:
    """What was found out of the platform, and when: it serves for an hour, unless a pull fails meanwhile."""

    words: str
    at: Instant


def _prepare(store: Store, platform: Platform, kinds: Sequence[Kind], now: Instant) -> Learned:
    """Make sure that everything is there that will be asked for. What was learned is noted again only by a
    pull that comes to its end."""
    with store.begin() as tx:
        known = sources.get(tx, platform.source)
        sources.note(tx, platform.source, learned=None)
    names = [kind.name for kind in kinds]
    if known is not None and known.learned is not None and 0 <= now - known.learned_at < HOUR:
        return Learned(platform.prepare(names, known.learned), known.learned_at)
    return Learned(platform.prepare(names), now)


def _note_skew(store: Store, platform: Platform) -> Millis:
    """How far the platform's clock is ahead of ours, whatever present a rehearsal sets."""
    skew = platform.now() - store.world.now()
    with store.begin() as tx:
        sources.note(tx, platform.source, skew=skew)
    return skew


def _watermark(
    store: Store, source: str, keepers: Mapping[str, Keeper], lag: Millis, now: Instant
) -> Instant | None:
    """Up to when the source's truth is known: never a time that the pull has not seen of every kind."""
    with store.read() as tx:
        complete = [sweeps.get(tx, source, kind).complete_at for kind in keepers]
        known = sources.get(tx, source)
    seen = [at for at in complete if at is not None]
    if len(seen) < len(complete):
        return None
    watermark = min([now, *seen]) - lag
    before = known.watermark if known is not None else None
    return watermark if before is None else max(watermark, before)


def _finish(
    store: Store, source: str, watermark: Instant | None, learned: Learned, stop: Stop
) -> Instant | None:
    """Where the watermark stands now: nothing is announced as of one whose tickets could not all be read
    again."""
    with store.begin() as tx:
        sources.note(tx, source, learned=learned.words, learned_at=learned.at)
        if watermark is not None and not stop.is_asked:
            sources.move_watermark(tx, source, watermark)
        known = sources.get(tx, source)
    return known.watermark if known is not None else None
