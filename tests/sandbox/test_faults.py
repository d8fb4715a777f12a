"""What can go wrong on the way: for each fault, what the client sees and what happened all the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.sandbox import Sandbox
from connector.sandbox.faults import ALL
from tests.sandbox.conftest import START, Client

POST = "POST /api/now/table/incident"


def made(sandbox: Sandbox) -> int:
    return len(sandbox.servicenow.tables["incident"].rows)


class TestBrokenConnections:
    """The exceptions are those of `requests` over a real connection."""

    def test_refused_before_anything_was_sent(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "refused")
        with pytest.raises(requests.ConnectionError) as raised:
            client.post("incident")
        cause = raised.value.args[0]
        assert isinstance(cause, MaxRetryError)
        assert isinstance(cause.reason, NewConnectionError)
        assert made(sandbox) == 0

    def test_a_time_out_before_it_happened(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "timeout")
        with pytest.raises(requests.ReadTimeout):
            client.post("incident")
        assert made(sandbox) == 0
        assert client.slept == [5]

    def test_a_time_out_after_it_happened(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "commit_then_timeout")
        with pytest.raises(requests.ReadTimeout):
            client.post("incident")
        assert made(sandbox) == 1

    def test_a_commit_that_lands_after_some_more_requests(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "late_commit", after_requests=2)
        with pytest.raises(requests.ReadTimeout):
            client.post("incident")
        assert [len(client.rows("incident")) for _ in range(3)] == [0, 0, 1]

    def test_a_commit_that_lands_when_time_moves_on(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "late_commit", after_ms=60_000, after_requests=1000)
        with pytest.raises(requests.ReadTimeout):
            client.post("incident")
        sandbox.advance(START + 59_000)
        assert made(sandbox) == 0
        sandbox.advance(START + 60_000)
        assert sandbox.servicenow.rows("incident")[0]["sys_created_on"] == "2026-03-02 08:01:00"

    def test_a_body_that_breaks_off(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "cut")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.post("incident")
        assert made(sandbox) == 1

    def test_an_answer_later_than_the_clients_patience(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "slow", ms=6000)
        with pytest.raises(requests.ReadTimeout):
            client.post("incident")
        sandbox.faults.once(POST, "slow", ms=4000)
        assert client.post("incident").status_code == 201
        assert client.slept == [5, 4]
        assert made(sandbox) == 2


class TestAnswers:
    @pytest.mark.parametrize(("kind", "happened"), [("500", 0), ("commit_then_500", 1)])
    def test_a_cancelled_transaction(
        self, sandbox: Sandbox, client: Client, kind: str, happened: int
    ) -> None:
        sandbox.faults.once(POST, kind)
        answer = client.post("incident")
        assert answer.status_code == 500
        assert answer.json()["error"]["message"] == "Transaction cancelled: maximum execution time exceeded"
        assert made(sandbox) == happened

    @pytest.mark.parametrize("commit", [False, True])
    def test_a_gateway_in_between(self, sandbox: Sandbox, client: Client, commit: bool) -> None:
        sandbox.faults.once(POST, "gateway", status=502, commit=commit)
        answer = client.post("incident")
        assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html;charset=UTF-8")
        assert made(sandbox) == int(commit)

    def test_too_many_requests_with_and_without_advice(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "429", retry_after_s=7)
        sandbox.faults.once(POST, "429_bare")
        told, untold = client.post("incident"), client.post("incident")
        assert (told.status_code, told.headers["Retry-After"]) == (429, "7")
        assert told.json()["error"]["message"] == "Rate limit exceeded"
        assert (untold.status_code, untold.content) == (429, b"")
        assert "Retry-After" not in untold.headers
        assert made(sandbox) == 0

    def test_half_a_list_and_an_error_in_a_200(self, sandbox: Sandbox, client: Client) -> None:
        for _ in range(4):
            sandbox.servicenow.insert("incident")
        sandbox.faults.once("GET *", "partial_200")
        answer = client.table("incident")
        assert answer.status_code == 200
        assert len(answer.json()["result"]) == 2
        assert answer.json()["status"] == "failure"
        assert "Transaction cancelled" in answer.json()["error"]["message"]
        sandbox.faults.once("GET *", "partial_200", malformed=True)
        with pytest.raises(requests.exceptions.JSONDecodeError):
            client.table("incident").json()

    def test_a_sleeping_instance_answers_with_a_page(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("GET *", "html_200")
        answer = client.table("incident")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")

    def test_an_overflowing_session_answers_with_nothing(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("GET *", "empty_202")
        answer = client.table("incident")
        assert (answer.status_code, answer.content) == (202, b"")

    def test_a_login_that_no_longer_counts(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("GET *", "401")
        assert client.table("incident").status_code == 401

    def test_a_missing_count(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("GET *", "uncounted")
        assert "X-Total-Count" not in client.table("incident").headers

    def test_a_row_that_changes_behind_the_page(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.servicenow.insert("incident")
        sandbox.faults.once("GET *", "touched")
        assert client.rows("incident")[0]["sys_mod_count"] == "0"
        again = client.rows("incident")[0]
        assert (again["sys_mod_count"], again["sys_updated_by"]) == ("1", "somebody")


class TestSwitching:
    def test_a_script_names_the_route_and_how_often(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once("GET */problem", "500", skip=1, times=2)
        assert [client.table("problem").status_code for _ in range(4)] == [200, 500, 500, 200]
        sandbox.faults.always("GET *", "500")
        assert [client.table("incident").status_code for _ in range(3)] == [500] * 3
        sandbox.faults.clear()
        assert client.table("incident").status_code == 200

    def test_rates_are_drawn_by_seed(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        def codes(seed: int) -> list[int]:
            sandbox = make()
            sandbox.faults.rates({"500": 0.3, "429": 0.2}, seed=seed)
            client = login(sandbox)
            return [client.table("incident").status_code for _ in range(200)]

        assert codes(1) == codes(1) != codes(2)
        assert 40 <= codes(1).count(500) <= 80
        assert 25 <= codes(1).count(429) <= 55

    def test_an_unknown_fault_is_named(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="no fault is called 'nope'"):
            sandbox.faults.once("*", "nope")

    def test_what_was_met_is_remembered(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults.once(POST, "500")
        client.post("incident")
        assert sandbox.faults.met == [(POST, "500")]

    @pytest.mark.parametrize("kind", ALL)
    def test_after_any_fault_the_next_request_is_served(
        self, sandbox: Sandbox, client: Client, kind: str
    ) -> None:
        sandbox.faults.once("*", kind)
        with suppress(requests.RequestException):
            client.post("incident", short_description="x")
        assert client.table("incident").status_code == 200


def test_latency_is_slept_through_by_the_clients_clock(login: Callable[..., Client]) -> None:
    sandbox = Sandbox(now=START, latency_ms=120)
    client = login(sandbox)
    client.table("incident")
    assert client.slept == [0.12]


def test_a_sleep_that_moves_the_clock_moves_the_dates(login: Callable[..., Client]) -> None:
    time = [START]
    sandbox = Sandbox(now=lambda: time[0])
    session = requests.Session()
    session.auth = ("accord", "accord")

    def sleep(seconds: float) -> None:
        time[0] += int(seconds * 1000)

    session.mount("http://", sandbox.transport(sleep))
    sandbox.faults.once("GET *", "timeout")
    url = "http://x/api/now/table/incident"
    with pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=(3, 60))
    assert session.get(url).headers["Date"] == "Mon, 02 Mar 2026 08:01:00 GMT"


def test_a_request_body_may_be_text_or_bytes(client: Client) -> None:
    headers: dict[str, Any] = {"Content-Type": "application/json"}
    for body in ('{"number": "A"}', b'{"number": "B"}'):
        assert client.send("POST", "/api/now/table/incident", data=body, headers=headers).status_code == 201
