"""`accord evaluate`: a file of tickets against rules, offline; one line (or Parquet row) for every cycle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from os import cpu_count
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import click

from connector.cli.options import INSTANT
from connector.cli.said import say
from connector.errors import AccordError, number_of
from connector.evaluate.lines import json_lines
from connector.evaluate.plan import Plan, make_plan
from connector.evaluate.stream import Tally, evaluate_records
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import Instant
from connector.model.kind import FieldType, Kind
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Agreement
from connector.ticketfile import read_ticket_file
from connector.ticketinspection import Inspection, inspect_ticket_file
from connector.ticketlines import LinesJob, inspect_pieces, json_of_lines, parquet_of_lines
from connector.tickettypes import types_by_use


@click.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rules", "rules", type=click.Path(exists=True, path_type=Path), required=True, multiple=True,
    help="A rule file or a folder of them.",
)  # fmt: skip
@click.option("--at", "at", type=INSTANT, required=True, help="Evaluate as of this instant.")
@click.option(
    "--format", "form", type=click.Choice(["json", "parquet"]), help="json, or Parquet by --out's name."
)
@click.option("--out", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--all", "every", is_flag=True, help="Measure by agreements that are not enacted too.")
@click.option("--skip-bad", is_flag=True, help="Leave bad records out and count them.")
def command(
    file: Path,
    rules: tuple[Path, ...],
    at: Instant,
    form: str | None,
    out: Path | None,
    every: bool,
    skip_bad: bool,
) -> None:
    """Evaluate the tickets of FILE (JSON Lines, or Parquet by its name) as of an instant."""
    as_parquet = form == "parquet" or (form is None and out is not None and out.suffix == ".parquet")
    if as_parquet and out is None:
        raise click.UsageError("--format parquet needs --out")
    asked = _Asked(file, rules, at, every, skip_bad, shipped_kinds())
    evaluated = _evaluate_lines
    if file.suffix == ".parquet":
        _columns().check_schema(file)
        evaluated = _evaluate_columns if _bulk().is_columnar(file) else _evaluate_rows
    tally, found = evaluated(asked, out, as_parquet)
    _sum_up(tally, found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be evaluated, and by what."""

    file: Path
    rules: tuple[Path, ...]
    at: Instant
    every: bool
    skip_bad: bool
    kinds: Mapping[str, Kind]

    def plan(self, extra: Mapping[str, FieldType]) -> Plan:
        """The plan by the rules, which may use the kinds' fields and the file's *extra* ones."""
        book = load_rulebook(self.rules, self.kinds, at=self.at, extra_fields=extra)
        for warning in book.warnings:
            say(str(warning), err=True)
        measuring = book.measuring(every=self.every)
        for line in _elsewhere(measuring):
            say(line, err=True)
        return make_plan(book, self.kinds, measuring, {})

    def plan_of(self, found: Inspection) -> Plan:
        """The plan for a file that was inspected; raises Wrong for bad lines that are not to be left out."""
        if not self.skip_bad:
            found.refuse()
        return self.plan(found.extra)


def _elsewhere(agreements: Sequence[Agreement]) -> Iterator[str]:
    """What a file of tickets says nothing of: the cycles of the platform's own engine."""
    for agreement in agreements:
        for target in agreement.targets.values():
            if target.measured_by is not None:
                name, sla = f"{agreement.name}/{target.name}", repr(target.measured_by)
                yield (
                    f"{target.place}: {name} is measured by the platform's SLA {sla}: a file of tickets"
                    " does not hold its cycles, so it has none here"
                )


def _bulk() -> ModuleType:
    """What needs pyarrow; says how to install it where it is missing."""
    return import_module("connector.evaluate.bulk")


def _columns() -> ModuleType:
    """What finds fault with the columns of a file; needs pyarrow too."""
    return import_module("connector.ticketcolumns")


def _evaluate_lines(asked: _Asked, out: Path | None, as_parquet: bool) -> tuple[Tally, Inspection]:
    """Lines of JSON in bulk, pieces of the file shared out among processes."""
    workers = cpu_count() or 1
    found = inspect_pieces(asked.file, asked.kinds, types_by_use(asked.rules, asked.kinds), workers=workers)
    plan = asked.plan_of(found)
    job = LinesJob(asked.file, asked.kinds, found.extra, found.names, plan, asked.at)
    tally = Tally()
    if as_parquet and out is not None:
        with _partly(out) as part:
            for each in parquet_of_lines(job, part, workers=workers):
                tally.add(each)
        return tally, found
    with written_to(out) as write:
        for each in json_of_lines(job, write, workers=workers):
            tally.add(each)
    return tally, found


def _evaluate_rows(asked: _Asked, out: Path | None, as_parquet: bool) -> tuple[Tally, Inspection]:
    """Parquet of a layout of its own, row by row."""
    found = inspect_ticket_file(asked.file, asked.kinds, types_by_use(asked.rules, asked.kinds))
    plan = asked.plan_of(found)
    records = read_ticket_file(asked.file, asked.kinds, skip_bad=asked.skip_bad, extra=found.extra)
    tally = Tally()
    batches = evaluate_records(plan, records, asked.at, found.names, tally)
    if as_parquet and out is not None:
        written = import_module("connector.evaluate.written")
        with _partly(out) as part, written.started(part) as shared:
            shared.parts.append(shared.write(0, lambda: batches))
        return tally, found
    with written_to(out) as write:
        for batch in batches:
            for line in json_lines(batch):
                write(line)
    return tally, found


def _evaluate_columns(asked: _Asked, out: Path | None, as_parquet: bool) -> tuple[Tally, Inspection]:
    """Parquet in bulk: no object per ticket, pieces of the file shared out among processes."""
    bulk, uses = _bulk(), types_by_use(asked.rules, asked.kinds)
    check = _columns().row_check(asked.file, asked.kinds, uses)
    declared = {name for kind in asked.kinds.values() for name in kind.fields}
    extra = bulk.extra_fields(asked.file, declared)
    plan = asked.plan(extra | {name: kind for name, kind in uses.items() if name in extra})
    names = bulk.reference_names(asked.file, plan.fields)
    job = bulk.Job(str(asked.file), plan, asked.at, names, check)
    workers = cpu_count() or 1
    if as_parquet and out is not None:
        with _partly(out) as part:
            return _gathered(asked, bulk.evaluate_parquet(job, part, workers=workers))
    if out is None and not asked.skip_bad:  # nothing is printed of a file with bad rows
        _gathered(asked, bulk.check_parquet(job, workers=workers))
    with written_to(out) as write:
        return _gathered(asked, bulk.json_of_parquet(job, write, workers=workers))


def _gathered(asked: _Asked, done: Iterable[Any]) -> tuple[Tally, Inspection]:
    """What all pieces held. Raises Wrong for bad rows that are not to be left out."""
    tally, found = Tally(), Inspection()
    for each in done:
        tally.add(each.tally)
        for problem in each.problems:
            found.note(problem)
    if not asked.skip_bad:
        found.refuse()
    return tally, found


@contextmanager
def _partly(out: Path) -> Iterator[Path]:
    """Where to write what becomes *out* when all of it is written; nothing is left of it else."""
    part = out.with_name(out.name + ".part")
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def written_to(out: Path | None) -> Iterator[Callable[[bytes], int]]:
    """Where lines go: standard output, or *out*, which appears when all of it is written."""
    if out is None:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    with _partly(out) as part, _opened(part) as file:
        yield file.write


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}") from None


def _sum_up(tally: Tally, found: Inspection) -> None:
    """Nothing is left out or mended in silence."""
    say(f"{number_of(tally.tickets, 'ticket')}, {number_of(tally.cycles, 'cycle')}", err=True)
    if found.bad:
        say(f"{number_of(found.bad, 'bad record')} left out:", err=True)
        for problem in found.problems:
            say(f"  {problem}", err=True)
    if tally.later:
        lies = "lies later than --at and does" if tally.later == 1 else "lie later than --at and do"
        say(f"{number_of(tally.later, 'step')} of tickets {lies} not count yet", err=True)
    for reason, count in sorted(tally.repaired.items()):
        if count:
            say(f"history repaired: {count} × {reason}", err=True)
