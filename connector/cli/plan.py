"""`accord plan`: what a sync would do, as a diff. Nothing is written anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from connector.cli.options import INSTANT, config_option, format_option, pass_world
from connector.cli.said import say, say_json
from connector.cli.sync import chosen_site, heeding_ctrl_c
from connector.errors import EXIT_ACTS_LEFT, EXIT_FINE, EXIT_FOUND
from connector.model.instant import Instant
from connector.pull.stop import Stop
from connector.run import Options, plan
from connector.stages.plan import WIDTH, Plan
from connector.world import World


@click.command("plan")
@config_option
@click.option("--source", "sources", metavar="NAME", multiple=True, help="Only this source; may be repeated.")
@click.option("--exit-code", is_flag=True, help="End with 1 where there is something to deliver.")
@click.option("--allow", type=click.IntRange(min=1), metavar="N", help="As `sync --allow N` would do it.")
@click.option("--now", type=INSTANT, metavar="T", help="As `sync --now T` would do it.")
@format_option("text", "json")
@pass_world
def command(
    world: World,
    config_path: Path,
    sources: tuple[str, ...],
    exit_code: bool,
    allow: int | None,
    now: Instant | None,
    form: str,
) -> int:
    """Show what the next sync would do: each effect as a diff, to be delivered or held with the reason.

    The same stages run on a copy of the store, which is then thrown away; the platform is only read.
    """
    site = chosen_site(config_path, world, sources, now)
    with heeding_ctrl_c(Stop(world)) as stop:
        found = plan(world, site, Options(sources, allow=allow, now=now), stop)
    if form == "json":
        say_json(found.as_json())
    else:
        for line in found.text(shutil.get_terminal_size((WIDTH, 24)).columns):
            say(line)
    return _ended(found, exit_code)


def _ended(found: Plan, wanted: bool) -> int:
    if found.summary.exit_code not in (EXIT_FINE, EXIT_ACTS_LEFT):
        return found.summary.exit_code
    return EXIT_FOUND if wanted and found.deliver_keys else EXIT_FINE
