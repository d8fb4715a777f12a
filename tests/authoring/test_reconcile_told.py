"""What a reconciliation tells, of what it was asked for, and what it leaves as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from connector.authoring.reconcile.sheets import as_csv
from connector.errors import AccordError
from connector.model.instant import HOUR
from connector.sandbox.servicenow import dates
from tests.authoring.test_reconcile import CLOCK, World, held_for_half_an_hour, raised_to_the_top, still_open


def test_differences_are_told_in_seconds_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path, definition={"pause_condition": ""})
    held_for_half_an_hour(world)
    still_open(world)
    found = world.compare()
    (row,) = found.rows
    assert (found.compared.total(), found.agreeing.total()) == (2, 1)
    assert found.reasons() == {"pause rule": 1}
    told = next(csv.DictReader(io.StringIO(as_csv([found]))))
    assert (told["ticket"], told["reason"], told["sla"]) == (row.key, "pause rule", "Resolve")
    assert (told["start_s"], told["due_s"], told["elapsed_s"], told["end_s"]) == ("0", "1800", "-1800", "0")
    assert (told["ours_state"], told["theirs_state"]) == ("met", "met")


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(tmp_path: Path) -> None:
    world = World(tmp_path, CLOCK.replace("Resolve", '"=cmd()"'), {"name": "=cmd()", "pause_condition": ""})
    held_for_half_an_hour(world)
    assert ",'=cmd()," in as_csv([world.compare()])


def test_one_target_may_stand_beside_several_slas(tmp_path: Path) -> None:
    clock = CLOCK.replace("reconcile_with: Resolve", "reconcile_with: [P1, P5]")
    world = World(
        tmp_path,
        clock,
        {"name": "P5", "start_condition": "priority=5^active=true", "when_to_cancel": "no_match"},
    )
    (base,) = world.desk.rows("contract_sla")
    values = {name: value for name, value in base.items() if not name.startswith("sys_")}
    world.desk.insert(
        "contract_sla",
        **values
        | {"name": "P1", "start_condition": "priority=1^active=true"}
        | {"duration": dates.duration(2 * 3600)},
    )
    raised_to_the_top(world)
    found = world.compare()
    assert [row["stage"] for row in world.desk.rows("task_sla", "ORDERBYsys_created_on")] == [
        "cancelled",
        "in_progress",
    ]
    assert (found.rows, found.compared.total()) == ([], 1)


def test_only_what_is_asked_for_is_compared(tmp_path: Path) -> None:
    world = World(tmp_path, definition={"pause_condition": ""})
    held_for_half_an_hour(world)
    assert len(world.compare(period="2026-03").rows) == 1
    world.after(31 * 24 * 60)
    world.place.open()
    assert world.compare(period="2026-04").rows == []
    with pytest.raises(AccordError, match="no enacted agreement 'dsk'"):
        world.compare(agreement="dsk")
    with pytest.raises(AccordError, match="no target 'resolutoin'"):
        world.compare(target="resolutoin")


def test_a_name_that_the_platform_does_not_have_is_an_error_with_a_guess(tmp_path: Path) -> None:
    world = World(tmp_path, CLOCK.replace("with: Resolve", "with: Resolved"))
    world.place.open()
    with pytest.raises(AccordError, match=r"no SLA named 'Resolved'.*did you mean 'Resolve'"):
        world.compare()


def test_a_target_is_matched_by_its_own_name_first(tmp_path: Path) -> None:
    world = World(tmp_path, CLOCK.replace("reconcile_with: Resolve\n", ""), {"name": "Resolution"})
    still_open(world)
    assert world.compare().compared == {("desk", "resolution"): 1}


def test_reconciling_writes_nothing_and_keeps_the_cursor(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place.setup()
    still_open(world)
    world.place.sandbox.requests.clear()
    world.compare()
    assert world.place.writes_made() == 0
    world.after(60)
    world.place.sync()  # a later sync does not need the platform's cycles
    assert "platform_cycle" not in world.place.sync().sources[0].pulled.kinds
    world.after(60)
    world.place.sandbox.requests.clear()
    assert world.compare().rows == []
    assert world.place.sandbox.requests["GET task_sla"] <= 2


def test_a_difference_within_the_tolerance_is_none(tmp_path: Path) -> None:
    world = World(tmp_path, definition={"pause_condition": ""})
    held_for_half_an_hour(world)
    assert world.compare(tolerance=HOUR).rows == []


def test_instants_that_all_lie_an_hour_apart_are_a_matter_of_zones(tmp_path: Path) -> None:
    world = World(tmp_path)
    held_for_half_an_hour(world)
    (row,) = world.desk.rows("task_sla")
    moved = ("start_time", "end_time", "planned_end_time")
    shifted = {name: dates.stored(dates.instant(row[name]) - HOUR) for name in moved}
    world.desk.update("task_sla", row["sys_id"], **shifted)
    (found,) = world.compare().rows
    assert (found.difference.reason, found.difference.evidence) == (
        "time zone",
        "all its instants lie 1 h earlier",
    )


def test_a_verdict_that_its_own_figures_contradict_is_the_platforms_matter(tmp_path: Path) -> None:
    world = World(tmp_path)
    held_for_half_an_hour(world)
    (row,) = world.desk.rows("task_sla")
    world.desk.update("task_sla", row["sys_id"], has_breached="true")
    (found,) = world.compare().rows
    assert found.difference.reason == "the platform's verdict"
    assert found.difference.evidence == "it noted a breach, and 2 h counted of 4 h"
