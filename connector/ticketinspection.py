"""What a ticket file holds: which fields and of what types, which names, and what is wrong with it.

A first reading, before rules are read: they may use the fields that the file has. Records are read in
`ticketfile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.errors import AccordError, Problem, Wrong
from connector.model.kind import FieldType, Kind
from connector.model.record import Value
from connector.ticketfile import BadLine, Lines, TicketLine, decoded, lines_of, record_of, types_of
from connector.tickettypes import type_of_value, wider

MOST_PROBLEMS = 20  # told at once; the rest are counted


@dataclass(slots=True)
class Inspection:
    """What a first reading of a file found: *extra* fields that its kinds do not declare, with the types
    of their values; the *names* of references by id; how many lines and tickets; what is wrong."""

    extra: dict[str, FieldType] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    tickets: int = 0
    bad: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem) -> None:
        """Count a bad line and keep what is wrong with the first ones."""
        self.bad += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def add(self, later: Inspection) -> None:
        """Take in what was found in the lines that follow; their places are still counted from there."""
        for name, kind in later.extra.items():
            self.extra[name] = wider(self.extra.get(name), kind)
        self.names |= later.names
        for problem in later.problems[: MOST_PROBLEMS - len(self.problems)]:
            place = problem.place and replace(problem.place, line=problem.place.line + self.lines)
            self.problems.append(replace(problem, place=place))
        self.bad += later.bad
        self.tickets += later.tickets
        self.lines += later.lines

    def refuse(self) -> None:
        """Raise Wrong with what is wrong, if anything is."""
        if self.problems:
            more = self.bad - len(self.problems)
            rest = [Problem(f"and {more} more bad lines")] if more else []
            hint = Problem(
                "nothing was evaluated; --skip-bad evaluates the good lines and counts the bad ones"
            )
            raise Wrong([*self.problems, *rest, hint])


def inspect_ticket_file(
    path: Path, kinds: Mapping[str, Kind], uses: Mapping[str, FieldType] | None = None
) -> Inspection:
    """Read *path* once through: check every line and learn which fields it has.

    *uses*: the types that rules ask of undeclared fields (`types_by_use`); a value that is none of its
    type is as wrong as in a declared field. Raises AccordError where the file cannot be read or holds no
    line at all.
    """
    return settled(inspect_lines(lines_of(path), kinds, uses or {}), path, uses or {})


def inspect_lines(lines: Lines, kinds: Mapping[str, Kind], uses: Mapping[str, FieldType]) -> Inspection:
    """What is found in some *lines* of a file."""
    found, types = Inspection(), types_of(kinds, uses)
    for place, line in lines:
        found.lines = place.line
        if not line.strip():
            continue
        try:
            ticket = decoded(line, place)
            _learn(found, ticket, kinds)
            record_of(ticket, place, kinds, types)
            found.tickets += 1
        except BadLine as bad:
            found.note(bad.problem)
    return found


def settled(found: Inspection, path: Path, uses: Mapping[str, FieldType]) -> Inspection:
    """*found* in the whole file at *path*: with the types that rules ask of its fields."""
    if not found.tickets + found.bad:
        raise AccordError(f"{path} is empty", hint="one ticket a line, as JSON")
    found.extra |= {name: kind for name, kind in uses.items() if name in found.extra}
    return found


def _learn(found: Inspection, ticket: TicketLine, kinds: Mapping[str, Kind]) -> None:
    kind = kinds.get(ticket.kind)
    known = kind.fields if kind else {}
    told: Iterable[tuple[str, Value]] = [
        *ticket.fields.items(),
        *((c.field, value) for c in ticket.changes for value in (c.old, c.new)),
    ]
    for name, value in told:
        if isinstance(value, dict) and value.get("id") and value.get("name"):
            found.names[str(value["id"])] = str(value["name"])
        if name not in known:
            seen = found.extra.get(name)
            found.extra[name] = wider(seen, type_of_value(value))
