"""A service that runs by itself: by the schedule, when a line comes, and when somebody nudges it.

One loop, one run at a time; it waits for whatever comes first. What a run does is in `connector/run.py`, what
the loop is made of in `connector/serving`. Nothing here is remembered that a restart would miss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from connector.errors import EXIT_INTERRUPTED, AccordError
from connector.log import get_logger
from connector.model.instant import Instant, format_instant
from connector.pull.stop import Stop
from connector.run import Options, internal, run, run_nudged
from connector.serving.board import Board, View
from connector.serving.files import Files, webhook_secret
from connector.serving.health import health
from connector.serving.listener import Answer, Headers, Listener, Route, as_json
from connector.serving.metrics import CONTENT_TYPE, Metrics
from connector.serving.notify import Notify
from connector.serving.schedule import next_regular, next_run, seen_after
from connector.serving.webhook import Webhook
from connector.site import load_site
from connector.stages.enacted import refuse_changed_versions
from connector.stages.summary import SourceSummary
from connector.store import Store, open_store, sources, tickets
from connector.world import World

log = get_logger()
METRICS_LISTEN = "127.0.0.1:9464"  # where the configuration names no address
LONGEST_WAIT_S = 60.0  # then the clock is looked at again: it may have been set
NUDGE = "/nudge"


class Stopping(AccordError):
    """The service was asked to stop while something waited."""

    exit_code = EXIT_INTERRUPTED


@dataclass(slots=True)
class Service:
    """A service on the configuration at `files.path`. Made by `open_service`."""

    world: World  # its sleep ends when the service is asked to stop
    files: Files
    store: Store
    board: Board
    metrics: Metrics
    notify: Notify
    stop: Stop
    stopping: Event
    wake: Event
    room: dict[str, int] = field(default_factory=dict)  # acts that nudges may still do before the next run
    failing: set[str] = field(default_factory=set)  # sources that are left in peace until the next run
    nudged: bool = False
    begun: Instant = 0  # the last run

    # ------------------------------------------------------------------------------------- the loop

    def work(self) -> None:
        """Run, wait and run again, until `end` is called."""
        self.notify.ready()
        due: Instant = self.world.now()
        while not self.stop.interrupted:
            self.wake.clear()
            self.notify.beat()
            if self._is_due(due):
                due = self.run_once()
                self.notify.status(f"next run at {format_instant(due)}")
                self.board.note(next_run=due)
            elif self.nudged:
                self.take_nudges()
                due = min(due, self._at_lines(due))
                self.board.note(next_run=due)
            else:
                self.wake.wait(self._wait_until(due))
        self.notify.status("stopped")

    def end(self) -> None:
        """Come to an end soon: what is at work finishes its transaction. May be called by any thread."""
        self.notify.stopping()
        self.stop.interrupted = True
        self.stopping.set()
        self.wake.set()

    def nudge(self) -> None:
        """Something is in the inbox. May be called by any thread."""
        self.nudged = True
        self.wake.set()

    def _is_due(self, due: Instant) -> bool:
        return self.world.now() >= due

    def _wait_until(self, due: Instant) -> float:
        """Seconds; never longer than systemd's watchdog allows."""
        watchdog = self.notify.watchdog
        most = LONGEST_WAIT_S if watchdog is None else min(LONGEST_WAIT_S, watchdog / 3)
        return min(most, max(0.0, (due - self.world.now()) / 1000))

    # ------------------------------------------------------------------------------------- a run

    def run_once(self) -> Instant:
        """One run of all sources, by the files as they are now if they are right; returns when the next is
        due."""
        begun = self.world.now()
        self.board.note(run_began=begun, moved=begun)
        self.notify.status("a run is at work")
        with self._surviving():
            self.files.read_again(self.store)
            self.files.note(self.store)
            self._show_files()
            self.nudged = False  # this run reads the inbox
            summary = run(
                self.store,
                self.files.site,
                Options(serving_since=self.board.view.begun),
                self.stop,
                sends=True,
            )
            for one in summary.sources:
                self._ran(one)
            self.board.note(broken=None)
        self.board.note(run_began=None)
        return self._next(begun)

    def take_nudges(self) -> None:
        """Read what the inbox names and act on it; all else waits for its run."""
        self.nudged = False
        with self._surviving():
            room = {name: left for name, left in self.room.items() if name not in self.failing}
            for one in run_nudged(self.store, self.files.site, room, self.stop):
                self.metrics.nudge_done(one)
                self.room[one.source] -= one.paced.go if one.paced is not None else 0
                self._heed_failure(one)
                _tell("serve.nudge_done", one)

    def _ran(self, summary: SourceSummary) -> None:
        self.room[summary.source] = self.files.site.config.sources[summary.source].limits.acts_per_run
        self.failing.discard(summary.source)
        self._heed_failure(summary)
        self.metrics.ran(summary)
        self.board.ended(summary, self.world.now())
        _tell("serve.run_done", summary)
        if summary.alarm is not None:
            log.warning("serve.acts_left", source=summary.source, why=summary.alarm)

    def _heed_failure(self, summary: SourceSummary) -> None:
        """A platform that failed is not asked before the schedule says so: a login that is refused time and
        again gets its account locked."""
        if summary.failed is not None:
            self.failing.add(summary.source)

    def _next(self, begun: Instant) -> Instant:
        self.begun = begun
        every = self.files.site.config.every_ms
        return self._at_lines(next_regular(begun, every, self.world.random.random()))

    def _at_lines(self, regular: Instant) -> Instant:
        """*regular*, or earlier where a line comes before it."""
        lines: list[Instant] = []
        with self._surviving():
            lines = list(self._lines(self.begun))
        return next_run(regular, lines, self.world.now(), self.files.site.config.every_ms)

    def _lines(self, begun: Instant) -> Iterator[Instant]:
        """When the earliest line of each source can be seen that the run that *begun* could not see."""
        with self.store.read() as tx:
            for name, source in self.files.site.config.sources.items():
                known = sources.get(tx, name)
                if known is None or known.watermark is None or name in self.failing:
                    continue
                late = seen_after(source.pull.lag_ms, known.skew)
                line = tickets.next_line(tx, name, after=max(known.watermark, begun - late))
                if line is not None:
                    yield line + late

    def _show_files(self) -> None:
        files = self.files
        config = files.site.config
        view = self.board.view
        self.board.note(
            every=config.every_ms,
            sources={name: view.sources.get(name) for name in config.sources},
            rules_hash=files.site.book.hash,
            in_force_since=files.since,
            refusal=files.refusal,
        )

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Whatever goes wrong inside is told; the loop goes on."""
        try:
            yield
        except AccordError as error:
            self._broken(str(error))
        except Exception as error:
            log.exception("serve.internal_error")
            self._broken(internal(error))

    def _broken(self, why: str) -> None:
        if not self.stop.interrupted:
            log.error("serve.run_failed", why=why)
            self.metrics.mishaps.inc()
            self.board.note(broken=why)

    def _moved(self, _operation: str) -> None:
        """Something goes on: the store was asked for a transaction, or somebody waits politely."""
        self.board.note(moved=self.world.now())
        self.notify.beat()

    # ------------------------------------------------------------------------------------- over HTTP

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """What is answered at the address for monitoring."""
        return {("GET", "/healthz"): self._healthz, ("GET", "/metrics"): self._metrics}

    def nudge_routes(self) -> Mapping[tuple[str, str], Route]:
        """What is answered at the webhook's address."""
        webhook = Webhook(
            lambda: self.files.secret or "",
            lambda: self.files.site,
            lambda: self.store,
            self.world.now,
            self.nudge,
        )

        def take(headers: Headers, body: bytes) -> Answer:
            reply = webhook.take(headers, body)
            self.metrics.webhooks.labels(reply.answer).inc()
            return as_json(reply.status, {"answer": reply.answer, "words": reply.words})

        return {("POST", NUDGE): take}

    def _healthz(self, _headers: Headers, _body: bytes) -> Answer:
        return as_json(*health(self.board.view, self.world.now()))

    def _metrics(self, _headers: Headers, _body: bytes) -> Answer:
        return Answer(200, self.metrics.text(), CONTENT_TYPE)

    def close(self) -> None:
        """Give the store back."""
        self.store.close()


def open_service(path: Path, world: World) -> Service:
    """A service on the configuration at *path*, ready to work. Wrong or AccordError where its files, its
    secrets or its store are not as they should be: there is nothing before that could stay in force."""
    site = load_site(path, world)
    config = site.config
    stopping, now = world.event(), world.now()
    view = View(now, config.every_ms, dict.fromkeys(config.sources), moved=now)
    board, notify = Board(view), Notify(world)

    def sleep(seconds: float) -> None:
        board.note(moved=world.now())
        notify.beat()
        if stopping.wait(seconds):
            raise Stopping("the service was asked to stop")

    awake = replace(world, sleep=sleep)
    store = open_store(config.store, awake)
    try:
        refuse_changed_versions(store, site.book, now)
        files = Files(path, world, site, webhook_secret(config, world), now)
    except AccordError:
        store.close()
        raise
    service = Service(
        awake, files, store, board, Metrics(lambda: board.view, world.now), notify, Stop(awake), stopping,
        world.event(),
    )  # fmt: skip
    service.store = replace(store, on_operation=service._moved)
    service._show_files()
    return service


@contextmanager
def listening(service: Service) -> Iterator[Mapping[str, Listener]]:
    """The service's HTTP addresses, while inside; one server where both are the same."""
    config = service.files.site.config
    routes: dict[str, dict[tuple[str, str], Route]] = {}
    routes.setdefault(config.metrics or METRICS_LISTEN, {}).update(service.routes())
    if config.webhook is not None:
        routes.setdefault(config.webhook.listen, {}).update(service.nudge_routes())
    listeners: dict[str, Listener] = {}
    try:
        for address, table in routes.items():
            listeners[address] = Listener(address, table)
        yield listeners
    finally:
        for listener in listeners.values():
            listener.close()


def _tell(event: str, summary: SourceSummary) -> None:
    judged, delivered = summary.judged, summary.delivered
    log.info(
        event,
        source=summary.source,
        failed=summary.failed,
        read=sum(tally.seen for tally in summary.pulled.kinds.values()),
        tickets=judged.tickets,
        events=judged.events,
        delivered=sum(delivered.done.values()) if delivered is not None else 0,
        set_aside=len(delivered.set_aside) if delivered is not None else 0,
        requests=summary.requests,
        exit_code=summary.exit_code,
    )
