"""`python -m benchmarks.instance TICKETS CHANGING`: an instance of many tickets, in a process of its own.

Most are long closed and lie there. *CHANGING* of them are open, and each line on standard input (the
milliseconds that every answer takes) lets an hour pass and every one of those change; a line of JSON on
standard output says that it is done.
"""

from __future__ import annotations

import json
import sys

from connector.sandbox import Sandbox
from connector.sandbox.servicenow import Quirks

HOUR = 3_600_000
BEGIN = 1_767_225_600_000  # 2026-01-01
NOW = BEGIN + 90 * 24 * HOUR


def fill(sandbox: Sandbox, closed: int, open_: int) -> list[str]:
    """Make *closed* tickets over 80 days and *open_* ones in the last hour; the ids of the open ones."""
    desk = sandbox.servicenow
    for place in range(closed):
        sandbox.world.clock.move(BEGIN + place * 80 * 24 * HOUR // closed)
        id_ = desk.insert(
            "incident", by="admin", short_description=f"ticket {place}", impact="2", urgency="2"
        )
        desk.update("incident", id_, by="admin", state="2")
        desk.update("incident", id_, by="admin", state="7", close_code="Solved", close_notes="done")
    sandbox.world.clock.move(NOW)
    return [
        desk.insert("incident", by="admin", short_description=f"open {place}", impact="2", urgency="2")
        for place in range(open_)
    ]


def main(tickets: int, changing: int) -> None:
    """Serve until standard input ends."""
    sandbox = Sandbox(now=BEGIN, seed=1, quirks=Quirks())
    ids = fill(sandbox, tickets, changing)
    with sandbox.serve() as server:
        print(json.dumps({"url": server.url, "now": sandbox.world.now()}), flush=True)
        for turn, line in enumerate(sys.stdin):
            sandbox.latency_ms = int(line)
            with sandbox.world.lock:
                sandbox.world.clock.move(sandbox.world.now() + HOUR)
                for id_ in ids:
                    sandbox.servicenow.update("incident", id_, by="admin", state="23"[turn % 2])
            print(json.dumps({"now": sandbox.world.now()}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
