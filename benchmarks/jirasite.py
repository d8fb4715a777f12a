"""A Jira site in a process of its own: `python -m benchmarks.jirasite ISSUES CHANGES`.

It says as JSON where it is and what time it shows; a line on its input lets an hour pass there. It ends with
its input.
"""

from __future__ import annotations

import json
import sys

from connector.sandbox import Sandbox
from connector.sandbox.jira.issue import Issue

BEGIN = 1_767_225_600_000  # 2026-01-01
MINUTE, HOUR = 60_000, 3_600_000
STATUSES = ("Work in progress", "Waiting for customer", "Work in progress", "Pending", "Work in progress")


class Clock:
    """The sandbox's time, which goes on by a minute with every ticket."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


def filled(issues: int, changes: int) -> tuple[Sandbox, Clock]:
    """A site with so many incidents, each changed so often; of every hundredth the last change is open."""
    clock = Clock()
    sandbox = Sandbox(now=clock)
    jira = sandbox.jira
    agents = [jira.person(name).account_id for name in ("admin", "accord_min")]
    for number in range(issues):
        clock.now += MINUTE
        issue = jira.create(f"incident {number}", priority=str(1 + number % 4))
        for turn in range(changes):
            clock.now += 1_000
            _changed(sandbox, issue, number, turn, changes, agents)
    clock.now += HOUR
    return sandbox, clock


def _changed(sandbox: Sandbox, issue: Issue, number: int, turn: int, changes: int, agents: list[str]) -> None:
    if turn == changes - 1 and number % 100:
        sandbox.jira.move(issue, "Closed")
    elif turn % 2:
        sandbox.jira.edit(issue, assignee=agents[turn // 2 % 2])
    else:
        sandbox.jira.move(issue, STATUSES[turn // 2 % len(STATUSES)])


def main(issues: int, changes: int) -> None:
    sandbox, clock = filled(issues, changes)
    with sandbox.serve() as server:
        print(json.dumps({"url": server.url, "now": clock.now}), flush=True)
        for _ in sys.stdin:
            clock.now += HOUR
            print(json.dumps({"now": clock.now}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
