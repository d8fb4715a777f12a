"""`accord sandbox`: serve the embedded platforms on this machine, until interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import INSTANT
from connector.cli.said import say
from connector.errors import AccordError
from connector.model.instant import Instant, format_instant
from connector.sandbox import run
from connector.sandbox.jira.quirks import Deployment
from connector.sandbox.log import On


@click.command()
@click.option(
    "--port", default=8080, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free port."
)
@click.option("--log", metavar="FILE", help="An incident log to load; `slice` is the one that ships.")
@click.option(
    "--at", type=INSTANT, help="The sandbox's time at the start; the rest of the log comes as time goes by."
)
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the records here between runs."
)
@click.option(
    "--platform", type=click.Choice(["servicenow", "jira", "both"]), default="both", show_default=True,
    help="Where the log's tickets are.",
)  # fmt: skip
@click.option(
    "--jira", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True,
    help="Which Jira it is.",
)  # fmt: skip
@click.option("--speed", default=1.0, show_default=True, help="Seconds of the sandbox in one second.")
@click.option("--seed", default=0, show_default=True, help="The seed of everything left to chance.")
def command(
    port: int,
    log: str | None,
    at: Instant | None,
    file: Path | None,
    platform: On,
    jira: Deployment,
    speed: float,
    seed: int,
) -> None:
    """Serve the embedded platforms on this machine.

    Point a source at the address printed (`url: http://127.0.0.1:8080`) and log in as `accord`, password
    `accord`; on Jira Cloud as `accord@example.com`, token `accord`; on Jira Data Center with the personal
    access token `accord-pat` (`auth: {type: pat, token: …}`). A browser shows the records as an agent would
    see them.
    """
    start = None if at is None else format_instant(at)
    try:
        run(port, log, file, at=start, seed=seed, speed=speed, platform=platform, jira=jira, say=say)
    except OSError as error:  # the port is taken, a file is not there
        where = error.filename or f"127.0.0.1:{port}"
        hint = None if error.filename else "take another with --port; 0 takes a free one"
        raise AccordError(f"{where}: {error.strerror}", hint=hint) from None
