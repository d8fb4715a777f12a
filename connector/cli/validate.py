"""`accord validate`: configuration, mappings and rules checked together, offline, each problem placed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from connector.cli.options import config_option, format_option, pass_world
from connector.cli.problems import excerpt, summary
from connector.cli.said import say, say_json
from connector.config import Config, load_config
from connector.errors import EXIT_FINE, EXIT_WRONG, AccordError, Problem, Wrong
from connector.mappings.kinds import shipped_kinds
from connector.mappings.reader import load_catalogue
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.rules.effective import effective
from connector.rules.explanations import EXPLANATIONS
from connector.rules.fields import merged_kinds
from connector.rules.loader import load_rulebook, rule_files
from connector.rules.reading import Reading
from connector.rules.rulebook import Rulebook
from connector.site import catalogue_of, load_texts
from connector.world import World
from connector.yamldoc import read_file, suggest

_CONFIG_KEYS = ("sources", "rules", "store", "schedule")


@dataclass(slots=True)
class Findings:
    """What was read, and what is wrong with it."""

    files: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    book: Rulebook | None = None

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@config_option
@click.option(
    "--effective", "show_effective", is_flag=True, help="Print the agreements, everything resolved."
)
@click.option("--explain", "code", metavar="CODE", help="Say more about a problem's code.")
@format_option("text", "json")
@pass_world
def command(
    world: World,
    paths: tuple[Path, ...],
    config_path: Path,
    show_effective: bool,
    code: str | None,
    form: str,
) -> int:
    """Check configuration, mappings and rules, offline; with PATHS just those.

    Nothing is asked of a platform. Errors end with exit code 2, warnings do not.
    """
    if code is not None:
        say(explanation(code))
        return EXIT_FINE
    found = validated(world, paths, config_path)
    wrong = bool(found.errors)
    if form == "json":
        say_json(as_data(found), indent=2)
    elif show_effective and found.book is not None:
        _print_problems(found, to_stderr=True)
        say(effective(found.book), nl=False)
    else:
        _print_problems(found, to_stderr=False)
    return EXIT_WRONG if wrong else EXIT_FINE


def explanation(code: str) -> str:
    """The paragraph about *code*."""
    if code not in EXPLANATIONS:
        hint = suggest(code, EXPLANATIONS) or f"known: {', '.join(sorted(EXPLANATIONS))}"
        raise AccordError(f"there is no code {code!r}", hint=hint)
    return click.wrap_text(f"{code}: {EXPLANATIONS[code]}", width=100, preserve_paragraphs=True)


def validated(world: World, paths: Sequence[Path], config_path: Path) -> Findings:
    """Everything found wrong in *paths*, or in all that the configuration names."""
    found = Findings()
    config = _config(found, world, config_path) if not paths or config_path.is_file() else None
    if paths:
        found.problems.clear()  # only what was asked for
        found.files.clear()
    kinds = _kinds(found, config, told=not paths)
    rules: Sequence[Path] = ()
    if paths:
        rules = _other_than_rules(found, world, paths)
    elif config is not None:
        found.problems += config.missing_rules()
        rules = [path for path in config.rules if path.exists()]
        _check_texts(found, config)
    if rules:
        _check_rules(found, rules, kinds, world.now())
    return found


def _config(found: Findings, world: World, path: Path) -> Config | None:
    found.files.add(path)
    try:
        return load_config(path, world)
    except Wrong as wrong:
        found.problems += wrong.problems
        return None


def _kinds(found: Findings, config: Config | None, *, told: bool) -> Mapping[str, Kind]:
    """The kinds of all mappings together, those that shipped where there is none; problems only if *told*."""
    catalogues = []
    for source in config.sources.values() if config else ():
        try:
            catalogues.append(catalogue_of(source).kinds)
        except Wrong as wrong:
            found.problems += wrong.problems if told else ()
        folder = source.base / source.mapping
        if told and folder.exists():
            found.files.update(folder.rglob("*.yaml") if folder.is_dir() else [folder])
    return merged_kinds(catalogues) if catalogues else shipped_kinds()


def _other_than_rules(found: Findings, world: World, paths: Iterable[Path]) -> list[Path]:
    """The *paths* that are rules; configurations and mappings among them are checked here."""
    rules = []
    for path in paths:
        if (path / "mapping.yaml").is_file() or _first_key(path) == "mapping":
            found.files.update(path.rglob("*.yaml") if path.is_dir() else [path])
            try:
                load_catalogue(str(path.resolve()), base=path.parent)
            except Wrong as wrong:
                found.problems += wrong.problems
        elif _first_key(path) in _CONFIG_KEYS:
            _config(found, world, path)
        else:
            rules.append(path)
    return rules


def _first_key(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        documents = read_file(path)
    except Wrong:  # told when it is read as what it is
        return None
    data = documents[0].data if documents else None
    return next(iter(data), None) if isinstance(data, dict) else None


def _check_rules(found: Findings, paths: Sequence[Path], kinds: Mapping[str, Kind], at: Instant) -> None:
    found.files.update(rule_files(Reading(), paths))
    try:
        found.book = load_rulebook(paths, kinds, at=at)
        found.problems += found.book.warnings
    except Wrong as wrong:
        found.problems += wrong.problems


def _check_texts(found: Findings, config: Config) -> None:
    found.files.update(config.texts.glob("*/*.txt") if config.texts else ())
    try:
        load_texts(config)
    except Wrong as wrong:
        found.problems += wrong.problems


def _print_problems(found: Findings, *, to_stderr: bool) -> None:
    for problem in found.problems:
        say(str(problem), err=to_stderr)
        for line in excerpt(problem):
            say(line, err=to_stderr)
    say(summary(found.problems, len(found.files)), err=to_stderr)


def as_data(found: Findings) -> dict[str, Any]:
    """The findings as one JSON object."""
    return {
        "files": len(found.files),
        "errors": len(found.errors),
        "warnings": len(found.problems) - len(found.errors),
        "problems": [_row(problem) for problem in found.problems],
    }


def _row(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "severity": problem.severity,
        "code": problem.code,
        "what": problem.what,
        "hint": problem.hint,
    }
