"""`accord schema`: JSON Schema of the files that people write, made from the shapes that read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from connector.cli.said import say_json


def _config() -> dict[str, Any]:
    from connector.configshape import ConfigShape

    return ConfigShape.model_json_schema()


def _mapping() -> dict[str, Any]:
    from connector.mappings.shapes import mapping_schema

    return mapping_schema()


def _rules() -> dict[str, Any]:
    from connector.rules.jsonschema import rules_schema

    return rules_schema()


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "config": _config,
    "mapping": _mapping,
    "rules": _rules,
}


@click.command("schema")
@click.argument("what", type=click.Choice(list(SCHEMAS)))
def command(what: str) -> None:
    """Print the JSON Schema of config.yaml, of mapping files or of rule documents.

    Editors complete and check by it while one types; `accord validate` is what decides.
    """
    say_json(SCHEMAS[what](), indent=2)
