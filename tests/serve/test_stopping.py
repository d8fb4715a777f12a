"""A service stops soon when it is asked to, whatever it is at, and tells systemd how it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from connector.errors import EXIT_FINE, EXIT_INTERRUPTED
from connector.model.instant import MINUTE
from connector.sandbox import Sandbox
from connector.serve import Stopping
from connector.serving.notify import Notify
from connector.world import World
from tests.journeys.place import START
from tests.serve.office import SECRET, SERVED, Office, office, signed

ROOT = Path(__file__).parents[2]


def test_a_service_that_waits_stops_at_once(desk: Office) -> None:
    desk.until(START + 7 * MINUTE)
    assert desk.clock() == START + 7 * MINUTE


def test_whoever_waits_politely_is_woken_to_stop(desk: Office) -> None:
    desk.agenda.plan(START + MINUTE, desk.service.end)
    with pytest.raises(Stopping):
        desk.service.world.sleep(3600)
    assert desk.clock() == START + MINUTE


def test_a_run_that_waits_for_a_throttled_platform_stops_at_once_and_is_taken_up_again(
    desk: Office,
) -> None:
    desk.place.open(impact="1", urgency="1")
    desk.place.sandbox.faults.always("GET /api/now/table/incident", "429", retry_after=150)
    desk.until(START + 20_000)
    assert desk.clock() <= START + 21_000
    desk.place.sandbox.faults.clear()
    desk.place.pass_(MINUTE)
    desk.place.sync()
    assert len(desk.place.rows("u_accord_achievement")) == 1


def test_systemd_hears_of_us_often_enough(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(address)
        systemd.setblocking(False)
        with office(tmp_path / "site") as desk:
            desk.environ.update(NOTIFY_SOCKET=address, WATCHDOG_USEC="90000000", WATCHDOG_PID="1")
            heard: list[tuple[int, str]] = []
            for minute in range(1, 8):
                desk.agenda.plan(
                    START + minute * MINUTE, lambda: heard.extend((desk.clock(), w) for w in _read(systemd))
                )
            desk.until(START + 7 * MINUTE + 1)
            words = [word for _, word in heard] + _read(systemd)
    assert words[0] == "READY=1"
    assert words[-2:] == ["STOPPING=1", "STATUS=stopped"]
    assert any(word.startswith("STATUS=next run at 2026-03-02T08:3") for word in words)
    # In 7 minutes a watchdog of 90 s wants to hear of us at least 5 times, and nobody wants it each second.
    assert 5 <= words.count("WATCHDOG=1") <= 60


def test_without_systemd_nobody_is_told() -> None:
    Notify(World(environ={})).ready()
    Notify(World(environ={"NOTIFY_SOCKET": "/nowhere/at/all"})).ready()
    assert Notify(World(environ={"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "-1"})).watchdog is None


def _read(systemd: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(systemd.recv(1000).decode())
        except BlockingIOError:
            return words


# ------------------------------------------------------------------------- the real command, over real HTTP


@contextmanager
def served(folder: Path, latency_ms: int = 0) -> Iterator[tuple[subprocess.Popen[str], Sandbox, int, int]]:
    """`accord serve` as a process, the sandbox it works on, and the ports of health and webhook."""
    sandbox = Sandbox(now=lambda: time.time_ns() // 1_000_000)
    with office(folder, SERVED) as desk:
        config = (desk.place.folder / "config.yaml").read_text()
    (folder / "accord.db").unlink()
    health, hook = _free_port(), _free_port()
    with sandbox.serve() as server:
        sandbox.latency_ms = latency_ms
        config = config.replace("http://localhost", server.url)
        config = config.replace("listen: 127.0.0.1:0, secret", f"listen: 127.0.0.1:{hook}, secret")
        config = config.replace("metrics: {listen: 127.0.0.1:0}", f"metrics: {{listen: 127.0.0.1:{health}}}")
        (folder / "config.yaml").write_text(config + "log: {format: json}\n")
        environ = {**os.environ, "SN_USER": "accord", "SN_PASSWORD": "accord", "HOOK": SECRET}
        command = [sys.executable, str(ROOT / "cli.py"), "serve", "--config", str(folder / "config.yaml")]
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process, sandbox, health, hook
            finally:
                process.kill()


@pytest.mark.parametrize(("asked", "code"), [(signal.SIGTERM, EXIT_FINE), (signal.SIGINT, EXIT_INTERRUPTED)])
@pytest.mark.file
def test_the_command_serves_and_stops_when_asked(tmp_path: Path, asked: signal.Signals, code: int) -> None:
    with served(tmp_path / "site") as (process, _sandbox, health, hook):
        _wait_until_well(health)
        with urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics") as figures:
            assert b'accord_runs_total{outcome="fine",source="acme"} 1.0' in figures.read()
        body = json.dumps({"source": "acme", "kind": "incident", "id": "0" * 32}).encode()
        nudge = urllib.request.Request(
            f"http://127.0.0.1:{hook}/nudge", body, signed(body, time.time_ns() // 1_000_000)
        )
        with urllib.request.urlopen(nudge) as answer:
            assert answer.status == 202
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{hook}/nudge", b"{}")
        begun = time.monotonic()
        process.send_signal(asked)
        assert process.wait(10) == code
        assert time.monotonic() - begun < 10
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.file
def test_a_platform_that_does_not_answer_delays_stopping_no_longer_than_ten_seconds(tmp_path: Path) -> None:
    with served(tmp_path / "site", latency_ms=60_000) as (process, sandbox, _health, _hook):
        _wait_until(lambda: sum(sandbox.requests.values()) > 0)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(12) == EXIT_FINE
        assert time.monotonic() - begun < 10.5


@pytest.mark.file
def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with served(tmp_path / "site", latency_ms=60_000) as (process, sandbox, _health, _hook):
        _wait_until(lambda: sum(sandbox.requests.values()) > 0)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) in (EXIT_FINE, EXIT_INTERRUPTED)
        assert time.monotonic() - begun < 3


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_well(port: int) -> None:
    def is_well() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    _wait_until(is_well)


def _wait_until(is_so: object) -> None:
    assert callable(is_so)
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
