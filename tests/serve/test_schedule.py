"""When a service runs: by the schedule, at lines, never twice at once, and not faster than is good."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from connector.run import run
from connector.serving.schedule import MOST_JITTER, REST, next_regular, next_run
from connector.store import runs
from tests.journeys.place import RULES, START
from tests.serve.office import Office, nudge

instants = st.integers(START, START + DAY)
lengths = st.integers(1 * SECOND, 6 * HOUR)


@given(begun=instants, every=lengths, chance=st.floats(0, 1))
def test_jitter_only_delays_and_only_a_little(begun: Instant, every: int, chance: float) -> None:
    assert 0 <= next_regular(begun, every, chance) - begun - every <= min(every / 10, MOST_JITTER)


@given(regular=instants, lines=st.lists(instants), ended=instants, every=lengths)
def test_the_earliest_reason_counts_after_a_rest(
    regular: Instant, lines: list[Instant], ended: Instant, every: int
) -> None:
    due = next_run(regular, lines, ended, every)
    assert due >= ended + min(REST, every)
    assert due in (ended + min(REST, every), regular, *lines)
    assert due <= max(regular, ended + min(REST, every))


def test_a_day_has_its_runs_at_the_schedule_and_at_lines_and_none_overlaps(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[str] = []
    began: list[Instant] = []

    def watched(*args: object, **options: object) -> object:
        assert not at_work, "two runs at once"
        at_work.append("")
        began.append(desk.clock())
        desk.clock.now += 20 * SECOND  # a run takes its time
        try:
            return run(*args, **options)  # type: ignore[arg-type]
        finally:
            at_work.pop()

    monkeypatch.setattr("connector.serve.run", watched)
    opened = START + 3 * HOUR + 7 * MINUTE
    desk.at(opened, lambda: desk.place.open(impact="1", urgency="1"))
    desk.until(START + DAY)

    assert began[0] == START
    gaps = [after - before for before, after in pairwise(began)]
    assert all(20 * SECOND + REST <= gap <= 30 * MINUTE + MOST_JITTER for gap in gaps)
    assert len(began) >= 24 * HOUR / (30 * MINUTE + MOST_JITTER)
    # One hour for its resolution: both lines are announced within half a minute, not half an hour.
    for line in (opened + 45 * MINUTE, opened + 60 * MINUTE):
        assert any(line < at <= line + 30 * SECOND for at in began), "nobody woke for the line"
    notes = [row for row in desk.place.rows("sys_journal_field") if row["element"] == "work_notes"]
    assert len(notes) == 2
    with desk.service.store.read() as tx:
        assert len(runs.last(tx, 1000)) == len(began)


def test_a_ticket_that_a_nudge_brought_is_told_at_its_lines_too(desk: Office) -> None:
    """They may come before the run that the schedule has next, which knew nothing of the ticket."""
    told: list[int] = []

    def one_comes_and_is_nudged() -> None:
        assert nudge(desk.service, id=desk.place.open(impact="1", urgency="1"))[0] == 202

    desk.place.write(RULES.replace("time: 1h", "time: 20m"))
    opened = START + 32 * MINUTE  # runs are at 30 and 60
    desk.at(opened, one_comes_and_is_nudged)
    for line in (15, 20):
        desk.at(opened + line * MINUTE + 30 * SECOND, lambda: told.append(_notes(desk)))
    desk.until(opened + 22 * MINUTE)
    assert told == [1, 2]


def _notes(desk: Office) -> int:
    return sum(row["element"] == "work_notes" for row in desk.place.rows("sys_journal_field"))


def test_a_platform_that_refuses_us_is_not_asked_at_lines(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.at(START + MINUTE, lambda: desk.place.open(impact="1", urgency="1"))
    desk.at(START + 40 * MINUTE, lambda: desk.environ.update(SN_PASSWORD="wrong"))
    desk.until(START + 2 * HOUR)
    refused = [
        run.begun_at
        for run in _runs(desk)
        if run.summary is not None and run.summary["sources"][0]["failed"] is not None
    ]
    assert refused
    # The run that met the refusal may have been woken by a line; after it only the schedule asks.
    assert all(after - before >= 30 * MINUTE for before, after in pairwise(refused))


def _runs(desk: Office) -> list[runs.Run]:
    with desk.service.store.read() as tx:
        return list(reversed(runs.last(tx, 1000)))
