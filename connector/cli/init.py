"""`accord init`: a configuration, a mapping and starter rules to begin with. Nothing is ever overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from connector.cli.said import say
from connector.errors import AccordError
from connector.paths import shipped

_AUTH = {
    "servicenow": "{type: basic, user: env:SN_USER, password: env:SN_PASSWORD}",
    "jira": "{type: token, user: env:JIRA_USER, token: env:JIRA_TOKEN}",
}
_OTHER = {
    "servicenow": "",
    "jira": "    # on Jira Data Center: {type: pat, token: env:JIRA_TOKEN}, a personal access token\n",
}
_URL = {"servicenow": "https://YOUR-INSTANCE.service-now.com", "jira": "https://YOUR-SITE.atlassian.net"}

_CONFIG = """\
# What Accord connects to. Everything a configuration may say: accord schema config, docs/configuration.md.
sources:
  desk:
    platform: {platform}
    url: {url}
    auth: {auth}   # secrets are only ever references: env:, file:, keyring:
{other}    mapping: mapping/                # what differs from the shipped mapping `{platform}`
    effects: {{note: plan, fields: plan, achievement: plan}}  # on | plan (shown, not sent) | off

rules: [rules/]
store: sqlite:///accord.db
environment: production              # a clone or test instance: test, with redirect_notices_to: ADDRESS
"""

_MAPPING = """\
# This site's mapping: the shipped one, and only what differs here. `accord check` tells what does not fit.
mapping: desk
platform: {platform}
extends: {platform}
# records:
#   incident:
#     fields:
#       plan: {plan}              # a field of your own; rules may use it at once
"""
_PLAN = {"servicenow": "u_support_plan", "jira": "customfield_10042"}


@click.command()
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--platform",
    type=click.Choice(sorted(_URL)),
    default="servicenow",
    show_default=True,
    help="The platform of the first source.",
)
def command(directory: Path, platform: str) -> None:
    """Write a configuration, a mapping and starter rules into DIRECTORY.

    Files that are there already are kept as they are. Everything is set to `plan`: nothing is written to the
    platform until you say `on`.
    """
    for name, content in _files(platform).items():
        say(f"{_write(directory / name, content)}  {directory / name}")
    say(
        f"\nNext, in {directory}: put the address into config.yaml and the login into the environment, then\n"
        "  accord validate    the files, offline\n"
        "  accord check       login, rights, fields, live\n"
        "  accord plan        what a sync would do"
    )


def _files(platform: str) -> Mapping[str, str]:
    words = {
        "platform": platform,
        "url": _URL[platform],
        "auth": _AUTH[platform],
        "other": _OTHER[platform],
        "plan": _PLAN[platform],
    }
    return {
        "config.yaml": _CONFIG.format(**words),
        "mapping/mapping.yaml": _MAPPING.format(**words),
        **dict(_starter_rules()),
    }


def _starter_rules() -> Iterator[tuple[str, str]]:
    folder = shipped("rules") / "starter"
    for path in sorted(folder.rglob("*.yaml")):
        yield f"rules/{path.relative_to(folder)}", path.read_text(encoding="utf-8")


def _write(path: Path, content: str) -> str:
    """Write a new file; what became of it in one word."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        return "kept   "
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}") from None
    return "written"
