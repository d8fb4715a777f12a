"""`accord check`: everything tried live, one line each with the mend.

What is tried is the adapter's business; here it is printed. Exit code 1 where something was found, 3 where
login or network stopped it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from connector.cli import ownslas
from connector.cli.options import config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.config import Config, SourceConfig
from connector.errors import EXIT_FINE, EXIT_FOUND, EXIT_PLATFORM, AccordError, Wrong
from connector.platforms.port import Finding
from connector.platforms.registry import open_platform
from connector.site import catalogue_of
from connector.world import World


@click.command("check")
@config_option
@click.option("--source", "only", metavar="NAME", help="Only this source.")
@format_option("text", "json")
@pass_world
def command(world: World, config_path: Path, only: str | None, form: str) -> int:
    """Try login, rights, tables, fields, history and write targets of every source, live.

    Nothing is written. Ends with exit code 1 where something should be mended, 2 where configuration or
    mapping are wrong, 3 where login or network stopped it.
    """
    sources = chosen(configured(config_path, world), only)
    tell = _tell_as_json if form == "json" else _tell
    grave = EXIT_FINE
    for source in sources:
        for finding, gravity in _tried(source, world):
            tell(source, finding)
            grave = max(grave, gravity)
    for source, finding in ownslas.findings(world, config_path, sources) if grave <= EXIT_FOUND else ():
        tell(source, finding)
        grave = max(grave, _gravity(finding))
    return grave


def chosen(config: Config, only: str | None) -> list[SourceConfig]:
    """The sources to work on: all, or the one that is named."""
    if only is None:
        return list(config.sources.values())
    if only not in config.sources:
        known = ", ".join(config.sources)
        raise AccordError(f"there is no source {only!r} in {config.path}", hint=f"known here: {known}")
    return [config.sources[only]]


def _tried(source: SourceConfig, world: World) -> Iterator[tuple[Finding, int]]:
    """All findings, and the exit code each calls for; what is wrong in files stops this source only."""
    try:
        catalogue = catalogue_of(source)
        for finding in open_platform(source, catalogue, world).check():
            yield finding, _gravity(finding)
    except Wrong as wrong:
        for problem in wrong.problems:
            yield Finding("mapping", False, str(problem)), wrong.exit_code
    except AccordError as error:
        place = f"{error.problem.place}: " if error.problem.place else ""
        told = Finding("connection", False, f"{place}{error.problem.what}", error.problem.hint or "")
        yield told, error.exit_code


def _gravity(finding: Finding) -> int:
    if finding.fine:
        return EXIT_FINE
    return EXIT_PLATFORM if finding.stops else EXIT_FOUND


def _tell(source: SourceConfig, finding: Finding) -> None:
    mark = click.style("ok     ", fg="green") if finding.fine else click.style("problem", fg="red", bold=True)
    detail = f": {finding.detail}" if finding.detail else ""
    mend = f"\n        {finding.mend}" if finding.mend else ""
    say(f" {source.name}  {finding.what}{detail}{mend}", mark=mark)


def _tell_as_json(source: SourceConfig, finding: Finding) -> None:
    say_json(
        {
            "source": source.name,
            "what": finding.what,
            "fine": finding.fine,
            "detail": finding.detail,
            "mend": finding.mend,
        }
    )
