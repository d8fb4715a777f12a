"""`accord holidays`: the dates of public holidays, or of a calendar file, for a calendar of a rule file."""

from __future__ import annotations

import re
from pathlib import Path

import click

from connector.authoring.datelist import lines, put
from connector.authoring.holidays import of_country, of_file
from connector.cli.options import pass_world
from connector.cli.said import say
from connector.errors import AccordError
from connector.model.instant import to_datetime
from connector.world import World


@click.command("holidays")
@click.option("--country", help="Two letters, such as GB.")
@click.option("--subdivision", help="A part of it with holidays of its own, such as ENG.")
@click.option("--ics", type=click.Path(path_type=Path), help="An iCalendar file with whole-day events.")
@click.option("--years", help="Such as 2026-2030 [default: this year and the next four].")
@click.option("--into", type=click.Path(path_type=Path), help="The rule file that holds the calendar.")
@click.option("--calendar", metavar="NAME", help="Which calendar of that file, where it has several.")
@pass_world
def command(
    world: World,
    country: str | None,
    subdivision: str | None,
    ics: Path | None,
    years: str | None,
    into: Path | None,
    calendar: str | None,
) -> None:
    """Write holidays as dates, with their names as comments, into a calendar of a rule file.

    Without --into they are printed. Dates of other years that the calendar has already stay as they are. Read
    the list through: a public holiday is not always a day off at your desk.
    """
    if (country is None) == (ics is None):
        raise click.UsageError("give either --country or --ics")
    span = _years(years, to_datetime(world.now()).year)
    found = of_file(ics, span) if ics else of_country(country or "", subdivision, span)
    if into is None:
        say("\n".join(lines(found)))
        return
    try:
        text = into.read_text(encoding="utf-8")
    except OSError as error:
        raise AccordError(f"{into} cannot be read: {error.strerror}") from None
    into.write_text(put(text, str(into), calendar, found, span), encoding="utf-8")
    say(f"{into}: {len(found)} holidays of {span[0]}-{span[-1]}")


def _years(written: str | None, this: int) -> range:
    if written is None:
        return range(this, this + 5)
    match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", written)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise click.BadParameter(
            f"{written!r} is neither a year nor a span such as 2026-2030", param_hint="--years"
        )
    return range(int(match[1]), int(match[2] or match[1]) + 1)
