"""What the service knows of itself: the last run of each source, what is in force, what comes next.

Written by the loop, read by whoever asks over HTTP: frozen values, replaced whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from connector.model.instant import Instant, Millis
from connector.serving.files import Refusal
from connector.stages.summary import SourceSummary


@dataclass(frozen=True, slots=True)
class LastRun:
    """A source's last run. *good*: when one last ended that reached its platform."""

    ended: Instant
    summary: SourceSummary
    good: Instant | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything at one instant. *broken*: why the last run as a whole came to nothing."""

    begun: Instant
    every: Millis
    sources: Mapping[str, LastRun | None]
    rules_hash: str = ""
    in_force_since: Instant | None = None
    refusal: Refusal | None = None
    broken: str | None = None
    run_began: Instant | None = None  # one is at work
    moved: Instant = 0  # when something last went on
    next_run: Instant | None = None


@dataclass(slots=True)
class Board:
    """Holds the view that is valid now."""

    _view: View
    _lock: Lock = field(default_factory=Lock)

    @property
    def view(self) -> View:
        """What is known now."""
        return self._view

    def note(self, **facts: object) -> None:
        """Replace *facts* (fields of `View`)."""
        with self._lock:
            self._view = replace(self._view, **facts)  # type: ignore[arg-type]

    def ended(self, summary: SourceSummary, now: Instant) -> None:
        """A source's run has ended."""
        with self._lock:
            before = self._view.sources.get(summary.source)
            good = now if summary.failed is None else before.good if before is not None else None
            sources = {**self._view.sources, summary.source: LastRun(now, summary, good)}
            self._view = replace(self._view, sources=sources)
