"""Running the sandbox as a server of its own: what `python -m connector.sandbox` and `accord sandbox` do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from connector.sandbox.jira.quirks import Deployment, JiraQuirks
from connector.sandbox.log import On
from connector.sandbox.sandbox import Sandbox
from connector.sandbox.servicenow import Quirks
from connector.sandbox.world import instant, iso

SLICE = "slice"
_JIRA = {
    "cloud": ("Cloud", "NAME@example.com, API token = NAME"),
    "datacenter": ("Data Center", "personal access token = NAME-pat"),
}


def run(
    port: int = 8080,
    log: str | None = None,
    file: Path | None = None,
    *,
    at: str | None = None,
    seed: int = 0,
    speed: float = 1.0,
    platform: On = "both",
    jira: Deployment = "cloud",
    say: Callable[[str], None] = print,
) -> None:
    """Serve until interrupted.

    Args:
        port: where to listen on 127.0.0.1; 0 takes a free port.
        log: an incident log to load, or `slice` for the one that ships.
        file: where records are kept between runs.
        at: the sandbox's time at the start (ISO 8601); the log is played up to it, the rest as time goes by.
            Without it the whole log is loaded and the time is the computer's.
        seed: the seed of everything left to chance.
        speed: how many seconds of the sandbox pass in one second.
        platform: where the log's tickets are: `servicenow`, `jira`, or the same ones on `both`.
        jira: which Jira it is, `cloud` or `datacenter`.
        say: what is told to the user goes here.
    """
    start = instant(at) if at else round(time.time() * 1000)
    sandbox = Sandbox(
        now=ticking(start, speed), seed=seed, file=file, quirks=Quirks(), jira_quirks=JiraQuirks(jira)
    )
    if log and not sandbox.log:
        loaded = sandbox.load_log(
            None if log == SLICE else Path(log), until=start if at else None, platform=platform
        )
        say(f"loaded {loaded.cases} cases; {loaded.waiting} events are still to come")
    with sandbox.serve(port=port) as server:
        say(f"sandbox at {server.url}, its time is {iso(sandbox.world.now())}")
        say("ServiceNow users: admin, accord, accord_min, no_audit, reader (password = user name)")
        say(f"Jira {_JIRA[jira][0]} users: admin, accord, accord_min, reader ({_JIRA[jira][1]})")
        try:
            server.wait()
        except KeyboardInterrupt:
            say("stopped")
    sandbox.close()


def ticking(start: int, speed: float) -> Callable[[], int]:
    """A clock that begins at an instant and goes on with the computer's, so many times as fast."""
    begun = time.monotonic()
    return lambda: start + int((time.monotonic() - begun) * speed * 1000)
