"""`--max-time` ends a run in whatever stage it is at, and the runs after it go on from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import EXIT_FINE
from connector.model.instant import MINUTE, SECOND
from tests.journeys.place import Place

TICKETS = 45  # three pages


def opened(folder: Path, order: str = "123") -> Place:
    """A place with tickets of which a third has been late for a while, of which nobody knows yet."""
    place = Place(folder)
    place.setup()
    place.sync()
    for number in range(TICKETS):
        impact = order[number % 3]
        place.open(impact=impact, urgency=impact)
    place.pass_(65 * MINUTE)
    return place


@pytest.mark.parametrize("given_s", [3, 8, 15])
def test_short_runs_come_to_what_one_long_run_does(tmp_path: Path, given_s: int) -> None:
    """Every answer takes a second, so each of these runs ends in another stage."""
    whole, parts = opened(tmp_path / "whole"), opened(tmp_path / "parts")
    whole.sync()
    parts.sandbox.latency_ms = 1_000
    stopped = 0
    for _ in range(60):
        summary = parts.sync(max_time=given_s * SECOND)
        assert summary.exit_code == EXIT_FINE
        stopped += summary.stopped == "out of time"
        if summary.stopped is None and not summary.sources[0].waiting:
            break
    parts.sandbox.latency_ms = 0
    parts.sync()
    assert stopped >= 1
    assert states(parts) == states(whole)


def states(place: Place) -> dict[str, object]:
    """What was written, but for how long ago things were when it was written."""
    found = place.end_state()
    achievements = {
        key: {name: row[name] for name in ("u_state", "u_due", "u_breached_at", "u_started")}
        for key, row in found["achievements"].items()
    }
    return {"notes": found["notes"], "problems": found["problems"], "achievements": achievements}


@pytest.mark.parametrize(
    ("stage", "most"), [("pull.page_kept", 2), ("evaluate.batch_judged", 1), ("deliver.round_done", 1)]
)
def test_time_up_in_a_stage_ends_the_run_before_the_next_piece_of_work(
    tmp_path: Path, stage: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the pages those are kept that were fetched already."""
    place = opened(tmp_path / "site")
    heard: list[str] = []

    def info(event: str, **_facts: object) -> None:
        heard.append(event)
        place.clock.now += 10 * MINUTE if event == stage else 0

    for module in ("connector.pull.sweep", "connector.stages.judge", "connector.deliver.delivering"):
        monkeypatch.setattr(f"{module}.log.info", info, raising=False)
    summary = place.sync(max_time=5 * MINUTE)
    assert summary.stopped == "out of time"
    assert 1 <= heard.count(stage) <= most
    assert summary.exit_code == EXIT_FINE
