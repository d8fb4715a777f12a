"""`python -m connector.sandbox`."""

from __future__ import annotations

import argparse
from pathlib import Path

from connector.sandbox.run import run


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m connector.sandbox", description=run.__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--log", help="an incident log, or 'slice' for the one that ships")
    parser.add_argument("--file", type=Path, help="where records are kept between runs")
    parser.add_argument("--at", help="the sandbox's time at the start, ISO 8601")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--platform", choices=("servicenow", "jira", "both"), default="both")
    parser.add_argument("--jira", choices=("cloud", "datacenter"), default="cloud")
    given = parser.parse_args()
    times = {"at": given.at, "seed": given.seed, "speed": given.speed}
    run(given.port, given.log, given.file, platform=given.platform, jira=given.jira, **times)


if __name__ == "__main__":
    main()
