"""What a run did, for people and for scripts. Everything that was not done is here too, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.deliver import Delivered, Paced
from connector.errors import (
    EXIT_ACTS_LEFT,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_PLATFORM,
    EXIT_WRONG,
    number_of,
    records_hold,
)
from connector.model.instant import MINUTE, Instant, format_instant, format_length
from connector.pull.pull import Pulled
from connector.stages.judge import Judged

# Of several sources the gravest counts.
GRAVITY = (EXIT_FINE, EXIT_ACTS_LEFT, EXIT_PLATFORM, EXIT_WRONG)


@dataclass(slots=True)
class SourceSummary:
    """One source's run. *waiting* counts effects in the store by (name, state, why held); *failed* is what
    ended it early, in words; *alarm* tells that acts had to be left for later runs."""

    source: str
    pulled: Pulled = field(default_factory=Pulled)
    judged: Judged = field(default_factory=Judged)
    paced: Paced | None = None
    delivered: Delivered | None = None
    waiting: Mapping[tuple[str, str, str | None], int] = field(default_factory=dict)
    aside: Sequence[tuple[str, str, str]] = ()  # kind, key, reason
    next_line: Instant | None = None
    slas: Sequence[str] | None = None  # the platform's own, where targets are measured by them
    requests: int = 0
    throttled: int = 0  # requests answered with 429
    seconds: dict[str, float] = field(default_factory=dict)
    failed: str | None = None
    exit_code: int = EXIT_FINE

    @property
    def alarm(self) -> str | None:
        """What needs somebody's attention: acts that were not done."""
        if self.paced is not None and self.paced.held:
            mend = f"look at `accord plan`, then `accord sync --allow {self.paced.held}`"
            is_ = "is" if self.paced.held == 1 else "are"
            return f"{number_of(self.paced.held, 'act')} {is_} held: {mend}"
        if self.paced is not None and self.paced.paced:
            follow = "follows" if self.paced.paced == 1 else "follow"
            more = f"{number_of(self.paced.paced, 'act')} {follow} in the next runs"
            return f"{more}: there are more than acts_per_run"
        return None

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.failed is not None:
            yield f"{self.source}: stopped: {self.failed}"
            if not (self.pulled.kinds or self.judged.tickets or self.waiting):
                return
        yield from self._pulled()
        yield from self._judged()
        yield from self._delivered()
        yield from self._doubts()
        times = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in self.seconds.items())
        coming = "none" if self.next_line is None else format_instant(self.next_line)
        yield f"{self.source}: {number_of(self.requests, 'request')}; {times}; next line to come: {coming}"

    def _pulled(self) -> Iterator[str]:
        for kind, tally in self.pulled.kinds.items():
            yield f"{self.source}: pulled {kind}: {tally.seen} read, {tally.changed} new or changed"
        mark = self.pulled.watermark
        how = "" if self.pulled.is_complete else ", not all was read"
        if mark is not None or self.failed is None:
            known = format_instant(mark) if mark is not None else "nothing yet"
            yield f"{self.source}: known up to {known}{how}"

    def _judged(self) -> Iterator[str]:
        judged = self.judged
        tickets, cycles = number_of(judged.tickets, "ticket"), number_of(judged.cycles, "cycle")
        events = number_of(judged.events, "new event")
        yield f"{self.source}: evaluated {tickets}, {cycles}; {events}, {judged.silent} of them silent"
        if judged.backfill is not None:
            yield f"{self.source}: still evaluating anew, for {judged.backfill}"

    def _delivered(self) -> Iterator[str]:
        for (name, held), count in sorted(self.judged.effects.items(), key=str):
            yield f"{self.source}: decided {count} {name}{f' ({held})' if held else ''}"
        if self.delivered is not None:
            done = ", ".join(f"{count} {name}" for name, count in sorted(self.delivered.done.items()))
            yield f"{self.source}: delivered {done or 'nothing'}"
            for refused in self.delivered.set_aside:
                yield f"{self.source}: set aside: {refused.name} for {refused.subject}: {refused.words}"
        for (name, state, why), count in sorted(self.waiting.items(), key=str):
            yield f"{self.source}: {count} {name} {state}{f': {why}' if why else ''}"
        if self.alarm is not None:
            yield f"{self.source}: ! {self.alarm}"

    def _doubts(self) -> Iterator[str]:
        for tally in self.pulled.kinds.values():
            for (kind, name, value), count in sorted(tally.unmapped.items()):
                yield f"{self.source}: {kind}.{name}: {records_hold(count)} {value!r}, not mapped"
            for reason, count in sorted(tally.frozen.items()):
                yield f"{self.source}: {count} {tally.kind} {reason}: frozen as last seen"
            if tally.mended:
                yield f"{self.source}: NUL characters in {tally.mended} {tally.kind} were left out"
            if tally.waiting:
                yield f"{self.source}: {tally.waiting} {tally.kind} wait for their history to settle"
            if tally.given_up:
                yield f"{self.source}: {tally.given_up} {tally.kind} contradict their history"
        for reason, count in sorted(self.judged.repairs.items()):
            yield f"{self.source}: repaired {count} × {reason}"
        for kind, key, reason in self.aside:
            yield f"{self.source}: set aside {kind} {key}: {reason}"
        for problem in self.judged.problems.values():
            yield f"{self.source}: {problem}"
        if abs(self.pulled.skew) > MINUTE:
            where = "ahead of" if self.pulled.skew > 0 else "behind"
            yield f"{self.source}: its clock is {format_length(abs(self.pulled.skew))} {where} ours"

    def as_json(self) -> dict[str, Any]:
        """For scripts; instants in ISO 8601, lengths in seconds."""
        delivered = self.delivered
        return {
            "source": self.source,
            "failed": self.failed,
            "watermark": _written(self.pulled.watermark),
            "complete": self.pulled.is_complete,
            "pulled": {kind: tally.as_json() for kind, tally in self.pulled.kinds.items()},
            "evaluated": {
                "tickets": self.judged.tickets,
                "cycles": self.judged.cycles,
                "events": self.judged.events,
                "silent": self.judged.silent,
                "backfill": self.judged.backfill,
            },
            "decided": _nested({(n, h or "deliver"): c for (n, h), c in self.judged.effects.items()}),
            "delivered": dict(delivered.done) if delivered is not None else {},
            "set_aside": [
                {"effect": one.name, "ticket": one.subject, "why": one.words}
                for one in (delivered.set_aside if delivered is not None else ())
            ],
            "waiting": [
                {"effect": name, "state": state, "why": why, "count": count}
                for (name, state, why), count in sorted(self.waiting.items(), key=str)
            ],
            "alarm": self.alarm,
            "repairs": dict(self.judged.repairs),
            "aside": [{"kind": kind, "key": key, "why": why} for kind, key, why in self.aside],
            "problems": list(self.judged.problems),
            "skew_s": self.pulled.skew / 1000,
            "requests": self.requests,
            "throttled": self.throttled,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "next_line": _written(self.next_line),
            "exit_code": self.exit_code,
        }


@dataclass(slots=True)
class Summary:
    """A run of all sources."""

    run: int
    now: Instant
    sources: list[SourceSummary] = field(default_factory=list)
    stopped: str | None = None  # interrupted | out of time
    warnings: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if self.stopped == "interrupted":
            return EXIT_INTERRUPTED
        return max((one.exit_code for one in self.sources), key=GRAVITY.index, default=EXIT_FINE)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from self.warnings
        for source in self.sources:
            yield from source.lines()
        if self.stopped is not None:
            yield f"stopped ({self.stopped}): the next run goes on from here"

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "run": self.run,
            "now": format_instant(self.now),
            "stopped": self.stopped,
            "warnings": list(self.warnings),
            "sources": [source.as_json() for source in self.sources],
            "exit_code": self.exit_code,
        }


def _written(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _nested(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(counts.items()):
        found.setdefault(outer, {})[inner] = count
    return found
