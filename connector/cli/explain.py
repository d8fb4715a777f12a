"""`accord explain`: why a ticket's clocks stand where they stand, from the store as of the last sync."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, format_option, pass_world, site_of
from connector.cli.said import say, say_json
from connector.errors import AccordError
from connector.evaluate.explain import explain
from connector.model.instant import Instant
from connector.model.platformcycle import KIND
from connector.model.record import Record
from connector.stages.borrowed import read
from connector.store import Store, belonging, open_store, sources, tickets
from connector.world import World


@click.command()
@click.argument("ticket")
@config_option
@click.option("--target", metavar="NAME", help="Only the clocks of this target.")
@format_option("text", "json", "html")
@pass_world
def command(world: World, ticket: str, config_path: Path, target: str | None, form: str) -> None:
    """Show the timeline of a ticket's clocks, step by step.

    What changed, which condition (file:line) held, the time counted, when the calendar was closed, when it is
    due. TICKET is the key people call it by, such as INC0010001.
    """
    site = site_of(config_path, world)
    store = open_store(site.config.store, world)
    try:
        record, at = find(store, ticket)
        with store.read() as tx:
            kept = belonging.of_tickets(tx, record.source, KIND, [record.id])
    finally:
        store.close()
    lent = {(record.source, id_): read(cycles) for id_, cycles in kept.items()}
    told = explain(record, site.book, at=at, kinds=site.kinds, target=target, told=lent)
    if form == "json":
        say_json(told.json(), indent=2)
    else:
        say(told.html() if form == "html" else told.text())


def find(store: Store, key: str) -> tuple[Record, Instant]:
    """The ticket called *key* and the instant up to which its source is known. AccordError where there is
    none, or several: two sources may use one key."""
    with store.read() as tx:
        found = list(tickets.by_key(tx, key))
        if len(found) != 1:
            where = ", ".join(f"{record.source}/{record.kind}" for record in found)
            what = (
                f"the key {key} stands for several tickets ({where})"
                if found
                else f"no ticket {key} is known"
            )
            raise AccordError(what, hint=None if found else "its last change is read by `accord sync`")
        source = sources.get(tx, found[0].source)
    if source is None or source.watermark is None:
        raise AccordError(
            f"the store does not know {found[0].source} as a whole yet", hint="run `accord sync`"
        )
    return found[0], source.watermark
