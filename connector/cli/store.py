"""`accord store`: check, back up or prune what is known between runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from connector.cli.options import LENGTH, config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.errors import EXIT_FINE, EXIT_FOUND, number_of
from connector.model.instant import DAY, Millis
from connector.store import Store, open_store
from connector.store.care import backup, check, doubt, prune
from connector.store.erasure import erase
from connector.world import World


@click.group("store")
def command() -> None:
    """Check, back up or prune the store."""


@contextmanager
def opened(config_path: Path, world: World) -> Iterator[Store]:
    """The store of the configuration, which must be there already."""
    store = open_store(configured(config_path, world).store, world, must_exist=True)
    try:
        yield store
    finally:
        store.close()


@command.command("check")
@config_option
@format_option("text", "json")
@pass_world
def check_command(world: World, config_path: Path, form: str) -> int:
    """Prove what must hold in the store; end with 1 where something does not."""
    with opened(config_path, world) as store:
        broken = list(check(store))
    if form == "json":
        say_json([asdict(one) for one in broken])
    else:
        for one in broken:
            say(str(one))
        say(f"{number_of(len(broken), 'thing')} not as it should be" if broken else "everything holds")
    return EXIT_FOUND if broken else EXIT_FINE


@command.command("backup")
@config_option
@click.argument("into", type=click.Path(dir_okay=False, path_type=Path))
@pass_world
def backup_command(world: World, config_path: Path, into: Path) -> None:
    """Copy the store to the file INTO, also while a sync is at work.

    A store that is restored from it doubts what was sent since, and looks it up before sending anything
    again.
    """
    backup(configured(config_path, world).store, into)
    say(f"wrote {into}")


@command.command("doubt")
@config_option
@pass_world
def doubt_command(world: World, config_path: Path) -> None:
    """Treat every effect as unsure: after a restore by other means than `store backup`."""
    with opened(config_path, world) as store:
        doubt(store)
    say("the next sync looks everything up before it sends it again")


@command.command("prune")
@config_option
@click.option(
    "--older-than",
    type=LENGTH,
    metavar="D",
    default=90 * DAY,
    help="Settled before so long ago (default 2160h).",
)
@click.option(
    "--person",
    "names",
    metavar="NAME",
    multiple=True,
    help="Erase this person instead: every name and id they have.",
)
@pass_world
def prune_command(world: World, config_path: Path, older_than: Millis, names: tuple[str, ...]) -> None:
    """Let go of what nobody needs any more: requests and texts of what was delivered, and old runs.

    What an audit counts from stays. With --person a person's name and ids are erased from records,
    histories and texts; erase them on the platform first, or they come back with the next change.
    """
    if any(not name.strip() for name in names):
        raise click.UsageError("--person needs a name")
    with opened(config_path, world) as store:
        if names:
            erased = erase(store, frozenset(names))
            say(f"erased from {_counted(record=erased.records, change=erased.changes, text=erased.texts)}")
        else:
            pruned = prune(store, world.now() - older_than)
            say(f"let go of {_counted(request=pruned.requests, text=pruned.texts, run=pruned.runs)}")


def _counted(**counts: int) -> str:
    return ", ".join(number_of(count, what) for what, count in counts.items())
