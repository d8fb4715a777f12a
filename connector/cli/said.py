"""How commands print: everything that somebody reads on a terminal goes through here.

Tickets hold whatever people and other programs have written into them. No secret gets out with it, and no
character that would steer the terminal (its title, its colours, what stands there already) gets in.
"""

from __future__ import annotations

import json
from typing import Any

import click

from connector.errors import plain, scrub, unsteered


def say(text: str = "", *, mark: str = "", err: bool = False, nl: bool = True) -> None:
    """Print *text*, to standard error with *err*; *mark*, which may be coloured, stands before it."""
    click.echo(mark + plain(scrub(text)), err=err, nl=nl)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Print *value* as JSON; it reads back as it is."""
    click.echo(written(value, indent=indent))


def written(value: Any, *, indent: int | None = None) -> str:
    """*value* as JSON text."""
    return unsteered(scrub(json.dumps(value, ensure_ascii=False, indent=indent)))
