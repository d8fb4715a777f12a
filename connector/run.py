"""One run: pull, evaluate and decide, deliver. The stages from left to right; what each does is in its
folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connector.decide import Wording, load_wording
from connector.deliver import deliver, pace, pace_among
from connector.errors import EXIT_ACTS_LEFT, EXIT_PLATFORM, AccordError, scrub
from connector.log import about, get_logger
from connector.model.effect import Held
from connector.model.instant import Instant, Millis
from connector.platforms.registry import open_platform
from connector.pull.pull import pull, pull_nudged
from connector.pull.stop import Stop
from connector.site import Site
from connector.stages import ownslas
from connector.stages.counted import Counter, counting
from connector.stages.enacted import note_versions, refuse_changed_versions
from connector.stages.heartbeat import beat
from connector.stages.judge import judge, judge_at_once
from connector.stages.plan import Plan, gather
from connector.stages.present import note_present, present
from connector.stages.source import Source, channels, find_places, meet
from connector.stages.summary import SourceSummary, Summary
from connector.store import Store, aside, backlog, inbox, open_store, runs, sources, tickets
from connector.store.throwaway import throwaway
from connector.world import World

log = get_logger()

Work = Callable[[Store, Source, SourceSummary], None]  # on a store under the source's lease


@dataclass(frozen=True, slots=True)
class Options:
    """How a run differs from the ordinary. *sources*: only these (empty: all). *now* rehearses; *allow*
    lets that many acts go that are held at first contact or after a change. *serving_since*: a service
    runs, and leaves a sign of life."""

    sources: tuple[str, ...] = ()
    full: bool = False
    max_time: Millis | None = None
    allow: int | None = None
    now: Instant | None = None
    serving_since: Instant | None = None


def sync(world: World, site: Site, options: Options = Options(), stop: Stop | None = None) -> Summary:
    """One run of all sources. One that fails does not keep the others from theirs.

    Raises Wrong, before anything is read or written, where an enacted version says something else than
    before.
    """
    store = open_store(site.config.store, world)
    try:
        return run(store, site, options, stop or Stop(world), sends=True)
    finally:
        store.close()


def plan(world: World, site: Site, options: Options = Options(), stop: Stop | None = None) -> Plan:
    """What `sync` would do now: the same stages on a throw-away copy of the store, stopping before anything
    is delivered. Neither the platform nor the store is written to."""
    with throwaway(site.config.store, world) as copy:
        return gather(copy, run(copy, site, options, stop or Stop(world), sends=False))


def run(store: Store, site: Site, options: Options, stop: Stop, *, sends: bool) -> Summary:
    """A run on an open *store*; without *sends* it stops before anything would be delivered."""
    world = store.world
    now = present(store, options.now)
    refuse_changed_versions(store, site.book, now)
    if options.max_time is not None:
        stop.deadline = world.monotonic() + options.max_time / 1000
    names = options.sources or tuple(site.config.sources)
    with store.begin() as tx:
        number = runs.begin(tx, names, now)
        note_present(tx, now, is_rehearsed=options.now is not None)
    note_versions(store, site.book, now)
    summary = Summary(number, now, warnings=[str(problem) for problem in site.book.warnings])
    wording = load_wording(site.texts)

    def work(held: Store, source: Source, told: SourceSummary) -> None:
        _stages(held, source, options, stop, number, told, wording, sends=sends)

    for name in names:
        if stop.interrupted:
            break
        with about(run=str(number), source=name):
            summarised = options.serving_since is None
            summary.sources.append(_of_source(store, site, name, now, work, summarised=summarised))
    if all(one.slas is not None for one in summary.sources) and len(summary.sources) == len(
        site.config.sources
    ):
        known = {one.source: one.slas or () for one in summary.sources}
        summary.warnings = [*summary.warnings, *ownslas.lacking(site.book, known)]
    summary.stopped = "interrupted" if stop.interrupted else "out of time" if stop.is_late else None
    with store.begin() as tx:
        runs.end(tx, number, world.now(), summary.as_json(), summary.exit_code)
    return summary


def run_nudged(store: Store, site: Site, room: Mapping[str, int], stop: Stop) -> list[SourceSummary]:
    """Read the tickets that the inbox names, and do what follows for them alone, as of the start of that
    reading. Belongs to the run before it; what a source cannot take yet (it was never read whole) is left to
    the next.

    *room*: the sources that may be asked, and how many acts each may do.
    """
    with store.read() as tx:
        known = {source.name for source in sources.every(tx) if source.watermark is not None}
        names = [name for name in room if name in known and inbox.waiting(tx, name)]
        number = runs.last(tx, 1)[0].id if names else 0

    def work(held: Store, source: Source, told: SourceSummary) -> None:
        _nudged(held, source, stop, number, room[source.name], told, load_wording(site.texts))

    told = []
    for name in names:
        with about(run=str(number), source=name):
            told.append(_of_source(store, site, name, store.world.now(), work))
    return told


def _of_source(
    store: Store, site: Site, name: str, now: Instant, work: Work, *, summarised: bool = False
) -> SourceSummary:
    """What *work* does at one source; what ends it early is told in its summary, which somebody is shown at
    the end (*summarised*) or not."""
    summary = SourceSummary(name)
    world, counter = counting(store.world)
    try:
        settings, catalogue = site.config.sources[name], site.catalogues[name]
        platform = open_platform(settings, catalogue, world)
        source = Source(site.config, settings, catalogue, site.book, platform, now)
        with store.leased(name) as held:
            work(held, source, summary)
    except AccordError as error:
        summary.failed, summary.exit_code = str(error), error.exit_code
        log.error("run.source_failed", why=str(error), summarised=summarised)
    except Exception as error:  # one source's mishap must not keep the others from their run
        summary.failed, summary.exit_code = internal(error), EXIT_PLATFORM
        log.exception("run.internal_error")
    _sum_up(store, summary, counter)
    return summary


def _stages(
    store: Store,
    source: Source,
    options: Options,
    stop: Stop,
    run: int,
    summary: SourceSummary,
    wording: Wording,
    *,
    sends: bool,
) -> None:
    """The way through the system, left to right."""
    world, name, settings = store.world, source.name, source.settings
    meet(store, source)
    with _timed(world, summary, "pull"):
        summary.pulled = pull(
            store, source.platform, source.kinds, settings.pull, replace(world, now=lambda: source.now), stop,
            run=run, full=options.full, latest=options.now,
        )  # fmt: skip
    summary.slas = ownslas.names_at(source.platform, source.book)
    if options.now is not None:
        summary.pulled.skew = 0  # a rehearsal's present is nobody's clock
    find_places(store, source)
    with _timed(world, summary, "evaluate"):
        summary.judged = judge(store, source, wording, summary.pulled.watermark, stop)
    with _timed(world, summary, "deliver"):
        with store.begin() as tx:
            if options.serving_since is not None:
                beat(tx, source, world.host, options.serving_since, source.now)
            limit = settings.limits.acts_per_run
            summary.paced = pace(
                tx, name, world.now(),
                limit=limit, allow=options.allow, is_whole=summary.judged.is_complete,
            )  # fmt: skip
        if sends:
            summary.delivered = deliver(
                store, world, name, channels(source, world), settle=settings.limits.settle_ms,
                until=stop.deadline, stop=lambda: stop.interrupted,
                redirect_to=source.config.redirect_notices_to,
            )  # fmt: skip


def _nudged(
    store: Store, source: Source, stop: Stop, run: int, room: int, summary: SourceSummary, wording: Wording
) -> None:
    """The same way, for what the inbox names."""
    world, name, settings = store.world, source.name, source.settings
    with _timed(world, summary, "pull"):
        nudged = pull_nudged(store, source.platform, source.kinds, settings.pull, world, stop, run=run)
        summary.pulled = nudged.pulled
    with _timed(world, summary, "evaluate"):
        summary.judged = judge_at_once(store, source, wording, nudged.as_of, nudged.ids, stop)
    with _timed(world, summary, "deliver"):
        by_platform = [f"{kind}:{id_}" for kind, ids in nudged.ids.items() for id_ in ids]
        ways = channels(source, world)
        queues = [*by_platform, *(f"{way}/{queue}" for way in ways for queue in by_platform)]
        with store.begin() as tx:
            summary.paced = pace_among(tx, name, queues, world.now(), limit=room)
        summary.delivered = deliver(
            store, world, name, ways, settle=settings.limits.settle_ms,
            stop=lambda: stop.interrupted, among=queues, redirect_to=source.config.redirect_notices_to,
        )  # fmt: skip


def internal(error: Exception) -> str:
    """What to tell of a mistake that is ours; the log has its traceback."""
    return scrub(
        f"internal error: {type(error).__name__}: {error}; this is a mistake in Accord: please report it"
        " to its maintainers, with the traceback in the log; nothing is lost, the next run goes on from here"
    )


@contextmanager
def _timed(world: World, summary: SourceSummary, stage: str) -> Iterator[None]:
    began = world.monotonic()
    try:
        yield
    finally:
        summary.seconds[stage] = world.monotonic() - began


def _sum_up(store: Store, summary: SourceSummary, counter: Counter) -> None:
    with store.read() as tx:
        summary.waiting = backlog.left(tx, summary.source)
        summary.next_line = tickets.next_line(tx, summary.source)
        summary.aside = [(one.kind, one.key, one.reason) for one in aside.every(tx, summary.source)]
    summary.requests, summary.throttled = counter.requests, counter.throttled
    delivered, paced = summary.delivered, summary.paced
    failed = delivered is not None and (delivered.set_aside or delivered.unsure or delivered.again)
    held = (paced is not None and paced.held) or any(why == Held.PLACELESS for _, _, why in summary.waiting)
    if summary.failed is None and (failed or held):
        summary.exit_code = EXIT_ACTS_LEFT
