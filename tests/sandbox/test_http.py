"""The sandbox over a real socket, with the clients that people use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pysnow
import pytest
import requests

from connector.sandbox import Sandbox, Server
from connector.sandbox.world import instant


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    with sandbox.serve() as server:
        yield server


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.auth = ("accord", "accord")
        yield session


@pytest.fixture
def snow(server: Server) -> pysnow.Client:
    host = server.url.removeprefix("http://")
    return pysnow.Client(host=host, use_ssl=False, user="accord", password="accord")


class TestPysnow:
    """What pysnow 0.7 sends (empty and miscased parameters, PUT after GET) is understood."""

    def test_it_creates_reads_updates_and_deletes(self, sandbox: Sandbox, snow: pysnow.Client) -> None:
        def incidents() -> pysnow.Resource:
            return snow.resource(api_path="/table/incident")

        made = incidents().create(payload={"short_description": "Mail", "impact": "1", "urgency": "1"}).one()
        assert made["priority"] == "1"
        found = incidents().get(query={"number": made["number"]}, fields=["number", "priority"])
        assert found.all() == [{"number": made["number"], "priority": "1"}]
        changed = incidents().update(query={"number": made["number"]}, payload={"state": "2"}).one()
        assert changed["state"] == "2"
        sandbox.servicenow.add_user("accord", "accord", "admin")
        assert incidents().delete(query={"number": made["number"]})["status"] == "record deleted"

    def test_it_streams(self, sandbox: Sandbox, snow: pysnow.Client) -> None:
        for number in "ABC":
            sandbox.servicenow.insert("incident", number=number)
        query = pysnow.QueryBuilder().field("number").not_equals("B").AND().field("number").order_ascending()
        rows = snow.resource(api_path="/table/incident").get(query=query, stream=True).all()
        assert [row["number"] for row in rows] == ["A", "C"]

    def test_it_does_not_notice_half_a_list(self, sandbox: Sandbox, snow: pysnow.Client) -> None:
        for _ in range(4):
            sandbox.servicenow.insert("incident")
        sandbox.faults.once("GET *", "partial_200")
        assert len(snow.resource(api_path="/table/incident").get().all()) == 2

    def test_its_exceptions_are_the_known_ones(self, sandbox: Sandbox, snow: pysnow.Client) -> None:
        sandbox.faults.once("GET *", "empty_202")
        with pytest.raises(pysnow.exceptions.EmptyContent):
            snow.resource(api_path="/table/incident").get().all()
        with pytest.raises(requests.HTTPError):
            snow.resource(api_path="/table/nope").get().all()


class TestSockets:
    def test_connections_are_kept(self, server: Server, session: requests.Session) -> None:
        url = f"{server.url}/api/now/table/incident"
        with session.get(url, stream=True) as first:
            _ = first.content
        assert session.get(url).headers["Server"] == "ServiceNow"
        pools = session.get_adapter(url).poolmanager.pools  # type: ignore[attr-defined]
        (pool,) = (pools[key] for key in pools.keys())  # noqa: SIM118 - not a dictionary
        assert (pool.num_connections, pool.num_requests) == (1, 2)

    def test_a_head_leaves_the_connection_usable(self, server: Server, session: requests.Session) -> None:
        url = f"{server.url}/api/now/table/incident"
        assert session.head(url).headers["X-Total-Count"] == "0"
        assert session.get(url).json() == {"result": []}

    @pytest.mark.parametrize(
        ("kind", "options", "raised"),
        [
            ("refused", {}, requests.ConnectionError),
            ("timeout", {"hold_s": 0.6}, requests.ReadTimeout),
            ("timeout", {"hold_s": 0.01}, requests.ConnectionError),
            ("cut", {}, requests.exceptions.ChunkedEncodingError),
        ],
    )
    def test_the_network_breaks(
        self,
        sandbox: Sandbox,
        server: Server,
        session: requests.Session,
        kind: str,
        options: dict[str, Any],
        raised: type[Exception],
    ) -> None:
        url = f"{server.url}/api/now/table/incident"
        sandbox.faults.once("GET *", kind, **options)
        with pytest.raises(raised):
            session.get(url, timeout=0.3)
        assert session.get(url).status_code == 200

    def test_parallel_clients_are_served_one_at_a_time(self, sandbox: Sandbox, server: Server) -> None:
        def write(n: int) -> int:
            with requests.Session() as own:
                own.auth = ("accord", "accord")
                url = f"{server.url}/api/now/table/incident"
                return own.post(url, json={"correlation_id": str(n)}).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(write, range(40))) == {201}
        numbers = [row["number"] for row in sandbox.servicenow.rows("incident")]
        assert len(set(numbers)) == 40

    def test_it_listens_on_the_loopback_only(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="loopback only"):
            sandbox.serve(host="0.0.0.0")


class TestControl:
    def post(self, server: Server, path: str, **body: object) -> requests.Response:
        return requests.post(f"{server.url}/sandbox/{path}", json=body, timeout=60)

    def test_another_process_moves_the_clock(self, sandbox: Sandbox, server: Server) -> None:
        state = self.post(server, "advance", to="2026-03-02T09:00:00Z").json()
        assert state["now"] == "2026-03-02T09:00:00Z"
        assert self.post(server, "advance", by_s=60).json()["now"] == "2026-03-02T09:01:00Z"
        assert sandbox.world.now() == instant("2026-03-02T09:01:00Z")

    def test_another_process_counts_requests(self, server: Server, session: requests.Session) -> None:
        session.get(f"{server.url}/api/now/table/incident")
        session.post(f"{server.url}/api/now/table/incident", json={})
        state = requests.get(f"{server.url}/sandbox/state", timeout=60).json()
        assert state["requests"] == {"GET incident": 1, "POST incident": 1}
        assert state["tables"]["incident"] == 1

    def test_another_process_switches_faults(self, server: Server, session: requests.Session) -> None:
        self.post(server, "faults", once=[{"route": "GET *", "kind": "500"}])
        url = f"{server.url}/api/now/table/incident"
        assert [session.get(url).status_code for _ in range(2)] == [500, 200]
        self.post(server, "faults", rates={"429": 1}, seed=3)
        assert session.get(url).status_code == 429
        self.post(server, "faults", clear=True)
        assert session.get(url).status_code == 200
        refused = self.post(server, "faults", once=[{"route": "*", "kind": "nope"}])
        assert refused.status_code == 400
        assert "no fault is called 'nope'" in refused.json()["error"]

    def test_another_process_sees_the_end_state(self, server: Server, session: requests.Session) -> None:
        session.post(f"{server.url}/api/now/table/incident", json={"number": "A"})
        dump = requests.get(f"{server.url}/sandbox/dump", timeout=60).json()
        assert [row["number"] for row in dump["incident"]] == ["A"]
        assert "sys_dictionary" not in dump
        some = requests.get(f"{server.url}/sandbox/dump?tables=sys_user,sys_choice", timeout=60).json()
        assert set(some) == {"sys_user", "sys_choice"}

    def test_another_process_loads_the_log(self, server: Server) -> None:
        loaded = self.post(server, "load", until="2016-03-05T00:00:00Z").json()
        assert loaded["now"] == "2026-03-02T08:00:00Z"  # the clock is never turned back
        assert loaded["cases"] == 1500

    def test_what_is_no_control_says_what_is(self, server: Server) -> None:
        answer = requests.get(f"{server.url}/sandbox/nope", timeout=60)
        assert answer.status_code == 404
        assert "GET /sandbox/state" in answer.json()["error"]


def test_it_runs_as_a_program_and_remembers(tmp_path: Path) -> None:
    """Killed without warning and started again, the records are there."""
    command = [sys.executable, "-m", "connector.sandbox", "--port", "0", "--at", "2016-03-05T00:00:00Z"]
    command += ["--log", "slice", "--file", str(tmp_path / "state.db")]

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONUNBUFFERED": "1"})
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("sandbox at "):
                return process, line.split()[2].rstrip(",")
        raise AssertionError("it did not start")

    process, url = start()
    made = requests.post(
        f"{url}/api/now/table/incident", json={"number": "KEPT"}, auth=("accord", "accord"), timeout=60
    )
    before = requests.get(f"{url}/sandbox/state", timeout=60).json()
    process.kill()
    process.wait()
    process, url = start()
    after = requests.get(f"{url}/sandbox/state", timeout=60).json()
    kept = requests.get(f"{url}/r/incident/{made.json()['result']['sys_id']}", timeout=60)
    process.terminate()
    process.wait()
    assert "KEPT" in kept.text
    assert (after["tables"], after["waiting"]) == (before["tables"], before["waiting"])
