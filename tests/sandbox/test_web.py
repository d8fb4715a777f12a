"""The pages a person looks at."""

from __future__ import annotations

import pytest

from connector.sandbox import Sandbox
from connector.sandbox.wire import Request
from connector.sandbox.world import instant
from tests.sandbox.conftest import Client


def page(sandbox: Sandbox, target: str, status: int = 200) -> str:
    response = sandbox.handle(Request.make("GET", target))
    assert response.status == status
    return response.body.decode()


@pytest.fixture
def ticket(sandbox: Sandbox, client: Client) -> str:
    client.create("sys_db_object", name="u_accord_achievement", label="SLA achievement")
    for name, kind in {"u_key": "string", "u_state": "string", "u_due": "glide_date_time"}.items():
        client.create("sys_dictionary", name="u_accord_achievement", element=name, internal_type=kind)
    client.create(
        "sys_dictionary",
        name="u_accord_achievement",
        element="u_ticket",
        internal_type="reference",
        reference="task",
    )
    sys_id: str = client.create(
        "incident", short_description="<b>Mail</b>", comments="we look <i>into</i> it"
    )["sys_id"]
    client.patch("incident", sys_id, state="3", hold_reason="1", work_notes="75 % used")
    client.create("u_accord_achievement", u_key="key-1", u_ticket=sys_id, u_state="running")
    client.send(
        "POST",
        f"/api/now/attachment/file?table_name=incident&table_sys_id={sys_id}&file_name=proof.json",
        data=b"{}",
        headers={"Content-Type": "application/json"},
    )
    return sys_id


def test_a_ticket_shows_what_an_agent_needs(sandbox: Sandbox, ticket: str) -> None:
    text = page(sandbox, f"/r/incident/{ticket}")
    for seen in ("On Hold", "Awaiting Caller", "75 % used", "key-1", "running", "proof.json", "INC0010001"):
        assert seen in text
    assert text.index("75 % used") < text.index("we look")


def test_everything_is_escaped_and_nothing_runs(sandbox: Sandbox, ticket: str) -> None:
    for target in (f"/r/incident/{ticket}", "/t/incident?query=%22%3E%3Cscript%3E", "/nope/%3Cscript%3E"):
        text = sandbox.handle(Request.make("GET", target)).body.decode()
        assert "<b>Mail" not in text
        assert "<i>into" not in text
        assert "<script" not in text


def test_lists_take_queries_and_turn_pages(sandbox: Sandbox, ticket: str) -> None:
    for n in range(60):
        sandbox.servicenow.insert("incident", number=f"N{n:02d}", urgency=1)
    assert "61 records" in page(sandbox, "/t/incident")
    second = page(sandbox, "/t/incident?query=urgency%3D1%5EORDERBYnumber&page=2")
    assert "N50" in second
    assert "N49" not in second
    assert "page 2 of 2" in second
    assert "Nothing found" in page(sandbox, "/t/incident?query=number%3Dnone")
    assert "left out: bogus=1" in page(sandbox, "/t/incident?query=bogus%3D1")


def test_the_first_page_counts_the_tables(sandbox: Sandbox, ticket: str) -> None:
    text = page(sandbox, "/")
    assert "SLA achievement" in text
    assert "/t/incident" in text
    assert "2026-03-02T08:00:00Z" in text


@pytest.mark.parametrize("target", ["/t/nope", "/r/incident/nope", "/r/nope/nope"])
def test_what_is_not_here_is_said(sandbox: Sandbox, target: str) -> None:
    assert "There is nothing at" in page(sandbox, target, status=404)


def test_every_table_and_record_of_the_log_has_a_page() -> None:
    sandbox = Sandbox(now=0)
    sandbox.load_log(until=instant("2016-03-08T00:00:00Z"))
    for table in sandbox.servicenow.tables:
        page(sandbox, f"/t/{table.name}")
        for sys_id in list(table.rows)[:2]:
            page(sandbox, f"/r/{table.name}/{sys_id}")
