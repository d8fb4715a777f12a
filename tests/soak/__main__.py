"""`python -m tests.soak --minutes 10`: a service that is killed every few seconds beside one that is not.

Two sandboxes see the same people at work; the platform of the first fails in every way it knows, and the
`accord serve` on it gets SIGKILL again and again. Then faults and deaths end, and soon both platforms must
hold the same: nothing lost, nothing twice. It prints what differs and ends with 1, else with 0.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import elsewhere
from tests.soak.deployment import ROOT, Deployment, ask
from tests.soak.trades import TRADES

# Shares of requests: of the some twenty of a run two meet something.
FAULTS = {
    "commit_then_timeout": 0.008, "timeout": 0.004, "late_commit": 0.008, "500": 0.01,
    "commit_then_500": 0.015, "gateway": 0.008, "cut": 0.015, "partial_200": 0.01, "html_200": 0.004,
    "empty_202": 0.004, "refused": 0.01, "uncounted": 0.02, "429": 0.002, "429_bare": 0.004, "401": 0.001,
}  # fmt: skip
LIVES_S = (0.1, 6.0)  # how long a service lives once it is up, until it is killed
REST_S = 300  # the longest time until all has arrived once the trouble is over


def main(argv: list[str] | None = None) -> int:
    """Soak, compare, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--seed", type=int, default=1, help="of people, faults and deaths (default: 1)")
    parser.add_argument("--platform", choices=TRADES, default="servicenow", help="default: servicenow")
    parser.add_argument("--keep", type=Path, help="leave configuration, store and logs in this folder")
    options = parser.parse_args(argv)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="accord-soak-"))
    print(f"seed {options.seed}, in {folder}", flush=True)
    command = [sys.executable, "-m", "tests.soak.desk", options.platform, str(options.seed)]
    with (
        _store() as store,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as desk,
    ):
        try:
            return _soak(desk, folder, store, options)
        finally:
            desk.kill()


@contextmanager
def _store() -> Iterator[str]:
    """Where the one that is killed keeps what it knows."""
    server = elsewhere.server() if elsewhere.ASKED else None
    if server is None:
        if elsewhere.ASKED:
            sys.exit(elsewhere.ABSENT)
        yield "sqlite:///accord.db"
        return
    schema = f"accord_soak_{os.getpid()}"
    with server.begin() as connection:
        connection.exec_driver_sql(f"create schema {schema}")
    yield f"{elsewhere.POSTGRES}?options=-csearch_path%3D{schema}"
    with server.begin() as connection:
        connection.exec_driver_sql(f"drop schema {schema} cascade")


def _soak(desk: subprocess.Popen[str], folder: Path, store: str, options: argparse.Namespace) -> int:
    urls = _next(desk)["urls"]
    troubled = Deployment(folder / "troubled", options.platform, urls[0], store)
    calm = Deployment(folder / "calm", options.platform, urls[1])
    for each in (troubled, calm):
        for words in (("setup", "--apply"), ("sync",)):
            code, told = each.run(*words)
            assert code == 0, f"accord {' '.join(words)} ended with {code}: {told}"
    beside = calm.serve()
    try:
        _tell(desk)
        deaths = _trouble(troubled, urls[0], options)
        _tell(desk)
        people = _next(desk)
        met = Counter(fault["fault"] for fault in ask(urls[0], "/sandbox/state")["faults"])
        print(f"{people['done']} things happened to {people['tickets']} tickets; {deaths} deaths;"
              f" {met.total()} faults: {', '.join(f'{n} {k}' for k, n in sorted(met.items()))}")  # fmt: skip
        return _settle(troubled, calm)
    finally:
        beside.kill()
        beside.wait()


def _trouble(troubled: Deployment, url: str, options: argparse.Namespace) -> int:
    """Let the service live and die until time is up; how often it died."""
    chance, deaths = random.Random(options.seed), 0
    ask(url, "/sandbox/faults", {"rates": FAULTS, "seed": options.seed})
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        with troubled.serve() as service:
            troubled.await_ready(service)
            time.sleep(chance.uniform(*LIVES_S))
            assert service.poll() is None, f"the service ended by itself: see {troubled.log}"
            service.kill()
        deaths += 1
        if deaths % 20 == 0:
            print(f"{deaths} deaths, {troubled.told('serve.run_done')} runs came to their end", flush=True)
    ask(url, "/sandbox/faults", {"clear": True})
    return deaths


def _settle(troubled: Deployment, calm: Deployment) -> int:
    """Let both come to rest, and compare them."""
    begun = time.monotonic()
    with troubled.serve() as service:
        different = ["nothing was compared"]
        while different and time.monotonic() - begun < REST_S:
            time.sleep(5)
            different = _differences(troubled, calm)
            print(f"{len(different)} differences after {time.monotonic() - begun:.0f} s", flush=True)
        service.terminate()
    state = calm.end_state()
    written = ", ".join(f"{len(found)} {what}" for what, found in state.items())
    if not different:
        print(f"the same within {time.monotonic() - begun:.0f} s: {written}")
    for each in (troubled, calm):
        code, told = each.run("store", "check")
        different += [told] if code else []
    print("\n".join(different))
    return int(bool(different))


def _differences(troubled: Deployment, calm: Deployment) -> list[str]:
    """What is not the same at both, or not finished, a line each."""
    found, wanted = troubled.end_state(), calm.end_state()
    lines = [
        f"{what} {key}: {found[what].get(key)} instead of {wanted[what].get(key)}"
        for what in wanted
        for key in sorted(found[what].keys() | wanted[what].keys())
        if found[what].get(key) != wanted[what].get(key)
    ]
    open_still = [
        name for name, rows in wanted["achievements"].items() for row in rows
        if row["state"] == "running" and not row["breached_at"]
    ]  # fmt: skip
    lines += [f"{len(open_still)} clocks still run to their line"] if open_still else []
    return lines + [f"not delivered: {one}" for each in (troubled, calm) for one in each.left()]


def _tell(desk: subprocess.Popen[str]) -> None:
    assert desk.stdin is not None
    desk.stdin.write("\n")
    desk.stdin.flush()


def _next(desk: subprocess.Popen[str]) -> Any:
    assert desk.stdout is not None
    return json.loads(desk.stdout.readline())


if __name__ == "__main__":
    sys.exit(main())
