"""`accord outbox`: look at what has not gone out, try it again, or forget it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from connector.cli.options import config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.deliver.outbox import drop, named, retry
from connector.errors import EXIT_FINE, EXIT_FOUND
from connector.model.instant import Instant, format_instant
from connector.store import Store, Transaction, backlog, open_store
from connector.store.effectrows import Waiting
from connector.world import World

KEY = 12  # digits of a key that are shown: as many as stand in a note

source_option = click.option("--source", help="Only effects of this source.")
names = click.argument("names", nargs=-1, required=True, metavar="KEY|TICKET…")


@click.group("outbox")
def command() -> None:
    """List, retry or drop effects that did not go out."""


@command.command("list")
@config_option
@source_option
@format_option("text", "json")
@pass_world
def list_command(world: World, config_path: Path, source: str | None, form: str) -> None:
    """Show every effect that has not arrived, with its state and why."""
    with _opened(config_path, world) as store, store.read() as tx:
        waiting = backlog.every(tx, source)
    if form == "json":
        say_json([_as_json(one) for one in waiting])
        return
    for one in waiting:
        say(_line(one, world.now()))
    say(f"{len(waiting)} not arrived" if waiting else "everything has arrived")


@command.command("retry")
@config_option
@source_option
@names
@pass_world
def retry_command(world: World, config_path: Path, source: str | None, names: Sequence[str]) -> int:
    """Have effects that were set aside sent by the next sync.

    What may have arrived is looked up first. Mail cannot be: it is sent again.
    """
    return _done(config_path, world, source, names, retry, "to be sent again by the next sync")


@command.command("drop")
@config_option
@source_option
@names
@pass_world
def drop_command(world: World, config_path: Path, source: str | None, names: Sequence[str]) -> int:
    """Forget effects that are held, set aside or not begun: they will not be sent."""
    return _done(config_path, world, source, names, drop, "dropped")


def _done(
    config_path: Path,
    world: World,
    source: str | None,
    names: Sequence[str],
    deed: Callable[[Transaction, Sequence[Waiting]], tuple[int, list[Waiting]]],
    words: str,
) -> int:
    with _opened(config_path, world) as store, store.begin() as tx:
        count, others = deed(tx, named(tx, names, source))
    for one in others:
        say(f"left as it is: {_line(one, world.now())}")
    say(f"{count} {words}")
    return EXIT_FOUND if not count else EXIT_FINE


@contextmanager
def _opened(config_path: Path, world: World) -> Iterator[Store]:
    """The store of the configuration, which must be there already."""
    store = open_store(configured(config_path, world).store, world, must_exist=True)
    try:
        yield store
    finally:
        store.close()


def _line(one: Waiting, now: Instant) -> str:
    effect = one.effect
    subject = effect.ticket.key if effect.ticket else effect.queue
    people = ", ".join(effect.payload.get("recipients", ()))
    why = one.words or one.held_why
    later = f" (not before {format_instant(one.not_before)})" if one.not_before > now else ""
    return (
        f"{effect.key[:KEY]}  {one.state.replace('_', ' '):9}  {effect.name:15}  {subject}"
        f"{f'  to {people}' if people else ''}"
        f"{f'  of {format_instant(effect.at)}' if effect.at else ''}{f': {why}' if why else ''}{later}"
    )


def _as_json(one: Waiting) -> dict[str, Any]:
    effect = one.effect
    return {
        "key": effect.key,
        "effect": effect.name,
        "source": effect.source,
        "ticket": effect.ticket.key if effect.ticket else None,
        "state": one.state,
        "why": one.words or one.held_why,
        "attempts": one.attempt,
        "at": format_instant(effect.at),
        "not_before": format_instant(one.not_before) if one.not_before else None,
        "payload": dict(effect.payload),
    }
