"""`make bench`: how quick evaluation is on this machine, beside what others offer for the same, and what a
sync costs.

It prints; nothing is asserted but that all agree. `--linear` adds 100,000 and 4,000,000 tickets.
"""

from __future__ import annotations

import sys

from benchmarks import commands, evaluation, jira, opentime, syncing


def main(arguments: list[str]) -> None:
    print(f"{evaluation.cores()} processors, Python {sys.version.split()[0]}\n")
    opentime.run()
    print()
    commands.run()
    print()
    evaluation.run([100_000, 1_000_000, 4_000_000] if "--linear" in arguments else [1_000_000])
    print()
    syncing.run()
    print()
    jira.run()


if __name__ == "__main__":
    main(sys.argv[1:])
