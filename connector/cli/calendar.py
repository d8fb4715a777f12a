"""`accord calendar`: open time between two instants, or the instant after so much open time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from connector.cli.options import INSTANT, format_option
from connector.cli.said import say
from connector.errors import AccordError, Wrong
from connector.evaluate.hours import add_open, due_by_days, open_between
from connector.evaluate.lines import seconds
from connector.model.instant import Instant, format_instant, format_length, parse_length
from connector.model.kind import FieldType
from connector.rules.calendars import ALWAYS, read_calendar
from connector.rules.fields import Fields
from connector.rules.loader import rule_files
from connector.rules.reading import Reading, Spot
from connector.rules.rulebook import BusinessDays, Calendar, FieldZone, OpenTime
from connector.rules.values import WrongValue, read_time
from connector.yamldoc import read_file, suggest


@click.command("calendar")
@click.argument("name")
@click.option(
    "--rules", "rules", type=click.Path(exists=True, path_type=Path), required=True, multiple=True,
    help="A rule file or a folder of them.",
)  # fmt: skip
@click.option("--from", "start", type=INSTANT, required=True, help="The instant to count from.")
@click.option("--to", "end", type=INSTANT, help="Count the open time up to this instant.")
@click.option("--add", "length", metavar="LENGTH", help="Find the instant after so much: 4h, 2wd, 2bd.")
@format_option("text", "json")
def command(
    name: str,
    rules: tuple[Path, ...],
    start: Instant,
    end: Instant | None,
    length: str | None,
    form: str,
) -> None:
    """Open time of calendar NAME between two instants (--to), or the due instant (--add)."""
    if (end is None) == (length is None):
        raise click.UsageError("give either --to or --add")
    if end is not None and end < start:
        raise click.UsageError("--to lies before --from")
    calendar = _calendar(name, rules)
    if end is not None:
        open_ms = open_between(calendar, start, end)
        text, found = format_length(open_ms), json.dumps({"open_s": seconds(open_ms)})
    else:
        at = _after(calendar, start, length or "")
        if at is None:
            raise AccordError(f"calendar {name!r} has not so much open time within 20 years")
        text, found = format_instant(at), json.dumps({"at": format_instant(at)})
    say(found if form == "json" else text)


def _after(calendar: Calendar, start: Instant, written: str) -> Instant | None:
    """*start* and so much: a length, working days, or a due date by open days."""
    try:
        return add_open(calendar, start, parse_length(written))
    except ValueError:
        pass
    try:
        time = read_time(written, calendar)
    except WrongValue as wrong:
        raise AccordError(f"--add: {wrong.what}", hint=wrong.hint) from None
    if isinstance(time, OpenTime):
        return add_open(calendar, start, time.length)
    if isinstance(time, BusinessDays):
        return due_by_days(calendar, start, time)
    raise AccordError(f"--add: {written!r} is no length", hint="write 4h, 2wd or 2bd")


def _calendar(name: str, rules: tuple[Path, ...]) -> Calendar:
    calendars = {ALWAYS.name: ALWAYS, **_calendars(rules)}
    if name not in calendars:
        hint = suggest(name, calendars) or f"known: {', '.join(sorted(calendars))}"
        raise AccordError(f"there is no calendar {name!r}", hint=hint)
    calendar = calendars[name]
    if isinstance(calendar.timezone, FieldZone):
        say(
            f"{name} takes its zone from the ticket's `{calendar.timezone.field}`; "
            f"reckoned in its default, {calendar.timezone.default}",
            err=True,
        )
    return calendar


def _calendars(rules: tuple[Path, ...]) -> dict[str, Calendar]:
    """The calendars of the rule files, and nothing else of them: a question about hours should not fail
    because of an agreement that reads a field of some ticket file."""
    reading = Reading()
    found: dict[str, Calendar] = {}
    for file in rule_files(reading, rules):
        for document in read_file(file):
            if isinstance(document.data, dict) and next(iter(document.data), None) == "calendar":
                calendar = read_calendar(reading, Spot(document), _fields(document.data))
                if calendar is not None:
                    found[calendar.name] = calendar
    if reading.failed:
        raise Wrong(reading.problems)
    return found


def _fields(data: dict[str, Any]) -> Fields:
    """The field that a calendar takes its zone from, whatever records it belongs to."""
    zone = data.get("timezone")
    names = [zone["field"]] if isinstance(zone, dict) and isinstance(zone.get("field"), str) else []
    return Fields("any record", dict.fromkeys(names, FieldType.STRING))
