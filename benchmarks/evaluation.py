"""`accord evaluate` as a cold command: seconds and memory for so many tickets.

Processor seconds are those of all its processes; unlike seconds by the clock, they mean something on a
machine that others use too.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import tickets

RULES = Path(__file__).parent / "rules.yaml"
ROOT = Path(__file__).parent.parent
AT = "2025-01-01T00:00:00Z"


def run(counts: list[int]) -> None:
    """Print a line for each number of tickets, and what the last one was of."""
    print("accord evaluate, Parquet to Parquet, a cold command (6 changes a ticket, 2 targets, pauses)")
    with TemporaryDirectory() as folder:
        parquet, out = Path(folder) / "tickets.parquet", Path(folder) / "cycles.parquet"
        lines = Path(folder) / "tickets.jsonl"
        before = busy = 0.0
        for last, count in pairwise((0, *counts)):
            before, busy = busy, _measured(f"{count:9,} tickets", tickets.write(parquet, count), out, count)
            if last:
                more = (busy - before) / (count - last) * 1e6
                print(f"  {'':26} {more:7.2f} µs of processor time for each ticket more than the line above")
        count = 1_000_000
        one_group = tickets.write(parquet, count, in_a_group=count)
        _measured("1,000,000 in one row group", one_group, out, count)
        print("accord evaluate, lines of JSON to lines of JSON")
        for count in (20_000, 80_000):
            _measured(
                f"{count:9,} tickets", tickets.write_lines(lines, count), out.with_suffix(".jsonl"), count
            )


def _measured(name: str, file: Path, out: Path, count: int) -> float:
    """Print the figures of one file; the processor seconds."""
    command = ("evaluate", str(file), "--rules", str(RULES), "--at", AT, "--out", str(out))
    runs = [cold(command) for _ in range(3)]
    seconds, busy = min(run[0] for run in runs), min(run[1] for run in runs)
    _, _, mebibytes = cold(command, watched=True)
    speed = f"{seconds:7.2f} s  {busy:7.2f} processor s  {count / seconds:10,.0f} tickets/s"
    print(f"  {name:26} {speed}  {mebibytes:5.0f} MiB at most", flush=True)
    return busy


def cold(arguments: Sequence[str], *, watched: bool = False) -> tuple[float, float, float]:
    """Seconds of one run of `accord` by the clock and of processors, and if *watched* (which slows it down)
    the most memory that all its processes held together."""
    begun, before = time.perf_counter(), _busy()
    process = subprocess.Popen(
        [sys.executable, "cli.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    if watched:
        watcher.start()
    code = process.wait()
    took = time.perf_counter() - begun
    if watched:
        watcher.join()
    if code:
        raise SystemExit(f"the command ended with {code}")
    return took, _busy() - before, peak[0]


def _busy() -> float:
    """Processor seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(_held, _family(process.pid))))
        time.sleep(0.05)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(found for child in children for found in _family(int(child)))]


def _held(pid: int) -> float:
    """Its proportional share of memory (what processes share is counted once), in MiB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cores() -> int:
    """How many processors this machine has."""
    return os.cpu_count() or 1
