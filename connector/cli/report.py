"""`accord report`: the achievement report of a period, as a page, a sheet or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from connector.cli.options import config_option, pass_world, site_of
from connector.cli.said import say
from connector.errors import AccordError
from connector.report.contents import Report
from connector.report.gather import Gathering, gather
from connector.report.page import page
from connector.report.sheets import as_csv, as_json, as_xlsx
from connector.store import open_store
from connector.world import World


@click.command()
@config_option
@click.option("--agreement", metavar="NAME", help="Only this agreement; all enacted ones otherwise.")
@click.option(
    "--period",
    metavar="PERIOD",
    help="2026-10, 2026-Q4, 2026-W40, 2026, 2026-10-05; default: the last whole month.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "json", "csv", "xlsx"]),
    default="html",
    show_default=True,
    help="A page, the same as JSON, or the cycles behind it as a sheet.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, not to standard output.",
)
@pass_world
def command(
    world: World, config_path: Path, agreement: str | None, period: str | None, form: str, out: Path | None
) -> None:
    """Report what was achieved in a period against every objective.

    Each objective with its value, its bound, its trend over former periods, the tickets behind it and what
    was left out, with the reason. Figures are counted from the store as of the last sync.
    """
    if form == "xlsx" and out is None and sys.stdout.isatty():
        raise click.UsageError("a workbook is no text; name a file with --out")
    site = site_of(config_path, world)
    store = open_store(site.config.store, world)
    try:
        reports = gather(Gathering(store, site.book, site.kinds), agreement=agreement, period=period)
    finally:
        store.close()
    _write(_formed(reports, form), out)


def _formed(reports: Sequence[Report], form: str) -> bytes:
    if form == "xlsx":
        return as_xlsx(reports)
    if form == "csv":
        return as_csv(reports).encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8
    return (as_json(reports) if form == "json" else page(reports)).encode()


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise AccordError(f"{out} cannot be written: {error.strerror}") from None
    say(f"wrote {out}", err=True)
