"""How soon commands answer, and one ticket's re-evaluation in a process that has everything loaded."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import tickets
from benchmarks.evaluation import AT, RULES, cold
from connector.evaluate import evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import parse_instant
from connector.rules.loader import load_rulebook

TIMES = 5
COMMANDS = (
    ("--help",),
    ("validate", str(RULES)),
    ("calendar", "london", "--rules", str(RULES), "--from", AT, "--add", "4h"),
)


def run() -> None:
    """Print a line for each command, and one for a ticket."""
    print("a cold command (the best of some)")
    for command in COMMANDS:
        runs = [cold(command) for _ in range(TIMES)]
        seconds, busy = min(run[0] for run in runs), min(run[1] for run in runs)
        print(f"  accord {command[0]:12} {seconds:7.2f} s  {busy:7.2f} processor s")
    middle, slow = one_ticket()
    print("one ticket evaluated anew, with its timeline, in a warm process")
    print(f"  half of them within {middle:.1f} ms, 95 of 100 within {slow:.1f} ms of processor time")


def one_ticket(count: int = 400) -> tuple[float, float]:
    """Milliseconds within which half of *count* tickets were evaluated anew, one by one, and 95 %."""
    at, kinds = parse_instant(AT), shipped_kinds()
    book = load_rulebook([Path(RULES)], kinds, at=at)
    took = []
    for record in tickets.records(count):
        begun = time.process_time()
        assert list(evaluate([record], book, at=at, kinds=kinds).cycles())
        took.append((time.process_time() - begun) * 1_000)
    took.sort()
    return took[count // 2], took[count * 95 // 100]
