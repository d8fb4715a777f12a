"""What /healthz and /metrics tell: of good days, of a platform that is away, of our own mistakes."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from connector import run as run_module
from connector.model.instant import HOUR, MINUTE, SECOND, format_instant
from tests.journeys.place import START
from tests.serve.office import Office, figures, health_of


def test_before_the_first_run_it_is_not_well(desk: Office) -> None:
    status, told = health_of(desk.service)
    assert (status, told["reasons"]) == (503, ["acme: no run has ended yet"])


def test_after_a_good_run_it_is_well_until_the_next_ones_do_not_come(desk: Office) -> None:
    desk.service.run_once()
    desk.clock.now += HOUR
    assert health_of(desk.service)[0] == 200
    desk.clock.now += 2 * MINUTE
    status, told = health_of(desk.service)
    assert (status, told["reasons"]) == (503, ["acme: the last run ended 1 h 2 min ago"])


def test_a_long_run_is_well_while_it_moves(desk: Office) -> None:
    desk.service.run_once()
    began = desk.clock()
    desk.service.board.note(run_began=began)
    desk.clock.now += 3 * HOUR
    desk.service.board.note(moved=desk.clock() - MINUTE)
    assert health_of(desk.service)[0] == 200
    desk.clock.now += HOUR
    status, told = health_of(desk.service)
    assert status == 503
    assert told["reasons"][0] == "the run at work has not moved for 1 h 1 min"


def test_a_platform_that_refuses_us_is_told_with_the_reason_and_then_forgotten(desk: Office) -> None:
    desk.service.run_once()
    desk.environ["SN_PASSWORD"] = "wrong"
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    status, told = health_of(desk.service)
    assert status == 503
    assert told["reasons"][0].startswith("acme: ")
    assert told["sources"]["acme"]["last_good"] == format_instant(START)
    assert figures(desk.service)['accord_runs_total{outcome="failed",source="acme"}'] == 1
    desk.environ["SN_PASSWORD"] = "accord"
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    assert health_of(desk.service)[0] == 200


def test_a_mistake_of_ours_at_one_source_is_told_and_the_next_run_goes_on(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise ZeroDivisionError("division by zero")

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logged:
        patched.setattr(run_module, "judge", broken)
        desk.service.run_once()
    status, told = health_of(desk.service)
    assert status == 503
    assert "internal error: ZeroDivisionError: division by zero; this is a mistake in Accord" in str(told)
    (line,) = [one for one in logged if one["event"] == "run.internal_error"]
    assert line["exc_info"], "the log has the traceback"
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    assert health_of(desk.service)[0] == 200


def test_a_mistake_of_ours_outside_of_sources_does_not_end_the_service(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("surprise")

    with monkeypatch.context() as patched:
        patched.setattr("connector.serve.run", broken)
        desk.service.run_once()
    assert "surprise" in str(health_of(desk.service)[1]["reasons"])
    assert figures(desk.service)["accord_mishaps_total"] == 1
    desk.service.run_once()
    assert health_of(desk.service)[0] == 200


def test_metrics_tell_what_was_done_and_how_it_stands(desk: Office) -> None:
    before = _requests(desk)
    desk.service.run_once()
    desk.place.open(impact="1", urgency="1")
    desk.place.pass_(30 * MINUTE)
    desk.place.sandbox.faults.once("GET /api/now/table/incident", "429")
    desk.service.run_once()
    desk.place.pass_(2 * MINUTE)
    found = figures(desk.service)
    acme = 'source="acme"'
    expected = {
        f'accord_runs_total{{outcome="fine",{acme}}}': 2,
        f'accord_records_changed_total{{kind="incident",{acme}}}': 1,
        f'accord_effects_total{{outcome="done",output="achievement",{acme}}}': 1,
        f'accord_effects_total{{outcome="done",output="fields",{acme}}}': 1,
        f"accord_requests_throttled_total{{{acme}}}": 1,
        f'accord_stage_seconds_count{{{acme},stage="pull"}}': 2,
        f"accord_last_run_timestamp_seconds{{{acme}}}": (START + 30 * MINUTE) / 1000,
        f"accord_watermark_timestamp_seconds{{{acme}}}": (START + 30 * MINUTE - 10 * SECOND) / 1000,
        f"accord_watermark_age_seconds{{{acme}}}": 130,
        f"accord_next_line_timestamp_seconds{{{acme}}}": (START + 45 * MINUTE) / 1000,
        f"accord_acts_held{{{acme}}}": 0,
        f"accord_records_set_aside{{{acme}}}": 0,
        f"accord_backfill_at_work{{{acme}}}": 0,
        f"accord_last_exit_code{{{acme}}}": 0,
        "accord_files_refused": 0,
        "accord_run_at_work": 0,
    }
    assert {name: found.get(name) for name in expected} == pytest.approx(expected, abs=5)
    assert found[f"accord_requests_total{{{acme}}}"] == _requests(desk) - before - 1  # one was the desk's


def _requests(desk: Office) -> int:
    """Those the sandbox answered; parts of a batch are counted apart."""
    return sum(count for what, count in desk.place.sandbox.requests.items() if not what.startswith("item "))
