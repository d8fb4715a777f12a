"""`accord setup`: what the platform lacks, made, written down for an admin, or taken away again.

What is lacking is the adapter's business; here it is asked, confirmed and printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from connector.cli.check import chosen
from connector.cli.options import config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.config import SourceConfig
from connector.errors import AccordError
from connector.platforms.port import Platform, Provision
from connector.platforms.registry import open_platform
from connector.site import catalogue_of, load_site
from connector.world import World


@click.command("setup")
@config_option
@click.option("--source", "only", metavar="NAME", help="Only this source.")
@click.option("--apply", "apply_", is_flag=True, help="Make what is missing.")
@click.option("--remove", is_flag=True, help="Take away what setup made, and what is kept in it.")
@click.option("--yes", is_flag=True, help="Do not ask before --remove.")
@click.option(
    "--update-set",
    "update_set",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a ServiceNow update set for an admin to load; nothing is asked of the platform.",
)
@format_option("text", "json")
@pass_world
def command(
    world: World,
    config_path: Path,
    only: str | None,
    apply_: bool,
    remove: bool,
    yes: bool,
    update_set: Path | None,
    form: str,
) -> None:
    """Show what the platform lacks: tables, columns, fields. With --apply make it."""
    if apply_ + remove + (update_set is not None) > 1:
        raise click.UsageError("--apply, --remove and --update-set exclude each other")
    sources = chosen(configured(config_path, world), only)
    if update_set is not None:
        _write_update_set(sources, update_set, world)
        return
    agreements = _agreements(config_path, world)
    for source in sources:
        platform = open_platform(source, catalogue_of(source), world)
        if remove:
            _ask(source, yes)
            _print(source, platform.unprovision(), "removed", form)
        else:
            _set_up(source, platform, agreements, apply_, form)


def _agreements(path: Path, world: World) -> list[str]:
    """The names of the agreements. Rules that are wrong do not keep a platform from being set up: what is
    theirs is made when they are right."""
    try:
        return sorted({agreement.name for agreement in load_site(path, world).book.agreements})
    except AccordError:
        return []


def _set_up(
    source: SourceConfig, platform: Platform, agreements: Sequence[str], apply_: bool, form: str
) -> None:
    wanted = platform.provisions(agreements)
    missing = [one for one in wanted if not one.present]
    _print(source, (one for one in wanted if one.present), "there", form)
    if apply_:
        _make(source, platform, missing, form)
    else:
        _print(source, missing, "missing", form)
    if form == "text":
        say(_last_line(source, wanted, missing, apply_))


def _make(source: SourceConfig, platform: Platform, missing: Sequence[Provision], form: str) -> None:
    """Make what is missing, one line each; where that ends early, what is missing still is listed too."""
    left = {one.what: one for one in missing}
    try:
        for one in platform.provision(missing):
            del left[one.what]
            _print(source, [one], "made", form)
    except AccordError:
        _print(source, list(left.values()), "missing", form)
        raise


def _last_line(
    source: SourceConfig, wanted: Sequence[Provision], missing: Sequence[Provision], apply_: bool
) -> str:
    if not missing:
        return f"{source.name}: everything is there ({len(wanted)})"
    if apply_:
        return f"{source.name}: {len(missing)} made, {len(wanted) - len(missing)} were there"
    return f"{source.name}: {len(missing)} of {len(wanted)} missing; make them with: accord setup --apply"


def _print(
    source: SourceConfig, provisions: Iterator[Provision] | Sequence[Provision], state: str, form: str
) -> None:
    for one in provisions:
        if form == "json":
            say_json({"source": source.name, "what": one.what, "state": state})
        else:
            say(f"{state:<8} {source.name}  {one.what}")


def _ask(source: SourceConfig, yes: bool) -> None:
    question = f"{source.name}: take away Accord's tables and columns, and all that is kept in them?"
    if not yes and not click.confirm(question):
        raise AccordError("nothing was removed", hint="answer yes, or give --yes")


def _write_update_set(sources: Sequence[SourceConfig], path: Path, world: World) -> None:
    from connector.platforms.servicenow.updateset import update_set

    chosen_sources = [source for source in sources if source.platform == "servicenow"]
    if len(chosen_sources) != 1:
        raise click.UsageError("an update set is for one ServiceNow source: name it with --source")
    catalogue = catalogue_of(chosen_sources[0])
    path.write_text(update_set(catalogue, world.now()), encoding="utf-8")
    say(f"{path}: load it in ServiceNow under Retrieved Update Sets, preview it, commit it")
