"""A site: its configuration, the mappings of its sources and its rulebook, read and checked together.

Offline: no platform is asked, no store opened, no secret read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.config import Config, SourceConfig, load_config
from connector.errors import AccordError, Position, Problem, Wrong
from connector.mappings.catalogue import Catalogue
from connector.mappings.reader import load_catalogue
from connector.model.instant import Instant
from connector.model.kind import Field, Kind
from connector.rules import load_rulebook
from connector.rules.rulebook import Rulebook
from connector.texts import Texts, read_texts
from connector.world import World


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the files of a site say. *kinds* hold the fields that any of its mappings adds."""

    config: Config
    catalogues: Mapping[str, Catalogue]  # by source
    kinds: Mapping[str, Kind]
    book: Rulebook
    texts: Texts = field(default_factory=dict)  # the site's own, over the shipped ones


def load_site(path: Path, world: World, *, at: Instant | None = None) -> Site:
    """The site whose configuration is at *path*. Wrong with all problems of its mappings, else of its rules.

    *at* is the present for warnings such as a holiday list that ends; the world's now by default.
    """
    config = load_config(path, world)
    catalogues = load_catalogues(config)
    kinds = merged_kinds(catalogues)
    if missing := list(config.missing_rules()):
        raise Wrong(missing)
    book = load_rulebook(config.rules, kinds, at=world.now() if at is None else at)
    return Site(config, catalogues, kinds, book, load_texts(config))


def load_texts(config: Config) -> Texts:
    """The site's own texts. Wrong with the problems of all of them, or where the folder is not there."""
    if config.texts is None:
        return {}
    if not config.texts.is_dir():
        what, hint = f"there is no folder {config.texts}", "make it, or take `texts:` out"
        raise Wrong([Problem(what, Position(str(config.path), 1), hint)])
    return read_texts(config.texts)


def catalogue_of(source: SourceConfig) -> Catalogue:
    """The mapping of *source*. Wrong with every problem in it."""
    return load_catalogue(source.mapping, base=source.base, place=source.mapping_place)


def load_catalogues(config: Config) -> dict[str, Catalogue]:
    """The mapping of each source. Wrong with the problems of all of them."""
    found: dict[str, Catalogue] = {}
    problems: list[Problem] = []
    for name, source in config.sources.items():
        try:
            found[name] = catalogue_of(source)
        except Wrong as wrong:
            problems += wrong.problems
        except AccordError as wrong:
            problems.append(wrong.problem)
    if problems:
        raise Wrong(dict.fromkeys(problems))
    return found


def merged_kinds(catalogues: Mapping[str, Catalogue]) -> dict[str, Kind]:
    """The kinds of all sources. Wrong where two mappings give one field different types: a rule that reads
    it would mean two things."""
    kinds: dict[str, Kind] = {}
    problems: list[Problem] = []
    for source, catalogue in catalogues.items():
        for name, kind in catalogue.kinds.items():
            known = kinds.get(name, kind)
            problems += _conflicts(source, known, kind.fields.values())
            kinds[name] = replace(known, fields={**kind.fields, **known.fields})
    if problems:
        raise Wrong(problems)
    return kinds


def _conflicts(source: str, known: Kind, fields: Iterable[Field]) -> list[Problem]:
    return [
        Problem(
            f"the mapping of {source} says {one.type} of {known.name}.{one.name}, another {other.type}",
            hint="give one of them another name or type",
        )
        for one in fields
        if (other := known.fields.get(one.name)) is not None and other.type is not one.type
    ]
