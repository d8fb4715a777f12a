"""`accord demo`: the whole story on the embedded platforms, from an untouched desk to a month's report.

Everything is done by the commands that a site would use, over HTTP, against the log of a real service desk.
"""

from __future__ import annotations

import json
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.options import pass_world
from connector.cli.said import say
from connector.cli.story import SHOWN, Story, open_story
from connector.errors import plain
from connector.model.instant import format_instant, parse_instant
from connector.world import World

FIRST = "2016-04-28T09:00:00Z"
LATER = "2016-04-28T17:30:00Z"
AFTER = "2016-05-03T09:00:00Z"
NEXT = "2016-05-04T09:00:00Z"
MONTH = "2016-04"
REPORT = "report-2016-04.html"
WIDTH = 110


@click.command()
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the demo's site, new or empty; a temporary one by default.",
)
@click.option("--keep", is_flag=True, help="Leave the platforms running at the end, to look at it and go on.")
@pass_world
def command(world: World, into: Path | None, keep: bool) -> None:
    """Tell the whole story on the embedded platforms, in under a minute.

    One service desk with two months of real incidents, on ServiceNow and on Jira Service Management; set up,
    planned, synced; a working day and a long weekend go by; then one report of the month. Needs no account,
    no key and no network.
    """
    folder = into if into is not None else Path(tempfile.mkdtemp(prefix="accord-demo-"))
    with open_story(folder, FIRST, world) as story:
        _tell(story)
        if keep:
            _keep(story)


def _tell(story: Story) -> None:
    where = f"ServiceNow and Jira Service Management, embedded, at {story.server.url}; it is {FIRST}"
    _head("One service desk on two platforms", where)
    incidents = len(story.records("incident"))
    _lines([f"The same {incidents} incidents of a real log lie on both; nothing of Accord does yet."])
    _lines([f"Beside it a configuration and rules: {story.folder}: config.yaml, rules/*.yaml"])
    _set_up(story)
    _first_sync(story)
    _day_goes_by(story)
    _month_ends(story)
    _figures(story)
    _explain(story)
    _where_to_look(story)


def _set_up(story: Story) -> None:
    _head("What the platforms lack is made once", "accord setup --apply")
    told = story.accord("setup", "--apply").splitlines()
    _lines(line for line in told if "table" in line or "register issue in" in line or " made, " in line)


def _first_sync(story: Story) -> None:
    _head("What a first run would do, before it does anything", f"accord plan --now {FIRST}")
    _lines(_end(story.accord("plan", "--now", FIRST), 6))
    _head("First contact: figures are written, nobody is alarmed over the past", f"accord sync --now {FIRST}")
    _lines(_synced(story, FIRST))


def _day_goes_by(story: Story) -> None:
    story.advance(parse_instant(LATER))
    _head("A working day goes by at the desk", f"accord sync --now {LATER}")
    _lines(_synced(story, LATER))
    for line in _on_the_ticket(story):
        click.secho(plain(f"   │ {line}"), fg="cyan")


def _month_ends(story: Story) -> None:
    story.advance(parse_instant(AFTER))
    _head("The weekend and a bank holiday go by, the month has ended", f"accord sync --now {AFTER}")
    _lines(_synced(story, AFTER))


def _synced(story: Story, now: str) -> Iterator[str]:
    """What a sync tells, without what was decided: it is what was delivered."""
    for line in story.accord("sync", "--now", now).splitlines():
        if not line.partition(": ")[2].startswith(("decided", "known up to")):
            yield line


def _on_the_ticket(story: Story) -> Iterator[str]:
    """What an agent now sees on a ticket, on either platform: Accord's latest note there, and the fields
    beside it."""
    notes = [
        row
        for row in story.records("sys_journal_field")
        if row["sys_created_by"] == "accord" and row["element"] == "work_notes"
    ]
    if not notes:
        return
    note = max(notes, key=lambda row: (not row["value"].startswith("To:"), row["sys_created_on"]))
    ticket = next(one for one in story.records("incident") if one["sys_id"] == note["element_id"])
    fields = {name: ticket.get(f"u_sla_{name}") for name in SHOWN}
    yield f"{ticket['number']} {ticket['short_description']}, as the agent sees it on ServiceNow"
    yield from _seen(note["value"].partition("\n")[0], fields)
    twin = story.twin(ticket["number"])
    due = twin.shown.get("due")
    shown = {**twin.shown, "due": format_instant(due)} if isinstance(due, int) else twin.shown
    yield f"{twin.key}, the same on Jira"
    yield from _seen(twin.notes[-1] if twin.notes else "", shown)


def _seen(note: str, fields: Mapping[str, object]) -> Iterator[str]:
    yield from textwrap.wrap(note, 100, initial_indent="note: ", subsequent_indent="      ")
    told = ", ".join(f"{name}: {value}" for name, value in fields.items() if value not in (None, ""))
    yield f"SLA   {told}"


def _figures(story: Story) -> None:
    _head("What the month came to, the worst first", f"accord report --period {MONTH} --format json")
    for told in sorted(_told(story), key=lambda one: one["standing"] != "missed"):
        each = f" ({told['each']})" if told["each"] else ""
        mark = {"met": click.style("met   ", fg="green"), "missed": click.style("missed", fg="red")}
        verdict = mark.get(told["standing"], "–     ")
        name = f"{told['agreement']} · {told['objective']}{each}"
        say(
            f"   {verdict}  {name:<46} {told['value'] or '–':>12}  promised {told['promised'] or '–':<8}"
            f" of {told['counted']:>4} cycles"
        )


def _told(story: Story) -> list[dict[str, Any]]:
    reports = json.loads(story.accord("report", "--period", MONTH, "--format", "json"))
    return [figure for report in reports for part in report["objectives"] for figure in part["figures"]]


def _explain(story: Story) -> None:
    ticket = _worth_explaining(_told(story))
    if ticket is None:
        return
    args = ("explain", ticket["ticket"], "--target", "resolution")
    _head("Any number can be taken apart, down to the rule's line", f"accord {' '.join(args)}")
    _lines(story.accord(*args).splitlines())
    twin = ("explain", story.twin(ticket["ticket"]).key, "--target", "resolution")
    _head("The same ticket on Jira", f"accord {' '.join(twin)}")
    _lines(line for line in story.accord(*twin).splitlines() if line.lstrip().startswith("Cycle"))


def _worth_explaining(figures: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """A resolution that was missed though it had been paused: what people ask about."""
    missed = [
        cycle
        for figure in figures
        if figure["objective"] == "resolved-in-time"
        for cycle in figure["missed_cycles"]
    ]
    missed = [cycle for cycle in missed if str(cycle["ticket"]).startswith("INC")]
    paused = [cycle for cycle in missed if cycle["paused_s"] and cycle["ended"]]
    return min(paused or missed, key=lambda cycle: cycle["elapsed_s"], default=None)


def _where_to_look(story: Story) -> None:
    args = ("report", "--agreement", "incident-desk", "--period", MONTH, "--out", REPORT)
    _head("The report, as the customer gets it", f"accord {' '.join(args)}")
    story.accord(*args)
    _head("Where to look", "")
    _lines(
        [
            f"the month's report        {story.folder / REPORT}",
            f"both desks, as an agent   {story.server.url}/ (while they run: accord demo --keep)",
            f"the rules                 {story.folder / 'rules' / 'desk.yaml'}",
            "your own platform         accord init DIR [--platform jira]",
        ]
    )


def _keep(story: Story) -> None:
    say(
        f"\nThe platforms go on at {story.server.url} until Ctrl-C; all commands work in {story.folder}."
        "\nTo let another day go by there, and then here:"
        f'\n   curl -d \'{{"to": "{NEXT}"}}\' {story.server.url}/sandbox/advance'
        f"\n   accord sync --now {NEXT}"
    )
    try:
        story.server.wait()
    except KeyboardInterrupt:
        say("stopped")


def _head(title: str, command: str) -> None:
    say()
    click.secho(f"■ {title}", bold=True)
    if command:
        click.secho(f"   $ {command}" if command.startswith("accord") else f"   {command}", dim=True)


def _lines(lines: Iterable[str]) -> None:
    """Lines of a command's output, long ones wrapped."""
    for line in lines:
        indent = " " * (3 + len(line) - len(line.lstrip()))
        for part in textwrap.wrap(line.lstrip(), WIDTH - len(indent), subsequent_indent="      ") or [""]:
            say((indent + part).rstrip())


def _end(told: str, count: int) -> list[str]:
    """The last lines, each cut to the width: a sample."""
    return [
        line if len(line) <= WIDTH - 3 else f"{line[: WIDTH - 4]}…" for line in told.splitlines()[-count:]
    ]
