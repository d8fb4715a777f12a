"""Batch, Aggregate, Attachment, Email and OAuth."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
import requests

from connector.sandbox import Sandbox
from tests.sandbox.conftest import URL, Client


def part(number: int, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"id": str(number), "method": method, "url": url, "headers": []}
    if body is not None:
        one["body"] = b64encode(json.dumps(body).encode()).decode()
        one["headers"] = [{"name": "Content-Type", "value": "application/json"}]
    return one | more


def batch(client: Client, *parts: dict[str, Any], **headers: str) -> dict[str, Any]:
    body = {"batch_request_id": "7", "rest_requests": list(parts)}
    response = client.send("POST", "/api/now/v1/batch", json=body, headers=headers)
    assert response.status_code == 200
    answered: dict[str, Any] = response.json()
    return answered


class TestBatch:
    def test_each_part_is_answered_by_itself(self, client: Client) -> None:
        made = client.create("incident")["sys_id"]
        answer = batch(
            client,
            part(1, "PATCH", f"/api/now/table/incident/{made}", {"state": "2"}),
            part(
                2,
                "GET",
                f"/api/now/table/incident/{made}?sysparm_fields=state",
                exclude_response_headers=True,
            ),
            part(3, "GET", "/api/now/table/nope"),
            part(4, "POST", "/api/now/table/incident", {"short_description": "new"}),
        )
        assert answer["batch_request_id"] == "7"
        assert answer["unserviced_requests"] == []
        served = {one["id"]: one for one in answer["serviced_requests"]}
        assert [served[n]["status_code"] for n in "1234"] == [200, 200, 400, 201]
        assert served["4"]["status_text"] == "Created"
        assert json.loads(b64decode(served["2"]["body"])) == {"result": {"state": "2"}}
        assert served["2"]["headers"] == []
        assert {header["name"] for header in served["4"]["headers"]} >= {"Location", "Content-Type"}

    def test_it_is_not_atomic_and_lost_parts_are_named(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("item POST *", "timeout", skip=1)
        posts = [part(n, "POST", "/api/now/table/incident", {"correlation_id": f"c{n}"}) for n in (1, 2, 3)]
        answer = batch(client, *posts)
        assert answer["unserviced_requests"] == ["2"]
        assert sorted(row["correlation_id"] for row in client.rows("incident")) == ["c1", "c3"]

    def test_a_part_may_have_happened_all_the_same(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("item POST *", "commit_then_500")
        sandbox.faults.once("item POST *", "commit_then_timeout")
        posts = [part(n, "POST", "/api/now/table/incident", {"correlation_id": f"c{n}"}) for n in (1, 2)]
        answer = batch(client, *posts)
        assert [one["status_code"] for one in answer["serviced_requests"]] == [500]
        assert answer["unserviced_requests"] == ["2"]
        assert len(client.rows("incident")) == 2

    def test_what_does_not_fit_the_output_is_not_served(self, client: Client) -> None:
        client.create("incident")
        reads = [part(n, "GET", "/api/now/table/incident") for n in range(4)]
        answer = batch(client, *reads, **{"X-BATCHREQUEST-MAX-OUTPUT-SIZE": "10"})
        assert answer["unserviced_requests"] == ["1", "2", "3"]

    def test_no_parts_is_an_error(self, client: Client) -> None:
        assert client.send("POST", "/api/now/v1/batch", json={}).status_code == 400
        assert client.send("POST", "/api/now/v1/batch", data=b"no").status_code == 400

    def test_parts_are_counted_by_what_they_did(self, sandbox: Sandbox, client: Client) -> None:
        batch(client, part(1, "GET", "/api/now/table/incident"), part(2, "GET", "/api/now/table/problem"))
        assert sandbox.requests == {"POST batch": 1, "item GET incident": 1, "item GET problem": 1}


@pytest.fixture
def measured(sandbox: Sandbox) -> Sandbox:
    for state, seconds in (("1", ""), ("2", "10"), ("2", "21"), ("2", "30")):
        sandbox.servicenow.insert("incident", state=state, business_stc=seconds)
    return sandbox


class TestStats:
    def stats(self, client: Client, **params: str) -> Any:
        named = {f"sysparm_{key}": value for key, value in params.items()}
        return client.get("/api/now/stats/incident", **named).json()["result"]

    def test_a_count(self, measured: Sandbox, client: Client) -> None:
        assert self.stats(client, count="true") == {"stats": {"count": "4"}}
        assert self.stats(client, count="true", query="state=2") == {"stats": {"count": "3"}}

    def test_figures_of_a_field(self, measured: Sandbox, client: Client) -> None:
        names = {f"{name}_fields": "business_stc" for name in ("avg", "sum", "min", "max")}
        assert self.stats(client, **names) == {
            "stats": {
                "avg": {"business_stc": "20.3333"},
                "sum": {"business_stc": "61"},
                "min": {"business_stc": "10"},
                "max": {"business_stc": "30"},
            }
        }

    def test_dates_have_a_greatest(self, measured: Sandbox, client: Client) -> None:
        newest = self.stats(client, max_fields="sys_updated_on")
        assert newest == {"stats": {"max": {"sys_updated_on": "2026-03-02 08:00:00"}}}

    def test_groups(self, measured: Sandbox, client: Client) -> None:
        groups = self.stats(client, count="true", group_by="state", display_value="all")
        assert groups == [
            {
                "stats": {"count": "1"},
                "groupby_fields": [{"field": "state", "display_value": "New", "value": "1"}],
            },
            {
                "stats": {"count": "3"},
                "groupby_fields": [{"field": "state", "display_value": "In Progress", "value": "2"}],
            },
        ]
        big = self.stats(client, count="true", group_by="state", having="count^state^>^1")
        assert [group["stats"]["count"] for group in big] == ["3"]
        falling = self.stats(client, count="true", group_by="state", order_by="COUNT^DESC")
        assert [group["stats"]["count"] for group in falling] == ["3", "1"]


class TestAttachments:
    def test_a_file_comes_back_as_it_was_sent(self, client: Client) -> None:
        sys_id = client.create("incident")["sys_id"]
        content = bytes(range(256))
        sent = client.send(
            "POST",
            f"/api/now/attachment/file?table_name=incident&table_sys_id={sys_id}&file_name=a.bin",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        made = sent.json()["result"]
        assert sent.status_code == 201
        assert made["size_bytes"] == "256"
        assert sent.headers["Location"].endswith(made["sys_id"])
        got = client.send("GET", made["download_link"].removeprefix(URL))
        assert got.content == content
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert json.loads(got.headers["X-Attachment-Metadata"])["file_name"] == "a.bin"
        query = f"table_name=incident^table_sys_id={sys_id}"
        listed = client.get("/api/now/attachment", sysparm_query=query).json()["result"]
        assert [one["sys_id"] for one in listed] == [made["sys_id"]]
        assert client.send("DELETE", f"/api/now/attachment/{made['sys_id']}").status_code == 204
        assert client.get(f"/api/now/attachment/{made['sys_id']}").status_code == 404

    def test_a_form_carries_a_file_too(self, client: Client) -> None:
        sys_id = client.create("incident")["sys_id"]
        sent = client.send(
            "POST",
            "/api/now/attachment/upload",
            data={"table_name": "incident", "table_sys_id": sys_id},
            files={"uploadFile": ("note.txt", b"hello\r\nyou", "text/plain")},
        )
        made = sent.json()["result"]
        assert (made["file_name"], made["content_type"], made["size_bytes"]) == (
            "note.txt",
            "text/plain",
            "10",
        )
        assert client.get(f"/api/now/attachment/{made['sys_id']}/file").content == b"hello\r\nyou"

    def test_nothing_hangs_on_a_record_that_is_not_there(self, client: Client) -> None:
        path = "/api/now/attachment/file?table_name=incident&table_sys_id=0&file_name=a"
        assert client.send("POST", path, data=b"x", headers={"Content-Type": "text/plain"}).status_code == 404
        assert client.send("POST", path, data=b"x").status_code == 400


def test_a_mail_becomes_a_row_ready_to_be_sent(client: Client) -> None:
    ticket = client.create("incident")["sys_id"]
    sent = client.send(
        "POST",
        "/api/now/v1/email",
        json={
            "to": ["Ada <ada@example.com>", "ben@example.com"],
            "subject": "Late",
            "text": "Your ticket is late.",
            "table_name": "incident",
            "table_record_id": ticket,
        },
    )
    assert sent.status_code == 200
    made = sent.json()["result"]
    row = client.rows("sys_email", f"instance={ticket}")[0]
    assert row["sys_id"] == made["id"]
    assert row["recipients"] == "Ada <ada@example.com>,ben@example.com"
    assert (row["type"], row["subject"], row["target_table"]) == ("send-ready", "Late", "incident")
    assert client.get(f"/api/now/v1/email/{made['id']}").json()["result"]["subject"] == "Late"
    assert client.send("POST", "/api/now/v1/email", json={"subject": "x"}).status_code == 400


class TestOAuth:
    CLIENT = {"client_id": "accord-client", "client_secret": "accord-secret"}

    @pytest.fixture
    def session(self, sandbox: Sandbox) -> requests.Session:
        session = requests.Session()
        session.mount("http://", sandbox.transport())
        return session

    def token(self, session: requests.Session, **form: str) -> requests.Response:
        return session.post(f"{URL}/oauth_token.do", data={**self.CLIENT, **form})

    def password(self, session: requests.Session) -> dict[str, Any]:
        answer = self.token(session, grant_type="password", username="accord", password="accord")
        found: dict[str, Any] = answer.json()
        return found

    def reads(self, session: requests.Session, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return session.get(f"{URL}/api/now/table/incident", headers=headers).status_code

    def test_a_password_gives_a_token_that_expires(self, sandbox: Sandbox, session: requests.Session) -> None:
        token = self.password(session)
        assert (token["token_type"], token["scope"], token["expires_in"]) == ("Bearer", "useraccount", 1799)
        assert self.reads(session, token["access_token"]) == 200
        sandbox.advance(sandbox.world.now() + 1_800_000)
        assert self.reads(session, token["access_token"]) == 401

    def test_the_current_token_is_given_again_with_what_is_left(
        self, sandbox: Sandbox, session: requests.Session
    ) -> None:
        first = self.password(session)
        sandbox.advance(sandbox.world.now() + 600_000)
        second = self.password(session)
        assert second["access_token"] == first["access_token"]
        assert second["expires_in"] == 1199

    def test_a_refresh_token_gives_new_ones_and_stays(
        self, sandbox: Sandbox, session: requests.Session
    ) -> None:
        first = self.password(session)
        sandbox.advance(sandbox.world.now() + 1_900_000)
        form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = self.token(session, **form).json()
        assert second["refresh_token"] == first["refresh_token"]
        assert second["access_token"] != first["access_token"]
        assert self.reads(session, second["access_token"]) == 200

    def test_client_credentials_come_without_a_refresh_token(self, session: requests.Session) -> None:
        token = self.token(session, grant_type="client_credentials").json()
        assert "refresh_token" not in token
        assert self.reads(session, token["access_token"]) == 200

    def test_every_error_is_the_same(self, make: Callable[..., Sandbox], session: requests.Session) -> None:
        wrong = [
            {"grant_type": "password", "username": "accord", "password": "no"},
            {"grant_type": "refresh_token", "refresh_token": "no"},
            {"grant_type": "no"},
            {"grant_type": "client_credentials", "client_secret": "no"},
        ]
        for form in wrong:
            answer = self.token(session, **form)
            assert answer.status_code == 401
            assert answer.json() == {"error_description": "access_denied", "error": "server_error"}

    def test_the_body_must_be_a_form(self, session: requests.Session) -> None:
        assert session.post(f"{URL}/oauth_token.do", json=self.CLIENT).status_code == 401

    def test_tokens_can_be_made_to_expire(self, sandbox: Sandbox, session: requests.Session) -> None:
        token = self.password(session)
        sandbox.servicenow.expire_tokens()
        assert self.reads(session, token["access_token"]) == 401
        assert self.password(session)["access_token"] != token["access_token"]
