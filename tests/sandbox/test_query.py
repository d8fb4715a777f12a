"""The encoded query language, one case a line, against a handful of incidents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.conftest import START, Client


@pytest.fixture
def desk(sandbox: Sandbox) -> Sandbox:
    """Five incidents, A to E, opened one day apart, A the day before yesterday of E."""
    now = sandbox.servicenow
    berlin = now.insert("core_company", name="Berlin GmbH")
    ada = now.insert("sys_user", user_name="ada", name="Ada Lund", company=berlin)
    people = {"A": ada, "B": "", "C": ada, "D": "", "E": ""}
    impacts = {"A": 1, "B": 2, "C": 3, "D": 1, "E": 2}
    urgencies = {"A": 1, "B": 2, "C": 3, "D": 2, "E": 1}
    states = {"A": 1, "B": 2, "C": 3, "D": 6, "E": 7}
    texts = {
        "A": "Printer on fire",
        "B": "printer jam",
        "C": "Mail is slow",
        "D": "100% disk",
        "E": "a^b",
    }
    for day, name in enumerate("ABCDE"):
        sandbox.advance(START + day * 86_400_000)
        now.insert(
            "incident",
            number=name,
            caller_id=people[name],
            impact=impacts[name],
            urgency=urgencies[name],
            state=states[name],
            short_description=texts[name],
            category="hardware" if name in "AB" else "",
        )
    return sandbox


CASES = {
    "": "ABCDE",
    "number=A": "A",
    "number=a": "A",
    "number!=A": "BCDE",
    "active=true": "ABCD",
    "active=true^priority=1": "A",
    "priority<=2": "ADE",
    "priority>2": "BC",
    "priority>=3^priority<5": "B",
    "priorityBETWEEN2@3": "BDE",
    "numberINA,C,X": "AC",
    "numberNOT INA,C": "BDE",
    "short_descriptionLIKEprinter": "AB",
    "short_description*PRINTER": "AB",
    "short_descriptionNOT LIKEprinter": "CDE",
    "short_description!*printer": "CDE",
    "short_descriptionSTARTSWITHprin": "AB",
    "short_descriptionENDSWITHslow": "C",
    "short_description%slow": "C",
    "categoryISEMPTY": "CDE",
    "categoryEMPTYSTRING": "CDE",
    "category=": "CDE",
    "categoryISNOTEMPTY": "AB",
    "categoryANYTHING": "ABCDE",
    "category!=hardware": "CDE",
    # ^OR binds to the condition right before it.
    "active=true^number=A^ORnumber=E": "A",
    "number=E^ORnumber=A^active=true": "A",
    "number=B^ORnumber=C^ORnumber=D": "BCD",
    # ^NQ joins whole groups.
    "active=true^number=A^NQactive=false": "AE",
    "number=A^NQnumber=B^NQnumber=C": "ABC",
    # Trailing marks the user interface puts there.
    "number=A^EQ": "A",
    "number=A^GROUPBYpriority": "A",
    # Dot-walking, and texts of references.
    "caller_id.name=Ada Lund": "AC",
    "caller_id.company.name=Berlin GmbH": "AC",
    "caller_id.company.nameSTARTSWITHber": "AC",
    "caller_idLIKElund": "AC",
    "caller_idSTARTSWITHAda": "AC",
    "caller_idISEMPTY": "BDE",
    # Dates are texts in UTC.
    "opened_at>2026-03-04": "CDE",
    "opened_at>2026-03-04 08:00:00": "DE",
    "opened_at>=2026-03-04 08:00:00": "CDE",
    "opened_at<2026-03-03 00:00:00": "A",
    "opened_atBETWEEN2026-03-03 00:00:00@2026-03-04 23:59:59": "BC",
    "opened_at>=javascript:gs.daysAgoStart(1)": "DE",
    "opened_at<javascript:gs.beginningOfToday()": "ABCD",
    "opened_at>=javascript:gs.dateGenerate('2026-03-05','00:00:00')": "DE",
    "opened_atONToday@javascript:gs.beginningOfToday()@javascript:gs.endOfToday()": "E",
    "opened_atNOTONToday@javascript:gs.beginningOfToday()@javascript:gs.endOfToday()": "ABCD",
    "opened_atRELATIVEGT@dayofweek@ago@2": "DE",
    "opened_atRELATIVELT@hour@ago@30": "ABC",
    "opened_atDATEPARTTuesday@javascript:gs.datePart('dayofweek','tuesday','EE')": "B",
    # Fields against fields.
    "impactSAMEASurgency": "ABC",
    "impactNSAMEASurgency": "DE",
    "sys_class_nameINSTANCEOFtask": "ABCDE",
    # What does not exist is silently left out: the rest still counts, and nothing is everything.
    "bogus=1": "ABCDE",
    "bogus=1^number=A": "A",
    "number=A^ORbogus=1": "A",
    "caller_id.bogus=1^number=B": "B",
    "number.name=x^number=C": "C",
    "not a condition": "ABCDE",
    "numberVALCHANGES": "ABCDE",
    # A doubled caret is a caret in a value.
    "short_description=a^^b": "E",
    "short_description=a^b": "",
    "short_description=100% disk": "D",
}


@pytest.mark.parametrize(("query", "expected"), CASES.items())
def test_a_query_finds(desk: Sandbox, login: Callable[..., Client], query: str, expected: str) -> None:
    found = login(desk).rows("incident", query, fields="number")
    assert "".join(sorted(row["number"] for row in found)) == expected


ORDERS = {
    "ORDERBYnumber": "ABCDE",
    "ORDERBYDESCnumber": "EDCBA",
    "ORDERBYpriority^ORDERBYnumber": "ADEBC",
    "ORDERBYDESCpriority^ORDERBYnumber": "CBDEA",
    "number!=C^ORDERBYDESCopened_at": "EDBA",
    "ORDERBYbogus^ORDERBYDESCnumber": "EDCBA",
    "ORDERBYcaller_id^ORDERBYnumber": "BDEAC",
}


@pytest.mark.parametrize(("query", "expected"), ORDERS.items())
def test_an_order_is_kept(desk: Sandbox, login: Callable[..., Client], query: str, expected: str) -> None:
    found = login(desk).rows("incident", query, fields="number")
    assert "".join(row["number"] for row in found) == expected


def test_a_parent_table_finds_the_records_of_all_that_extend_it(desk: Sandbox, client: Client) -> None:
    desk.servicenow.insert("problem", number="P")
    found = client.rows("task", "numberINA,P^ORDERBYnumber", fields="number,sys_class_name")
    assert found == [
        {"number": "A", "sys_class_name": "incident"},
        {"number": "P", "sys_class_name": "problem"},
    ]


def test_a_related_list_query_counts_the_rows_that_point_here(desk: Sandbox, client: Client) -> None:
    incident = desk.servicenow.rows("incident", "number=B")[0]["sys_id"]
    desk.servicenow.insert("task_sla", task=incident, stage="paused")
    found = client.rows("incident", "RLQUERYtask_sla.task,>=1^stage=paused^ENDRLQUERY^active=true")
    assert [row["number"] for row in found] == ["B"]
    assert client.rows("incident", "RLQUERYtask_sla.task,>=1^stage=completed^ENDRLQUERY") == []


def test_the_asking_user_is_known_to_a_query(desk: Sandbox, client: Client) -> None:
    me = desk.servicenow.rows("sys_user", "user_name=accord")[0]["sys_id"]
    desk.servicenow.update(
        "incident", desk.servicenow.rows("incident", "number=B")[0]["sys_id"], assigned_to=me
    )
    for query in (
        "assigned_to=javascript:gs.getUserID()",
        "assigned_toDYNAMIC90d1921e5f510100a9ad2572f2b477fe",
    ):
        assert [row["number"] for row in client.rows("incident", query)] == ["B"]


@pytest.mark.parametrize("mode", ["none", "403"])
def test_an_instance_may_refuse_unknown_fields(desk: Sandbox, client: Client, mode: str) -> None:
    desk.servicenow.quirks.unknown_query_field = mode  # type: ignore[assignment]
    response = client.table("incident", "bogus=1")
    if mode == "none":
        assert response.json() == {"result": []}
    else:
        assert response.status_code == 403
        assert response.json()["error"]["message"] == "Insufficient rights to query records"


def test_the_system_property_makes_unknown_fields_find_nothing(desk: Sandbox, client: Client) -> None:
    desk.servicenow.insert("sys_properties", name="glide.invalid_query.returns_no_rows", value="true")
    assert client.rows("incident", "bogus=1") == []
    assert len(client.rows("incident", "active=true")) == 4


def test_plain_parameters_take_display_values(desk: Sandbox, client: Client) -> None:
    closed = client.get("/api/now/table/incident", state="closed").json()["result"]
    assert [row["number"] for row in closed] == ["E"]
    ada = client.get("/api/now/table/incident", caller_id="Ada Lund", active="true").json()["result"]
    assert sorted(row["number"] for row in ada) == ["A", "C"]


def test_a_users_time_zone_counts_in_functions_but_not_in_literals(desk: Sandbox, client: Client) -> None:
    accord = desk.servicenow.rows("sys_user", "user_name=accord")[0]["sys_id"]
    desk.servicenow.update("sys_user", accord, time_zone="Asia/Tokyo")
    late = desk.servicenow.insert("incident", number="L")
    assert desk.servicenow.record("incident", late)["opened_at"] == "2026-03-06 08:00:00"
    # It is 17:00 in Tokyo: the day there began at 15:00 UTC of the day before.
    found = client.rows("incident", "opened_at<javascript:gs.beginningOfToday()^ORDERBYnumber")
    assert [row["number"] for row in found] == list("ABCD")
    day = "javascript:gs.dateGenerate('2026-03-06','16:30:00')"
    assert len(client.rows("incident", f"opened_at>={day}")) == 2
    assert client.rows("incident", "opened_at>=2026-03-06 16:30:00") == []
