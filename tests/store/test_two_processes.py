"""Real processes that want the same source: one gets it, and a dead one keeps it from nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from connector.store import leases, open_store
from connector.world import World

TAKES = """
import sys
from connector.errors import Busy
from connector.store import leases, open_store
from connector.world import World
world = World()
store = open_store(sys.argv[1], world)
print("ready", flush=True)
sys.stdin.readline()
try:
    with store.begin() as tx:
        print(leases.take(tx, "acme", world).fence, flush=True)
except Busy as busy:
    print(busy, flush=True)
sys.stdin.readline()
"""
Worker = subprocess.Popen[str]


@pytest.fixture
def workers(store_url: str) -> Iterator[list[Worker]]:
    """Three processes at the door."""
    command = [sys.executable, "-c", TAKES, store_url]
    made = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    yield made
    for worker in made:
        worker.kill()
        worker.communicate()


def test_of_several_at_once_one_gets_the_source_and_its_death_frees_it(
    workers: list[Worker], store_url: str
) -> None:
    assert [_heard(worker) for worker in workers] == ["ready"] * 3
    for worker in workers:
        _go_on(worker)
    told = {worker.pid: _heard(worker) for worker in workers}
    (winner,) = (worker for worker in workers if told[worker.pid] == "1")
    busy = [words for pid, words in told.items() if pid != winner.pid]
    assert all(f"another run works on acme: process {winner.pid} on" in words for words in busy)
    winner.kill()
    winner.wait()
    world = World()
    with closing(open_store(store_url, world)) as store, store.begin() as tx:
        assert leases.take(tx, "acme", world).fence == 2


def _heard(worker: Worker) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def _go_on(worker: Worker) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
