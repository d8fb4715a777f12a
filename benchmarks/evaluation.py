"""`accord evaluate` as a cold command, Parquet to Parquet: seconds and memory for so many tickets.

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
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import tickets

RULES = Path(__file__).parent / "rules.yaml"
ROOT = Path(__file__).parent.parent


def run(counts: list[int]) -> None:
    """Print a line for each number of tickets."""
    print("accord evaluate, Parquet to Parquet, a cold command (6 changes a ticket, 2 targets, pauses)")
    with TemporaryDirectory() as folder:
        for count in counts:
            file = tickets.write(Path(folder) / "tickets.parquet", count)
            out = Path(folder) / "cycles.parquet"
            runs = [cold(file, out) for _ in range(3)]
            seconds, busy = min(run[0] for run in runs), min(run[1] for run in runs)
            _, _, mebibytes = cold(file, out, watched=True)
            speed = f"{seconds:7.2f} s  {busy:7.2f} processor s  {count / seconds:10,.0f} tickets/s"
            print(f"  {count:9,} tickets {speed}  {mebibytes:5.0f} MiB at most", flush=True)


def cold(file: Path, out: Path, *, watched: bool = False) -> tuple[float, float, float]:
    """Seconds of one run by the clock and of processors, and if *watched* (which slows it down) the most
    memory that all its processes held together."""
    command = [
        sys.executable, "cli.py", "evaluate", str(file), "--rules", str(RULES),
        "--at", "2025-01-01T00:00:00Z", "--out", str(out),
    ]  # fmt: skip
    begun, before = time.perf_counter(), _busy()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
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
