"""`accord reconcile`: Accord's clocks beside the cycles of the platform's own SLA engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from connector.authoring.reconcile.sheets import Listing, as_csv, as_data, lines
from connector.cli.options import LENGTH, config_option, format_option, pass_world
from connector.cli.said import say, written
from connector.cli.sync import chosen_site, heeding_ctrl_c
from connector.errors import EXIT_FINE, EXIT_FOUND, AccordError, plain, scrub
from connector.model.instant import Millis
from connector.pull.stop import Stop
from connector.stages.reconcile import Asked, reconcile
from connector.world import World


@click.command("reconcile")
@config_option
@click.option("--source", "sources", metavar="NAME", multiple=True, help="Only this source; may be repeated.")
@click.option("--agreement", metavar="NAME", help="Only this agreement.")
@click.option("--target", metavar="NAME", help="Only this target.")
@click.option(
    "--period", metavar="PERIOD", help="Only cycles open at some time in 2026-10, 2026-Q4, 2026-W40, 2026…"
)
@click.option(
    "--tolerance",
    type=LENGTH,
    default="1m",
    show_default=True,
    help="Figures that differ by no more tell the same.",
)
@format_option("text", "json", "csv")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, not to standard output.",
)
@pass_world
def command(
    world: World,
    config_path: Path,
    sources: tuple[str, ...],
    agreement: str | None,
    target: str | None,
    period: str | None,
    tolerance: Millis,
    form: str,
    out: Path | None,
) -> int:
    """Compare Accord's clocks with ServiceNow's task_sla or Jira's SLA cycles, and say why they differ.

    Reads what changed since the last sync, and the platform's own cycles; nothing is written there. Each
    difference is evaluated anew under other rules until one gives the platform's figures: that one is the
    reason. Ends with exit code 1 where there are differences.
    """
    site = chosen_site(config_path, world, sources, None)
    asked = Asked(sources, agreement, target, period, tolerance)
    with heeding_ctrl_c(Stop(world)) as stop:
        found = reconcile(world, site, asked, stop)
    _write(_formed(found, form), out)
    return EXIT_FOUND if any(one.rows for one in found) else EXIT_FINE


def _formed(found: Sequence[Listing], form: str) -> bytes:
    if form == "csv":
        return as_csv(found).encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8
    if form == "json":
        text = written({"sources": [as_data(one) for one in found]}, indent=2)
    else:
        text = plain(scrub("\n".join(line for one in found for line in lines(one))))
    return f"{text}\n".encode()


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise AccordError(f"{out} cannot be written: {error.strerror}") from None
    say(f"wrote {out}", err=True)
