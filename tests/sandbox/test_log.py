"""The recorded log on an instance: nothing known too early, everything audited, played as time goes by."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.log.load import shipped
from connector.sandbox.log.read import NotALog, cases
from connector.sandbox.servicenow.dates import stored
from connector.sandbox.slice import AWKWARD, choose
from connector.sandbox.world import instant

FULL = Path(__file__).parents[3] / "shared" / "data" / "uci_incident_event_log.csv.gz"


@pytest.fixture(scope="module")
def loaded() -> Sandbox:
    """The whole slice, as at its end. Tests must not change it."""
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log()
    return sandbox


@pytest.fixture(scope="module")
def log() -> dict[str, list[dict[str, str]]]:
    """The slice's rows by incident number."""
    return {
        case.number: [{name: case.value(row, name) for name in case.columns} for row in range(len(case.rows))]
        for case in cases(shipped())
    }


def test_every_case_is_an_incident_with_its_last_values(
    loaded: Sandbox, log: dict[str, list[dict[str, str]]]
) -> None:
    incidents = {row["number"]: row for row in loaded.servicenow.rows("incident")}
    assert incidents.keys() == log.keys()
    for number, rows in log.items():
        last, held = rows[-1], incidents[number]
        assert held["priority"] == last["priority"][:1]
        assert held["state"] == {"Closed": "7"}.get(last["incident_state"], held["state"])
        assert held["made_sla"] == last["made_sla"]
        assert held["closed_at"] != ""
        assert held["reassignment_count"] == last["reassignment_count"]


def rebuilt(sandbox: Sandbox, incident: dict[str, str], field: str) -> list[str]:
    """A field's values from first to last, by its audit rows."""
    query = f"documentkey={incident['sys_id']}^fieldname={field}^ORDERBYinternal_checkpoint"
    rows = sandbox.servicenow.rows("sys_audit", query)
    values = [rows[0]["oldvalue"] if rows else incident[field]]
    for row in rows:
        assert row["oldvalue"] == values[-1]
        values.append(row["newvalue"])
    assert values[-1] == incident[field]
    return values


STATES = {
    "New": "1", "Active": "2", "Awaiting User Info": "3", "Awaiting Problem": "3", "Awaiting Vendor": "3",
    "Awaiting Evidence": "3", "Resolved": "6", "Closed": "7", "-100": "-100",
}  # fmt: skip


def test_the_audit_tells_every_case_as_the_log_does(
    loaded: Sandbox, log: dict[str, list[dict[str, str]]]
) -> None:
    for incident in loaded.servicenow.rows("incident"):
        rows = log[incident["number"]]
        for field, column, spelt in (
            ("state", "incident_state", STATES.__getitem__),
            ("priority", "priority", lambda text: text[:1]),
            ("u_symptom", "u_symptom", str),
        ):
            told = [spelt(row[column]) for row in rows]
            steps = [value for n, value in enumerate(told) if n == 0 or told[n - 1] != value]
            assert rebuilt(loaded, incident, field) == steps


def test_nothing_is_known_before_its_row(loaded: Sandbox) -> None:
    """The log back-fills its final values on every row: taken as they stand they would tell the future."""
    for incident in loaded.servicenow.rows("incident"):
        for field, state in (("resolved_at", "6"), ("closed_at", "7")):
            rows = loaded.servicenow.rows(
                "sys_audit", f"documentkey={incident['sys_id']}^fieldname={field}^newvalueISNOTEMPTY"
            )
            if not rows:  # known at the making: then it was made in that state
                continue
            then = [
                row["newvalue"]
                for row in loaded.servicenow.rows(
                    "sys_audit",
                    f"documentkey={incident['sys_id']}^fieldname=state^ORDERBYinternal_checkpoint",
                )
                if row["internal_checkpoint"] <= rows[0]["internal_checkpoint"]
            ]
            assert not then or then[-1] == state


def test_an_open_incident_has_no_end(tmp_path: Path) -> None:
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(until=instant("2016-03-20T00:00:00Z"))
    early = sandbox.servicenow.rows("incident", "stateIN1,2,3")
    assert early
    assert {row["closed_at"] for row in early} == {""}
    assert {row["made_sla"] for row in early} == {"true"}


def test_playing_it_step_by_step_ends_as_loading_it_at_once(loaded: Sandbox) -> None:
    sandbox = Sandbox(now=0, seed=1)
    sandbox.load_log(until=instant("2016-03-10T12:00:00Z"))
    assert sandbox.log is not None
    assert sandbox.log.waiting > 5000
    for day in range(12, 365, 7):
        sandbox.advance(instant("2016-03-10T12:00:00Z") + day * 86_400_000)
    assert sandbox.log.waiting == 0
    assert sandbox.servicenow.dump() == loaded.servicenow.dump()


def test_played_events_bear_their_own_time() -> None:
    sandbox = Sandbox(now=0, seed=1)
    until = instant("2016-03-10T12:00:00Z")
    sandbox.load_log(until=until)
    sandbox.advance(until + 3_600_000)
    late = sandbox.servicenow.rows("sys_audit", "sys_created_on>2016-03-10 12:00:00")
    assert late
    assert {row["sys_created_on"] for row in late} <= {stored(until + m * 60_000) for m in range(61)}


def test_what_a_client_wrote_stays_when_the_log_goes_on() -> None:
    sandbox = Sandbox(now=0, seed=1)
    until = instant("2016-03-10T12:00:00Z")
    sandbox.load_log(until=until)
    open_one = sandbox.servicenow.rows("incident", "state=2^ORDERBYnumber")[0]["sys_id"]
    sandbox.servicenow.update("incident", open_one, correlation_id="mine", work_notes="75 % used")
    sandbox.servicenow.delete("incident", sandbox.servicenow.rows("incident", "state=1")[0]["sys_id"])
    sandbox.advance(instant("2017-06-01T00:00:00Z"))
    end = sandbox.servicenow.record("incident", open_one)
    assert (end["correlation_id"], end["state"]) == ("mine", "7")
    rebuilt(sandbox, end, "state")


def test_holding_reasons_and_odd_states_are_kept(loaded: Sandbox) -> None:
    reasons = {row["newvalue"] for row in loaded.servicenow.rows("sys_audit", "fieldname=hold_reason")}
    assert reasons == {"", "1", "3", "4", "9"}
    assert "-100" in {row["newvalue"] for row in loaded.servicenow.rows("sys_audit", "fieldname=state")}


def test_all_kinds_of_tickets_have_a_history(loaded: Sandbox) -> None:
    for table, states in {
        "problem": ["101", "102", "103", "106", "107"],
        "change_request": ["-5", "-4", "-3", "-2", "-1", "0", "3"],
        "sc_req_item": ["1", "2", "3"],
    }.items():
        rows = loaded.servicenow.rows(table)
        assert len(rows) >= 40
        for row in rows:
            assert rebuilt(loaded, row, "state") == states
    assert {row["type"] for row in loaded.servicenow.rows("cmdb_ci_outage")} == {
        "outage",
        "degradation",
        "planned",
    }


def test_every_reference_leads_somewhere(loaded: Sandbox) -> None:
    tables = loaded.servicenow.tables
    for name in ("incident", "problem", "change_request", "sc_req_item", "cmdb_ci_outage", "sys_user_group"):
        table = tables[name]
        references = [column for column in table.columns.values() if column.type == "reference"]
        for row in table.rows.values():
            for column in references:
                held = row[table.at[column.name]]
                assert not held or tables.find(column.reference, held), f"{name}.{column.name}"


def test_public_replies_are_told_from_the_callers_answers(loaded: Sandbox) -> None:
    entries = loaded.servicenow.rows("sys_journal_field")
    assert {entry["element"] for entry in entries} == {"comments"}
    kinds = {entry["sys_created_by"].partition(".")[0] for entry in entries}
    assert kinds == {"agent", "caller"}


class TestSlice:
    def test_it_holds_the_awkward_cases(self) -> None:
        chosen = list(cases(shipped()))
        assert len(chosen) == 1500
        for name, (_, wanted) in AWKWARD.items():
            assert any(wanted(case) for case in chosen), name

    def test_it_is_small(self) -> None:
        assert shipped().stat().st_size < 250_000

    @pytest.mark.shared
    @pytest.mark.skipif(not FULL.exists(), reason=f"the whole log is not at {FULL}")
    def test_anyone_can_cut_it_again(self) -> None:
        again = [case.number for case in choose(list(cases(FULL)))]
        assert again == [case.number for case in cases(shipped())]


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(NotALog, match="no column number, incident_state"):
        Sandbox(now=0).load_log(other)


class TestServiceLevels:
    """The desk's own timers: the log's verdicts beside figures that nearly always agree with them."""

    def test_a_closed_incident_has_one_completed_timer_with_the_logs_verdict(self, loaded: Sandbox) -> None:
        made_sla = {row["sys_id"]: row["made_sla"] for row in loaded.servicenow.rows("incident")}
        timers = loaded.servicenow.rows("task_sla", "stage=completed")
        assert len(timers) > 1200
        assert len({timer["task"] for timer in timers}) == len(timers)
        for timer in timers:
            assert {"true": "false", "false": "true"}[timer["has_breached"]] == made_sla[timer["task"]]
            assert (timer["active"], timer["end_time"] != "") == ("false", True)

    def test_the_figures_agree_with_the_verdict_of_nearly_all(self, loaded: Sandbox) -> None:
        timers = loaded.servicenow.rows("task_sla", "stage=completed^sla.name=Priority 3 resolution")
        agreeing = [
            t for t in timers if (float(t["business_percentage"]) > 100) == (t["has_breached"] == "true")
        ]
        assert len(agreeing) / len(timers) > 0.97

    def test_a_timer_is_due_when_its_open_time_is_used_up(self, loaded: Sandbox) -> None:
        for timer in loaded.servicenow.rows("task_sla", "stage=completed"):
            in_time = timer["end_time"] <= timer["planned_end_time"]
            assert in_time == (float(timer["business_percentage"]) <= 100)

    def test_a_change_of_priority_cancels_the_timer(self, loaded: Sandbox) -> None:
        assert loaded.servicenow.rows("task_sla", "stage=cancelled^active=false")
        assert not loaded.servicenow.rows("task_sla", "active=true")
