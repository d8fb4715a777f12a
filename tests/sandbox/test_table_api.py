"""The Table API's shapes, codes and bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from connector.sandbox import Sandbox
from tests.sandbox.conftest import URL, Client


@pytest.fixture
def incident(sandbox: Sandbox) -> dict[str, str]:
    now = sandbox.servicenow
    company = now.insert("core_company", name="ACME")
    ada = now.insert("sys_user", user_name="ada", name="Ada Lund", company=company)
    sys_id = now.insert("incident", short_description="Mail", caller_id=ada, impact=1, urgency=2, by="ada")
    return now.record("incident", sys_id) | {"company_id": company}


class TestShapes:
    def test_values_are_texts_and_references_have_links(
        self, client: Client, incident: dict[str, str]
    ) -> None:
        shown = client.get(f"/api/now/table/incident/{incident['sys_id']}").json()["result"]
        assert shown["priority"] == "2"
        assert shown["active"] == "true"
        assert shown["assigned_to"] == ""
        assert shown["caller_id"] == {
            "link": f"{URL}/api/now/table/sys_user/{incident['caller_id']}",
            "value": incident["caller_id"],
        }
        assert shown["comments"] == ""
        assert shown["opened_at"] == "2026-03-02 08:00:00"

    def test_links_can_be_left_out(self, client: Client, incident: dict[str, str]) -> None:
        row = client.rows("incident", exclude_reference_link="True", fields="caller_id")[0]
        assert row == {"caller_id": incident["caller_id"]}

    def test_display_values_have_no_value_key(self, client: Client, incident: dict[str, str]) -> None:
        row = client.rows("incident", display_value="true", fields="caller_id,priority,state,opened_at")[0]
        assert row == {
            "caller_id": {
                "display_value": "Ada Lund",
                "link": f"{URL}/api/now/table/sys_user/{incident['caller_id']}",
            },
            "priority": "2 - High",
            "state": "New",
            "opened_at": "2026-03-02 08:00:00",
        }
        plain = client.rows(
            "incident", display_value="true", fields="caller_id", exclude_reference_link="true"
        )
        assert plain == [{"caller_id": "Ada Lund"}]

    def test_all_gives_both_for_every_field(self, client: Client, incident: dict[str, str]) -> None:
        row = client.rows("incident", display_value="all", fields="caller_id,state,assigned_to")[0]
        assert row["state"] == {"display_value": "New", "value": "1"}
        assert row["assigned_to"] == {"display_value": "", "value": ""}
        assert set(row["caller_id"]) == {"display_value", "value", "link"}

    def test_dot_walked_fields_are_flat_keys(self, client: Client, incident: dict[str, str]) -> None:
        row = client.rows("incident", fields="number,caller_id.name,caller_id.company,caller_id.bogus,bogus")[
            0
        ]
        assert row == {
            "number": incident["number"],
            "caller_id.name": "Ada Lund",
            "caller_id.company": {
                "link": f"{URL}/api/now/table/core_company/{incident['company_id']}",
                "value": incident["company_id"],
            },
        }

    def test_dates_are_shown_in_the_users_zone_and_stored_in_utc(
        self, sandbox: Sandbox, client: Client, incident: dict[str, str]
    ) -> None:
        me = sandbox.servicenow.rows("sys_user", "user_name=accord")[0]["sys_id"]
        sandbox.servicenow.update("sys_user", me, time_zone="Europe/Berlin")
        row = client.rows("incident", fields="opened_at", display_value="all")[0]
        assert row["opened_at"] == {"display_value": "2026-03-02 09:00:00", "value": "2026-03-02 08:00:00"}

    def test_durations_are_dates_after_the_epoch(
        self, sandbox: Sandbox, client: Client, incident: dict[str, str]
    ) -> None:
        sandbox.advance(sandbox.world.now() + 3_725_000)
        client.patch("incident", incident["sys_id"], state="6")
        row = client.rows("incident", fields="calendar_duration,calendar_stc", display_value="all")[0]
        assert row["calendar_duration"]["value"] == "1970-01-01 01:02:05"
        assert row["calendar_duration"]["display_value"] == "1 Hour 2 Minutes"
        assert row["calendar_stc"]["value"] == "3725"

    def test_empty_and_miscased_parameters_are_what_clients_send(
        self, client: Client, incident: dict[str, str]
    ) -> None:
        row = client.rows("incident", "", display_value="False", fields="", view="", limit="10000")[0]
        assert row["number"] == incident["number"]

    def test_xml_for_who_asks_for_it(self, client: Client, incident: dict[str, str]) -> None:
        response = client.send(
            "GET",
            "/api/now/table/incident?sysparm_fields=number,short_description",
            headers={"Accept": "application/xml"},
        )
        assert response.headers["Content-Type"].startswith("application/xml")
        assert f"<result><number>{incident['number']}</number>" in response.text


class TestRoutes:
    @pytest.mark.parametrize("version", ["", "/v1", "/v2"])
    def test_every_version_reads(self, client: Client, incident: dict[str, str], version: str) -> None:
        path = f"/api/now{version}/table/incident/{incident['sys_id']}"
        assert client.get(path).json()["result"]["number"] == incident["number"]

    def test_the_first_version_answers_an_empty_list_with_404(self, client: Client) -> None:
        assert client.get("/api/now/v1/table/incident").status_code == 404
        assert client.get("/api/now/v2/table/incident").json() == {"result": []}

    def test_head_is_get_without_a_body(self, client: Client, incident: dict[str, str]) -> None:
        response = client.send("HEAD", "/api/now/table/incident")
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["X-Total-Count"] == "1"

    def test_a_method_can_be_named_in_a_header(self, client: Client, incident: dict[str, str]) -> None:
        response = client.send(
            "POST",
            f"/api/now/table/incident/{incident['sys_id']}",
            json={"urgency": "1"},
            headers={"X-HTTP-Method-Override": "PATCH"},
        )
        assert response.json()["result"]["priority"] == "1"

    def test_a_table_behind_its_parent(self, client: Client, incident: dict[str, str]) -> None:
        shown = client.get(f"/api/now/table/task/{incident['sys_id']}").json()["result"]
        assert shown["sys_class_name"] == "incident"


ERRORS: list[tuple[str, str, dict[str, Any], int, str, str | None]] = [
    ("GET", "/api/now/table/nope", {}, 400, "Invalid table nope", None),
    ("GET", "/api/now/nope", {}, 400, "Requested URI does not represent any resource", None),
    ("GET", "/nope", {}, 400, "Requested URI does not represent any resource", None),
    ("GET", "/api/now/batch", {}, 400, "Requested URI does not represent any resource", None),
    (
        "GET",
        "/api/now/table/incident/0123",
        {},
        404,
        "No Record found",
        "Record doesn't exist or ACL restricts the record retrieval",
    ),
    ("DELETE", "/api/now/table/incident", {}, 405, "Method not supported", None),
    ("POST", "/api/now/table/incident/0123", {"json": {}}, 405, "Method not supported", None),
    (
        "POST",
        "/api/now/table/incident",
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        400,
        "Exception while reading request",
        "The payload is not valid JSON.",
    ),
    ("POST", "/api/now/table/incident", {"data": b"{}"}, 400, "Content-Type header is missing", None),
    (
        "POST",
        "/api/now/table/incident",
        {"data": b"<a/>", "headers": {"Content-Type": "text/csv"}},
        415,
        "Unsupported media type",
        "text/csv is not supported",
    ),
    (
        "GET",
        "/api/now/table/incident",
        {"headers": {"Accept": "text/csv"}},
        406,
        "Not acceptable",
        "text/csv is not supported",
    ),
]


@pytest.mark.parametrize(("method", "path", "kwargs", "status", "message", "detail"), ERRORS)
def test_an_error_has_the_platforms_envelope(
    client: Client,
    method: str,
    path: str,
    kwargs: dict[str, Any],
    status: int,
    message: str,
    detail: str | None,
) -> None:
    response = client.send(method, path, **kwargs)
    assert response.status_code == status
    assert response.json() == {"error": {"message": message, "detail": detail}, "status": "failure"}


class TestAccess:
    @pytest.mark.parametrize("auth", [None, ("accord", "wrong"), ("nobody", "nobody")])
    def test_a_wrong_login_is_refused(self, sandbox: Sandbox, auth: tuple[str, str] | None) -> None:
        session = requests.Session()
        session.mount("http://", sandbox.transport())
        response = session.get(f"{URL}/api/now/table/incident", auth=auth)
        assert response.status_code == 401
        assert response.json()["error"]["message"] == "User Not Authenticated"
        assert response.headers["WWW-Authenticate"] == 'BASIC realm="Service-now"'
        assert response.headers["X-Is-Logged-In"] == "false"

    def test_who_may_only_read_writes_nothing(
        self, sandbox: Sandbox, login: Callable[..., Client], incident: dict[str, str]
    ) -> None:
        reader = login(sandbox, "reader")
        assert len(reader.rows("incident")) == 1
        made = reader.post("incident", short_description="x")
        assert made.status_code == 403
        assert made.json()["error"] == {
            "message": "Operation Failed",
            "detail": "ACL Exception Insert Failed due to security constraints",
        }
        changed = reader.patch("incident", incident["sys_id"], state="2")
        assert changed.json()["error"]["detail"] == "ACL Exception Update Failed due to security constraints"
        gone = reader.send("DELETE", f"/api/now/table/incident/{incident['sys_id']}")
        assert gone.json()["error"]["detail"] == "ACL Exception Delete Failed due to security constraints"

    @pytest.mark.parametrize("mode", ["empty", "403"])
    def test_the_audit_is_for_who_may_view_it(
        self, make: Callable[..., Sandbox], login: Callable[..., Client], mode: str
    ) -> None:
        sandbox = make(denied_audit=mode)
        sys_id = sandbox.servicenow.insert("incident")
        sandbox.servicenow.update("incident", sys_id, state=2, comments="hello")
        assert login(sandbox).rows("sys_audit", f"documentkey={sys_id}")
        assert login(sandbox).rows("sys_journal_field", f"element_id={sys_id}")
        answer = login(sandbox, "no_audit").table("sys_audit", f"documentkey={sys_id}")
        if mode == "403":
            assert answer.status_code == 403
            assert answer.json()["error"]["detail"] == "Failed API level ACL Validation"
        else:
            assert answer.json() == {"result": []}
            assert int(answer.headers["X-Total-Count"]) > 0

    def test_the_dictionary_may_be_closed(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        sandbox = make(dictionary_readable=False)
        assert login(sandbox).rows("sys_dictionary", "name=incident") == []
        assert login(sandbox, "admin").rows("sys_dictionary", "name=incident")

    def test_a_table_may_be_closed(self, make: Callable[..., Sandbox], login: Callable[..., Client]) -> None:
        sandbox = make(denied_tables=frozenset({"problem"}))
        assert login(sandbox).table("problem").status_code == 403
        assert login(sandbox, "admin").table("problem").status_code == 200

    def test_a_field_may_be_closed(self, make: Callable[..., Sandbox], login: Callable[..., Client]) -> None:
        sandbox = make(unreadable_fields={"incident": frozenset({"description"})}, unknown_query_field="403")
        sandbox.servicenow.insert("incident", description="secret")
        assert "description" not in login(sandbox).rows("incident")[0]
        assert login(sandbox).table("incident", "descriptionLIKEsecret").status_code == 403
        assert login(sandbox, "admin").rows("incident", "descriptionLIKEsecret")[0]["description"] == "secret"

    def test_what_the_engine_owns_nobody_writes(self, sandbox: Sandbox, login: Callable[..., Client]) -> None:
        admin = login(sandbox, "admin")
        for table in ("task_sla", "sys_audit", "sys_journal_field"):
            assert admin.post(table).status_code == 403

    def test_the_least_user_writes_its_own_and_makes_no_tables(
        self, sandbox: Sandbox, login: Callable[..., Client]
    ) -> None:
        least = login(sandbox, "accord_min")
        assert least.post("sys_db_object", name="u_x").status_code == 403
        login(sandbox, "admin").create("sys_db_object", name="u_x", label="X")
        made = least.create("u_x")
        assert least.send("DELETE", f"/api/now/table/u_x/{made['sys_id']}").status_code == 204


class TestLimits:
    def test_a_limited_user_is_told_until_when(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        sandbox = make(requests_per_hour=3, limiter_lag_s=0)
        client = login(sandbox)
        answers = [client.table("incident") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[0].headers["X-RateLimit-Limit"] == "3"
        assert "Retry-After" not in answers[0].headers
        refused = answers[-1]
        assert refused.headers["Retry-After"] == "3600"
        assert refused.headers["X-RateLimit-Reset"] == str(sandbox.world.now() // 1000 + 3600)
        assert refused.json()["error"]["message"] == "Rate limit exceeded"
        assert login(sandbox, "admin").table("incident").status_code == 200
        sandbox.advance(sandbox.world.now() + 3_600_000)
        assert client.table("incident").status_code == 200

    def test_the_counter_lags(self, make: Callable[..., Sandbox], login: Callable[..., Client]) -> None:
        sandbox = make(requests_per_hour=3)
        client = login(sandbox)
        assert {client.table("incident").status_code for _ in range(10)} == {200}
        sandbox.advance(sandbox.world.now() + 30_000)
        assert client.table("incident").status_code == 429
