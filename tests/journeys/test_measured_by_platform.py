"""Whole runs with a target that the platform's own SLA engine measures, on both platforms."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from connector.model.instant import HOUR, MINUTE
from connector.pull.stop import Stop
from connector.run import run_nudged
from connector.sandbox.servicenow import dates
from connector.site import Site
from connector.store import inbox, open_store
from connector.store.care import check
from connector.world import World
from tests.journeys.place import Place
from tests.journeys.test_sync_on_jira import Desk, cycles

RULES = """
agreement: desk
type: sla
version: 1
applies_to: {record: incident}
targets:
  resolution:
    measured_by: {platform: NAME}
    on: {75%: [{note: true}], breached: [{note: true}]}
objectives:
  resolved-in-time: {attained: resolution, per: month, at_least: 95%}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A desk with an SLA of its own: 4 hours, paused on hold."""
    made = Place(tmp_path / "site", rules=RULES.replace("NAME", "Resolve in 4 h"))
    made.setup()
    define(made)
    return made


def define(place: Place, **fields: Any) -> str:
    """An SLA definition of the instance; its sys_id."""
    values = {
        "name": "Resolve in 4 h",
        "collection": "incident",
        "active": "true",
        "duration": dates.duration(4 * 3600),
        "start_condition": "active=true",
        "stop_condition": "stateIN6,7",
        "pause_condition": "state=3",
        "when_to_resume": "no_match",
        "when_to_cancel": "never",
    }
    return place.sandbox.servicenow.insert("contract_sla", **values | fields)


def achievement(place: Place) -> dict[str, Any]:
    (row,) = place.rows("u_accord_achievement")
    return row


def test_the_platforms_cycle_goes_through_its_life_and_is_told_once(place: Place) -> None:
    place.sync()
    ticket = place.open()
    for tick in range(21):  # 3 h 30 min, 20 min of them on hold
        place.pass_(10 * MINUTE)
        if tick == 2:
            place.change(ticket, state="3", hold_reason="1")
        if tick == 4:
            place.change(ticket, state="2")
        place.sync()
    row = achievement(place)
    assert (row["u_state"], row["u_history"], row["u_time_s"]) == ("running", "platform", "14400")
    assert row["u_due"] == "2026-03-02 12:20:00"
    assert sum(place.end_state()["notes"].values()) == 1  # 75 %
    place.pass_(2 * HOUR)
    place.sync()
    place.sync()
    row = achievement(place)
    assert row["u_breached_at"] == "2026-03-02 12:20:00"
    assert sum(place.end_state()["notes"].values()) == 2
    place.change(ticket, state="6", close_code="x", close_notes="y")
    place.pass_(MINUTE)
    place.sync()
    place.sync()
    row = achievement(place)
    assert (row["u_state"], row["u_started"], row["u_ended"]) == (
        "missed",
        "2026-03-02 08:00:00",
        "2026-03-02 13:30:00",
    )
    assert sum(place.end_state()["notes"].values()) == 2
    with closing(place.open_store()) as store:
        assert list(check(store)) == []


def test_a_repair_of_the_platforms_cycles_announces_nothing_again(place: Place) -> None:
    place.sync()
    place.open()
    place.pass_(5 * HOUR)
    place.sync()
    before = place.end_state()
    desk = place.sandbox.servicenow
    (old,) = desk.rows("task_sla")
    desk.delete("task_sla", old["sys_id"])
    desk.insert("task_sla", **{name: value for name, value in old.items() if not name.startswith("sys_")})
    place.pass_(MINUTE)
    place.sync(full=True)
    after = place.end_state()
    assert (after["notes"], list(after["achievements"])) == (before["notes"], list(before["achievements"]))


def test_what_time_alone_moves_evaluates_nothing_anew(place: Place) -> None:
    place.sync()
    place.open()
    place.pass_(3 * HOUR - 5 * MINUTE)
    place.sync()
    place.pass_(MINUTE)  # no line, though the platform calculated meanwhile
    place.sync()
    place.pass_(MINUTE)
    assert place.sync().sources[0].judged.tickets == 0


def test_nothing_of_the_platforms_engine_is_read_where_no_target_asks(tmp_path: Path) -> None:
    made = Place(tmp_path / "site")
    made.setup()
    define(made)
    made.open()
    assert "platform_cycle" not in made.sync().sources[0].pulled.kinds
    assert not any("task_sla" in what for what in made.sandbox.requests)


def test_jiras_cycle_is_taken_and_ends_as_jira_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "rules" / "desk.yaml").write_text(RULES.replace("NAME", "Time to resolution"))
    desk.sync()
    issue = desk.jira.create("printer on fire", priority="1")
    for _ in range(9):
        desk.pass_(HOUR)
        desk.sync()
    (running,) = cycles(issue)
    assert (running["state"], running["history"], running["time_s"]) == ("running", "platform", 480 * 60)
    assert running["breached_at"] is not None
    assert sum(desk.end_state()["notes"].values()) == 2
    desk.jira.edit(issue, resolution="10000")
    desk.pass_(5 * MINUTE)
    desk.sync()
    desk.pass_(20 * MINUTE)
    second = desk.sync()
    (ended,) = cycles(issue)
    assert (ended["state"], ended["elapsed_s"]) == ("missed", 9 * 3600)
    assert sum(desk.end_state()["notes"].values()) == 2
    assert second.exit_code == 0


def test_a_nudge_reads_a_cycle_that_has_only_just_begun_on_jira(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "rules" / "desk.yaml").write_text(RULES.replace("NAME", "Time to resolution"))
    desk.sync()
    issue = desk.jira.create("printer on fire", priority="1")
    desk.pass_(MINUTE)
    nudge(desk.world, desk.load(), "desk", str(issue.id))
    assert [one["state"] for one in cycles(issue)] == ["running"]


def test_a_nudge_reads_a_cycle_that_has_only_just_begun(place: Place) -> None:
    place.sync()
    sys_id = place.open()
    place.pass_(MINUTE)
    nudge(place.world, place.load(), "acme", sys_id)
    assert achievement(place)["u_state"] == "running"


def nudge(world: World, site: Site, source: str, id_: str) -> None:
    """Have one ticket read and acted on, as a webhook does."""
    with closing(open_store(site.config.store, world)) as store:
        with store.begin() as tx:
            inbox.add(tx, source, "incident", id_, world.now())
        (told,) = run_nudged(store, site, {source: 100}, Stop(world))
    assert told.failed is None


def test_a_sync_tells_of_an_sla_that_no_source_has(place: Place) -> None:
    assert not any("measured_by" in one for one in place.sync().warnings)
    place.write(place.rules.replace("Resolve in 4 h", "Resolve in 4h").replace("version: 1", "version: 2"))
    (told,) = (one for one in place.sync().warnings if "measured_by" in one)
    assert "rules/desk.yaml:7: measured_by Resolve in 4h: no source has an SLA of that name" in told
    assert "did you mean 'Resolve in 4 h'?" in told


# ---------------------------------------------------------------------- what commands say of it


@pytest.fixture
def accord(place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command line at that desk: its exit code, and all it prints."""
    monkeypatch.chdir(place.folder)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()  # what the runs before have logged
        ended = main(list(words), world=place.world)
        told = capsys.readouterr()
        return ended, told.out + told.err

    return run


def test_explain_says_that_the_platform_measured_it(place: Place, accord: Any) -> None:
    place.open()
    place.pass_(5 * HOUR)
    place.sync()
    _, told = accord("explain", "INC0010001")
    assert "Measured by the platform: its SLA 'Resolve in 4 h'." in told
    assert "Mon 2026-03-02 11:00:00 UTC  line 75% crossed" in told
    assert "Mon 2026-03-02 12:00:00 UTC  breached" in told
    (clock,) = json.loads(accord("explain", "INC0010001", "--format", "json")[1])["clocks"]
    assert clock["measured_by"] == {"platform": "Resolve in 4 h"}
    assert [cycle["state"] for cycle in clock["cycles"]] == ["running"]
    assert "breached" in accord("explain", "INC0010001", "--format", "html")[1]


def test_explain_tells_where_the_calendar_is_not_the_platforms(place: Place, accord: Any) -> None:
    office = 'calendar: office\ntimezone: UTC\nhours: {mon-fri: "08:00-10:00"}\n---\n'
    rules = place.rules.replace("applies_to", "calendar: office\napplies_to")
    place.write(office + rules)
    place.open()
    place.pass_(HOUR)
    place.sync()
    assert "Its due time is not where office has it" in accord("explain", "INC0010001")[1]


def test_check_tells_an_sla_that_the_platform_does_not_have_with_a_guess(place: Place, accord: Any) -> None:
    ended, told = accord("check")
    assert (ended, "measured_by Resolve in 4 h (rules/desk.yaml:7): there, at acme" in told) == (0, True)
    place.write(place.rules.replace("Resolve in 4 h", "Resolve in 4h"))
    ended, told = accord("check")
    assert ended == 1
    assert "the platform has no SLA of that name" in told
    assert "did you mean 'Resolve in 4 h'?" in told


def test_evaluate_says_that_a_file_does_not_hold_the_platforms_cycles(place: Place, accord: Any) -> None:
    file = place.folder / "tickets.jsonl"
    fields = {"state": "new", "opened": "2026-03-02T08:00:00Z"}
    file.write_text(json.dumps({"kind": "incident", "source": "a", "id": "1", "key": "I1", "fields": fields}))
    ended, told = accord("evaluate", str(file), "--rules", "rules", "--at", "2026-03-02T09:00:00Z")
    assert (ended, "desk/resolution is measured by the platform's SLA 'Resolve in 4 h'" in told) == (0, True)
    assert "1 ticket, 0 cycles" in told


def test_a_report_counts_the_platforms_cycles(place: Place, accord: Any) -> None:
    for wait in (HOUR, 5 * HOUR):
        ticket = place.open()
        place.pass_(wait)
        place.change(ticket, state="6", close_code="x", close_notes="y")
    place.pass_(MINUTE)
    place.sync()
    ended, told = accord("report", "--period", "2026-03", "--format", "json")
    (figure,) = json.loads(told)[0]["objectives"][0]["figures"]
    assert (ended, figure["counted"], figure["in_time"]) == (0, 2, 1)
    assert accord("report", "--period", "2026-03")[0] == 0


def test_the_command_tells_differences_and_ends_with_1(place: Place, accord: Any) -> None:
    clock = "{is: resolution, reconcile_with: Resolve in 4 h, within: [{time: 4h}]}"
    target = "{platform: Resolve in 4 h}"
    rules = RULES.replace("NAME", "Resolve in 4 h").replace(f"\n    measured_by: {target}", f" {clock}")
    place.write("\n".join(line for line in rules.splitlines() if "on: {75" not in line))
    ticket = place.open()
    assert accord("reconcile")[0] == 0
    place.pass_(HOUR)
    place.change(ticket, state="3", hold_reason="1")
    place.pass_(HOUR)
    place.change(ticket, state="2")
    place.pass_(HOUR)
    ended, told = accord("reconcile")
    assert ended == 1
    assert "pause rule: it pauses whenever the ticket is on hold" in told
    assert "Accord's beside Resolve in 4 h: due -3600 s" in told
    ended, told = accord("reconcile", "--format", "json", "--out", "found.json")
    assert (ended, "wrote found.json" in told) == (1, True)
    found = json.loads((place.folder / "found.json").read_text())["sources"][0]
    assert (found["differing"], found["reasons"]) == (1, {"pause rule": 1})
    assert found["differences"][0]["due_s"] == -3600
