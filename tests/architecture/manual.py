"""Writes docs/commands.md from what the commands say of themselves: `make docs`.

A test compares the two, so that the manual cannot go stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from importlib import import_module
from pathlib import Path

import click

from connector.cli import SECTIONS, cli, module_of

MANUAL = Path(__file__).parents[2] / "docs" / "commands.md"
_HEAD = """\
# Commands

What `accord COMMAND --help` says, in one place. Exit codes: 0 fine; 1 the check found something; 2 wrong
usage, configuration or rules; 3 a platform was not reachable or not allowed; 4 ran, but some acts failed or
await `--allow`; 130 stopped by Ctrl-C.
"""


def manual() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_parts()])


def _parts() -> Iterator[str]:
    root = click.Context(cli, info_name="accord", max_content_width=100, terminal_width=100)
    for title, commands in SECTIONS.items():
        yield f"## {title}\n"
        for name, line in commands.items():
            command: click.Command = import_module(module_of(name)).command
            yield f"### accord {name}\n\n{line}\n\n{_help(command, name, root)}"


def _help(command: click.Command, name: str, parent: click.Context) -> str:
    command = copy(command)
    command._help_option = None  # click keeps the one it made first, under whatever parent that was
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100)
    text = f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        text += "".join(
            "\n" + _help(inner, inner_name, context) for inner_name, inner in command.commands.items()
        )
    return text


if __name__ == "__main__":
    MANUAL.write_text(manual(), encoding="utf-8")
