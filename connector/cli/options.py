"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from connector.model.instant import Instant, Millis, parse_length, parse_moment
from connector.world import World

if TYPE_CHECKING:  # loaded where they are used: offline commands start sooner without them
    from connector.config import Config
    from connector.site import Site

F = TypeVar("F", bound=Callable[..., Any])

pass_world = click.make_pass_decorator(World, ensure=True)  # the real world, unless a test gave another

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="config.yaml",
    show_default=True,
    help="The configuration file.",
)


def format_option(*forms: str) -> Callable[[F], F]:
    """`--format`, the first of *forms* by default; arrives as `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="How to print it.",
    )


class InstantParam(click.ParamType[int]):
    """ISO 8601 with an offset; arrives in milliseconds."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        """The instant that *value* names."""
        try:
            return value if isinstance(value, int) else parse_moment(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class LengthParam(click.ParamType[int]):
    """A length of time such as `90s`, `4h` or `PT4H`; arrives in milliseconds."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Millis:
        """The length that *value* names."""
        try:
            return value if isinstance(value, int) else parse_length(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


INSTANT = InstantParam()
LENGTH = LengthParam()


def configured(config_path: Path, world: World) -> Config:
    """The configuration, with the log set up as it says (to standard error)."""
    import sys

    from connector import log
    from connector.config import load_config

    config = load_config(config_path, world)
    log.configure(config.log.format, config.log.level, sys.stderr, world.now)
    return config


def site_of(config_path: Path, world: World) -> Site:
    """Configuration, mappings and rules, with the log set up."""
    from connector.site import load_site

    configured(config_path, world)
    return load_site(config_path, world)
