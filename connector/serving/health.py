"""`/healthz`: whether the service does its work, for load balancers, containers and people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.model.instant import MINUTE, Instant, Millis, format_instant, format_length
from connector.serving.board import LastRun, View

STILL: Millis = 10 * MINUTE  # without any progress a run at work counts as hung


def health(view: View, now: Instant) -> tuple[int, dict[str, Any]]:
    """200 when the last run of each source is recent and reached its end, else 503; and the reasons, with
    what an admin should know besides."""
    reasons = list(_reasons(view, now))
    told = {
        "status": "failing" if reasons else "ok",
        "reasons": reasons,
        "sources": {name: _source(last) for name, last in view.sources.items()},
        "files": {
            "rules_hash": view.rules_hash,
            "in_force_since": _written(view.in_force_since),
            "refused": None if view.refusal is None else str(view.refusal),
        },
        "at_work_since": _written(view.run_began),
        "next_run": _written(view.next_run),
    }
    return (503 if reasons else 200), told


def _reasons(view: View, now: Instant) -> Iterator[str]:
    hangs = view.run_began is not None and now - view.moved > STILL
    if hangs:
        yield f"the run at work has not moved for {format_length(now - view.moved)}"
    if view.broken is not None:
        yield view.broken
    for name, last in view.sources.items():
        if last is None:
            yield f"{name}: no run has ended yet"
        elif last.summary.failed is not None:
            yield f"{name}: {last.summary.failed}"
        elif _is_old(last, view, now) and (view.run_began is None or hangs):
            yield f"{name}: the last run ended {format_length(now - last.ended)} ago"


def _is_old(last: LastRun, view: View, now: Instant) -> bool:
    return now - last.ended > 2 * view.every + MINUTE


def _source(last: LastRun | None) -> Mapping[str, Any] | None:
    if last is None:
        return None
    summary = last.summary
    return {
        "ended": format_instant(last.ended),
        "last_good": _written(last.good),
        "failed": summary.failed,
        "watermark": _written(summary.pulled.watermark),
        "complete": summary.pulled.is_complete,
        "alarm": summary.alarm,
        "exit_code": summary.exit_code,
    }


def _written(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)
