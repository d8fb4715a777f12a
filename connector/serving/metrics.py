"""`/metrics`: figures for Prometheus, in a registry of our own. Counted once a run, never once a ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from connector.errors import EXIT_ACTS_LEFT, EXIT_FINE
from connector.model.instant import Instant
from connector.serving.board import LastRun, View
from connector.stages.summary import SourceSummary

CONTENT_TYPE = CONTENT_TYPE_LATEST
STAGE_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)  # seconds
TOLD = {EXIT_FINE: "fine", EXIT_ACTS_LEFT: "acts_left"}


class Metrics:
    """The figures of one service. *view* gives what is known now, for those that age between runs."""

    def __init__(self, view: Callable[[], View], now: Callable[[], Instant]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when each counter was made: nobody asks, and it doubles the page
        self.registry = CollectorRegistry()
        self.registry.register(Standing(view, now))
        ProcessCollector(registry=self.registry)  # memory, processor time and open files, where /proc tells
        source = ("source",)
        self.runs = self._counter("runs", "Runs, by how they ended.", (*source, "outcome"))
        self.nudged = self._counter("nudged_runs", "Readings of nudged tickets.", (*source, "outcome"))
        self.mishaps = self._counter("mishaps", "Runs of all sources that came to nothing.", ())
        self.pulled = self._counter("records_pulled", "Records read.", (*source, "kind"))
        self.changed = self._counter("records_changed", "Records new or changed.", (*source, "kind"))
        self.events = self._counter(
            "events", "Events decided on; silent ones tell nobody.", (*source, "silent")
        )
        self.effects = self._counter(
            "effects", "Effects, by what became of them.", (*source, "output", "outcome")
        )
        self.requests = self._counter("requests", "Requests sent to the platform.", source)
        self.throttled = self._counter("requests_throttled", "Requests it answered with 429.", source)
        self.webhooks = self._counter("webhook_requests", "Requests to the webhook.", ("answer",))
        self.seconds = Histogram(
            "accord_stage_seconds", "How long a stage of a run took.", (*source, "stage"),
            registry=self.registry, buckets=STAGE_BUCKETS,
        )  # fmt: skip

    def ran(self, summary: SourceSummary) -> None:
        """Count a run of a source."""
        self.runs.labels(summary.source, _outcome(summary)).inc()
        self._work(summary)

    def nudge_done(self, summary: SourceSummary) -> None:
        """Count a reading of nudged tickets."""
        self.nudged.labels(summary.source, _outcome(summary)).inc()
        self._work(summary)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"accord_{name}", what, labels, registry=self.registry)

    def _work(self, summary: SourceSummary) -> None:
        name = summary.source
        for stage, seconds in summary.seconds.items():
            self.seconds.labels(name, stage).observe(seconds)
        for kind, tally in summary.pulled.kinds.items():
            self.pulled.labels(name, kind).inc(tally.seen)
            self.changed.labels(name, kind).inc(tally.changed)
        self.events.labels(name, "yes").inc(summary.judged.silent)
        self.events.labels(name, "no").inc(summary.judged.events - summary.judged.silent)
        self.requests.labels(name).inc(summary.requests)
        self.throttled.labels(name).inc(summary.throttled)
        for output, outcome, count in _effects(summary):
            self.effects.labels(name, output, outcome).inc(count)


class Standing(Collector):
    """How things stand at the instant of the question."""

    def __init__(self, view: Callable[[], View], now: Callable[[], Instant]) -> None:
        self._view, self._now = view, now

    def collect(self) -> Iterator[Metric]:
        """Each figure with its samples."""
        view, now = self._view(), self._now()
        ended = {name: last for name, last in view.sources.items() if last is not None}
        yield _single("files_refused", "1 while changed files are kept out.", int(view.refusal is not None))
        yield _single("run_at_work", "1 while a run is at work.", int(view.run_began is not None))
        if view.next_run is not None:
            yield _single("next_run_timestamp_seconds", "When the next run is due.", view.next_run / 1000)
        rules = GaugeMetricFamily("accord_rules_info", "The rulebook in force.", labels=("hash",))
        rules.add_metric((view.rules_hash,), 1)
        yield rules
        yield from _by_source(ended, now)
        yield from _open_ends(ended)
        yield _outbox(ended)


def _by_source(ended: dict[str, LastRun], now: Instant) -> Iterator[Metric]:
    last = _family("last_run_timestamp_seconds", "When the last run ended.")
    good = _family("last_good_run_timestamp_seconds", "When a run last ended that reached its platform.")
    mark = _family("watermark_timestamp_seconds", "Up to when the source's truth is known.")
    age = _family("watermark_age_seconds", "How long ago that is.")
    line = _family("next_line_timestamp_seconds", "The earliest line to come.")
    skew = _family("clock_skew_seconds", "The platform's time minus ours.")
    for name, run in ended.items():
        summary = run.summary
        last.add_metric((name,), run.ended / 1000)
        if run.good is not None:
            good.add_metric((name,), run.good / 1000)
        if (known := summary.pulled.watermark) is not None:
            mark.add_metric((name,), known / 1000)
            age.add_metric((name,), (now - known) / 1000)
        if summary.next_line is not None:
            line.add_metric((name,), summary.next_line / 1000)
        skew.add_metric((name,), summary.pulled.skew / 1000)
    yield from (last, good, mark, age, line, skew)


def _open_ends(ended: dict[str, LastRun]) -> Iterator[Metric]:
    """What somebody may have to look at."""
    held = _family("acts_held", "Acts that wait for somebody's `--allow`.")
    aside = _family("records_set_aside", "Records that could not be used.")
    filling = _family("backfill_at_work", "1 while tickets are being evaluated anew.")
    code = _family("last_exit_code", "What the last run would have ended with as a command.")
    for name, run in ended.items():
        summary = run.summary
        held.add_metric((name,), summary.paced.held if summary.paced is not None else 0)
        aside.add_metric((name,), len(summary.aside))
        filling.add_metric((name,), int(summary.judged.backfill is not None))
        code.add_metric((name,), summary.exit_code)
    yield from (held, aside, filling, code)


def _outbox(ended: dict[str, LastRun]) -> Metric:
    told = GaugeMetricFamily(
        "accord_outbox", "Effects that have not arrived.", labels=("source", "output", "state")
    )
    for name, run in ended.items():
        by_state: dict[tuple[str, str], int] = {}
        for (output, state, _why), count in run.summary.waiting.items():
            by_state[output, state] = by_state.get((output, state), 0) + count
        for (output, state), count in sorted(by_state.items()):
            told.add_metric((name, output, state), count)
    return told


def _effects(summary: SourceSummary) -> Iterator[tuple[str, str, int]]:
    """What became of effects: (output, outcome, how many)."""
    delivered = summary.delivered
    if delivered is None:
        return
    for output, count in delivered.done.items():
        yield output, "done", count
    for refused in delivered.set_aside:
        yield refused.name, "set_aside", 1
    yield "any", "unsure", delivered.unsure
    yield "any", "again", delivered.again


def _outcome(summary: SourceSummary) -> str:
    return "failed" if summary.failed is not None else TOLD.get(summary.exit_code, "failed")


def _single(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"accord_{name}", what, value)


def _family(name: str, what: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"accord_{name}", what, labels=("source",))
