"""`accord sync`: one run. The stages are in `connector/run.py`; here is what a person sees of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from connector.cli.options import INSTANT, LENGTH, config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.errors import AccordError
from connector.log import end_progress
from connector.model.instant import Instant, Millis
from connector.pull.stop import Stop
from connector.run import Options, sync
from connector.site import Site, load_site
from connector.world import World


@click.command("sync")
@config_option
@click.option("--source", "sources", metavar="NAME", multiple=True, help="Only this source; may be repeated.")
@click.option("--full", is_flag=True, help="Also compare all ids: finds what left the scope or was deleted.")
@click.option(
    "--max-time", type=LENGTH, metavar="D", help="Stop after this long (10m); the next run goes on."
)
@click.option("--allow", type=click.IntRange(min=1), metavar="N", help="Let up to N acts go that are held.")
@click.option("--now", type=INSTANT, metavar="T", help="Take T for the present: rehearsals, own store only.")
@format_option("text", "json")
@pass_world
def command(
    world: World,
    config_path: Path,
    sources: tuple[str, ...],
    full: bool,
    max_time: Millis | None,
    allow: int | None,
    now: Instant | None,
    form: str,
) -> int:
    """One run: pull what changed, evaluate it, decide what follows, deliver it; then a summary.

    It may be stopped or killed at any moment: the next run goes on from there, and nothing is lost or done
    twice. Exit codes: 0 fine; 3 a source could not be reached or is being worked on; 4 some acts failed or
    wait for --allow; 130 Ctrl-C.
    """
    site = chosen_site(config_path, world, sources, now)
    with heeding_ctrl_c(Stop(world)) as stop:
        summary = sync(world, site, Options(sources, full, max_time, allow, now), stop)
    if form == "json":
        say_json(summary.as_json())
    else:
        for line in summary.lines():
            say(line)
    return summary.exit_code


def chosen_site(config_path: Path, world: World, sources: tuple[str, ...], now: Instant | None) -> Site:
    """The site, with the log set up; AccordError where a chosen source is not in its configuration."""
    config = configured(config_path, world)
    for name in sources:
        if name not in config.sources:
            known = ", ".join(config.sources)
            raise AccordError(f"there is no source {name!r} in {config.path}", hint=f"known here: {known}")
    return load_site(config_path, world, at=now)


@contextmanager
def heeding_ctrl_c(stop: Stop) -> Iterator[Stop]:
    """The first Ctrl-C lets the transaction at hand finish; the second ends at once."""

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("stopping when the work at hand is stored; press Ctrl-C again to stop now", err=True)

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
        end_progress()
