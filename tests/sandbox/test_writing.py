"""What a write does to a record, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.conftest import START, URL, Client


def audit(sandbox: Sandbox, sys_id: str) -> list[dict[str, str]]:
    return sandbox.servicenow.rows("sys_audit", f"documentkey={sys_id}^ORDERBYinternal_checkpoint")


class TestCreating:
    def test_a_new_incident_is_completed(self, sandbox: Sandbox, client: Client) -> None:
        response = client.post("incident", short_description="Mail", impact="2", urgency="1", priority="5")
        made = response.json()["result"]
        assert response.status_code == 201
        assert response.headers["Location"] == f"{URL}/api/now/table/incident/{made['sys_id']}"
        assert made["number"] == "INC0010001"
        assert (made["state"], made["incident_state"], made["active"]) == ("1", "1", "true")
        assert made["priority"] == "2"
        assert made["sys_mod_count"] == "0"
        assert made["sys_created_by"] == made["sys_updated_by"] == "accord"
        assert (
            made["opened_by"]["value"] == sandbox.servicenow.rows("sys_user", "user_name=accord")[0]["sys_id"]
        )
        assert client.create("incident")["number"] == "INC0010002"

    def test_a_body_can_be_declined(self, client: Client) -> None:
        response = client.send(
            "POST", "/api/now/table/incident", json={}, headers={"X-no-response-body": "true"}
        )
        assert (response.status_code, response.content) == (201, b"")
        assert "/api/now/table/incident/" in response.headers["Location"]

    def test_of_several_records_only_the_first_is_made(self, client: Client) -> None:
        client.send("POST", "/api/now/table/incident", json={"records": [{"number": "A"}, {"number": "B"}]})
        assert [row["number"] for row in client.rows("incident")] == ["A"]

    def test_unknown_and_system_fields_are_ignored(self, client: Client) -> None:
        made = client.create("incident", bogus="1", sys_created_on="2001-01-01 00:00:00", sys_id="f" * 32)
        assert "bogus" not in made
        assert made["sys_created_on"] == "2026-03-02 08:00:00"
        assert made["sys_id"] != "f" * 32

    def test_long_texts_are_cut_without_a_word(self, client: Client) -> None:
        assert client.create("incident", short_description="x" * 500)["short_description"] == "x" * 160

    @pytest.mark.parametrize(
        ("field", "sent", "held"),
        [
            ("active", True, "true"),
            ("knowledge", "1", "true"),
            ("severity", 2, "2"),
            ("severity", "many", ""),
            ("due_date", "2026-03-04 10:00:00", "2026-03-04 10:00:00"),
            ("due_date", "2026-03-04T10:00:00Z", "2026-03-04 10:00:00"),
            ("due_date", "tomorrow", ""),
            ("description", None, ""),
            ("assigned_to", "no such person", ""),
        ],
    )
    def test_values_are_held_as_their_type_wants(
        self, client: Client, field: str, sent: object, held: str
    ) -> None:
        assert client.create("incident", **{field: sent})[field] == held

    def test_references_take_a_display_value(self, sandbox: Sandbox, client: Client) -> None:
        group = sandbox.servicenow.insert("sys_user_group", name="Network")
        assert client.create("incident", assignment_group="Network")["assignment_group"]["value"] == group

    def test_display_values_are_read_in_the_users_zone(self, sandbox: Sandbox, client: Client) -> None:
        me = sandbox.servicenow.rows("sys_user", "user_name=accord")[0]["sys_id"]
        sandbox.servicenow.update("sys_user", me, time_zone="Europe/Berlin")
        response = client.send(
            "POST",
            "/api/now/table/incident?sysparm_input_display_value=true",
            json={"due_date": "2026-03-04 10:00:00", "state": "In Progress"},
        )
        made = response.json()["result"]
        assert (made["due_date"], made["state"]) == ("2026-03-04 09:00:00", "2")

    def test_the_callers_company_is_the_incidents(self, sandbox: Sandbox, client: Client) -> None:
        company = sandbox.servicenow.insert("core_company", name="ACME")
        caller = sandbox.servicenow.insert("sys_user", user_name="u", company=company)
        assert client.create("incident", caller_id=caller)["company"]["value"] == company


class TestChanging:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_only_the_named_fields_change(self, sandbox: Sandbox, client: Client, method: str) -> None:
        made = client.create("incident", short_description="Mail", description="long")
        sandbox.advance(START + 90_500)
        response = client.send(method, f"/api/now/table/incident/{made['sys_id']}", json={"description": ""})
        changed = response.json()["result"]
        assert response.status_code == 200
        assert (changed["short_description"], changed["description"]) == ("Mail", "")
        assert changed["sys_mod_count"] == "1"
        assert changed["sys_updated_on"] == "2026-03-02 08:01:30"

    def test_a_change_of_nothing_counts_nothing(self, sandbox: Sandbox, client: Client) -> None:
        made = client.create("incident", short_description="Mail")
        sandbox.advance(START + 60_000)
        changed = client.patch("incident", made["sys_id"], short_description="Mail").json()["result"]
        assert changed["sys_mod_count"] == "0"
        assert changed["sys_updated_on"] == made["sys_updated_on"]
        assert audit(sandbox, made["sys_id"]) == []

    def test_priority_follows_impact_and_urgency_only(self, client: Client) -> None:
        made = client.create("incident")
        assert made["priority"] == "5"
        assert client.patch("incident", made["sys_id"], priority="1").json()["result"]["priority"] == "5"
        assert client.patch("incident", made["sys_id"], impact="1").json()["result"]["priority"] == "3"

    def test_resolving_closing_and_reopening_set_their_dates(self, sandbox: Sandbox, client: Client) -> None:
        sys_id = client.create("incident")["sys_id"]
        sandbox.advance(START + 60_000)
        resolved = client.patch("incident", sys_id, state="6").json()["result"]
        assert resolved["resolved_at"] == "2026-03-02 08:01:00"
        assert resolved["active"] == "true"
        sandbox.advance(START + 120_000)
        closed = client.patch("incident", sys_id, state="7").json()["result"]
        assert (closed["closed_at"], closed["active"]) == ("2026-03-02 08:02:00", "false")
        again = client.patch("incident", sys_id, state="2").json()["result"]
        assert (again["closed_at"], again["resolved_at"], again["active"]) == ("", "", "true")
        assert again["reopen_count"] == "1"

    def test_leaving_on_hold_forgets_the_reason(self, client: Client) -> None:
        sys_id = client.create("incident")["sys_id"]
        client.patch("incident", sys_id, state="3", hold_reason="1")
        assert client.patch("incident", sys_id, state="2").json()["result"]["hold_reason"] == ""

    def test_reassigning_is_counted(self, sandbox: Sandbox, client: Client) -> None:
        groups = [sandbox.servicenow.insert("sys_user_group", name=name) for name in "AB"]
        sys_id = client.create("incident", assignment_group=groups[0])["sys_id"]
        changed = client.patch("incident", sys_id, assignment_group=groups[1]).json()["result"]
        assert changed["reassignment_count"] == "1"

    def test_a_change_request_may_not_skip_a_state(self, client: Client) -> None:
        sys_id = client.create("change_request")["sys_id"]
        refused = client.patch("change_request", sys_id, state="-1")
        assert refused.status_code == 403
        assert refused.json()["error"]["message"] == "Operation Failed"
        assert (
            "aborted by Business Rule 'Change Model: Check State Transition^"
            in refused.json()["error"]["detail"]
        )
        assert client.patch("change_request", sys_id, state="-4").status_code == 200

    def test_deleting_leaves_a_trace(self, sandbox: Sandbox, login: Callable[..., Client]) -> None:
        admin = login(sandbox, "admin")
        made = admin.create("incident", short_description="gone")
        response = admin.send("DELETE", f"/api/now/table/incident/{made['sys_id']}")
        assert (response.status_code, response.content) == (204, b"")
        assert admin.get(f"/api/now/table/incident/{made['sys_id']}").status_code == 404
        trace = admin.rows("sys_audit_delete", f"documentkey={made['sys_id']}")
        assert [(row["tablename"], row["display_value"], row["user"]) for row in trace] == [
            ("incident", made["number"], "admin")
        ]


class TestAudit:
    def test_making_a_record_leaves_no_rows(self, sandbox: Sandbox, client: Client) -> None:
        assert audit(sandbox, client.create("incident", comments="hello")["sys_id"]) == []

    def test_one_update_is_one_checkpoint(self, sandbox: Sandbox, client: Client) -> None:
        sys_id = client.create("incident", state="1", urgency="3")["sys_id"]
        sandbox.advance(START + 60_000)
        client.patch("incident", sys_id, state="2", urgency="1", work_notes="on it")
        rows = {row["fieldname"]: row for row in audit(sandbox, sys_id)}
        assert set(rows) == {"state", "incident_state", "urgency", "priority", "work_notes"}
        assert (rows["state"]["oldvalue"], rows["state"]["newvalue"]) == ("1", "2")
        assert rows["work_notes"]["newvalue"] == "on it"
        assert {row["record_checkpoint"] for row in rows.values()} == {"1"}
        assert len({row["internal_checkpoint"] for row in rows.values()}) == 1
        assert {row["user"] for row in rows.values()} == {"accord"}
        assert {row["tablename"] for row in rows.values()} == {"incident"}
        assert {row["sys_created_on"] for row in rows.values()} == {"2026-03-02 08:01:00"}

    def test_references_are_audited_by_id(self, sandbox: Sandbox, client: Client) -> None:
        group = sandbox.servicenow.insert("sys_user_group", name="Network")
        sys_id = client.create("incident")["sys_id"]
        client.patch("incident", sys_id, assignment_group="Network")
        assert [(r["oldvalue"], r["newvalue"]) for r in audit(sandbox, sys_id)] == [("", group)]

    def test_a_table_that_is_not_audited_leaves_nothing(self, sandbox: Sandbox, client: Client) -> None:
        made = client.create("kb_knowledge", short_description="a")
        client.patch("kb_knowledge", made["sys_id"], short_description="b")
        assert audit(sandbox, made["sys_id"]) == []

    def test_rows_may_be_dated_later_than_the_update(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        sandbox = make(audit_seconds_later=1)
        client = login(sandbox)
        sys_id = client.create("incident")["sys_id"]
        updated = client.patch("incident", sys_id, state="2").json()["result"]["sys_updated_on"]
        assert updated == "2026-03-02 08:00:00"
        assert {row["sys_created_on"] for row in audit(sandbox, sys_id)} == {"2026-03-02 08:00:01"}

    def test_rows_may_show_late(self, make: Callable[..., Sandbox], login: Callable[..., Client]) -> None:
        sandbox = make(audit_delay_ms=5000)
        client = login(sandbox)
        sys_id = client.create("incident")["sys_id"]
        client.patch("incident", sys_id, state="2")
        assert client.rows("sys_audit", f"documentkey={sys_id}") == []
        sandbox.advance(START + 5000)
        late = client.rows("sys_audit", f"documentkey={sys_id}^fieldname=state")
        assert late[0]["sys_created_on"] == "2026-03-02 08:00:00"


class TestJournals:
    def test_comments_are_entries_of_their_own(self, sandbox: Sandbox, client: Client) -> None:
        sys_id = client.create("incident", work_notes="first")["sys_id"]
        sandbox.advance(START + 60_000)
        client.patch("incident", sys_id, comments="hello [k1]")
        entries = client.rows("sys_journal_field", f"element_id={sys_id}^ORDERBYsys_created_on")
        assert [(e["element"], e["value"], e["sys_created_by"], e["name"]) for e in entries] == [
            ("work_notes", "first", "accord", "incident"),
            ("comments", "hello [k1]", "accord", "incident"),
        ]
        assert client.rows("sys_journal_field", f"element_id={sys_id}^valueLIKE[k1]")

    def test_a_note_updates_its_record(self, sandbox: Sandbox, client: Client) -> None:
        sys_id = client.create("incident")["sys_id"]
        sandbox.advance(START + 60_000)
        noted = client.patch("incident", sys_id, work_notes="x").json()["result"]
        assert (noted["sys_mod_count"], noted["work_notes"]) == ("1", "")
        assert noted["sys_updated_on"] == "2026-03-02 08:01:00"

    def test_displayed_a_journal_is_the_whole_conversation(self, client: Client) -> None:
        sys_id = client.create("incident", comments="one")["sys_id"]
        shown = client.rows("incident", f"sys_id={sys_id}", fields="comments", display_value="true")
        assert shown == [{"comments": "2026-03-02 08:00:00 - accord (Additional comments)\none\n\n"}]
