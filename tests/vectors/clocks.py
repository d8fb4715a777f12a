"""Clock cases: a case becomes a rule file and a ticket; the product's figures are put in its words."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import connector.evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.cycle import Cycle
from connector.model.instant import SECOND, format_instant, parse_instant
from connector.model.record import Record
from connector.rules.rulebook import Rulebook
from connector.ticketfile import read_ticket_file
from tests.vectors.rulefile import OWN_FIELDS, rulebook

Move = tuple[str, str, Any]  # at, field, value


@dataclass(frozen=True)
class Played:
    """The rules and the ticket of one case (a line of a ticket file), and when it is looked at."""

    rules: tuple[str, ...]
    ticket: Mapping[str, Any]
    now: str

    @property
    def book(self) -> Rulebook:
        return rulebook(*self.rules)

    @property
    def record(self) -> Record:
        """The ticket as the product reads it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tickets.jsonl"
            path.write_text(json.dumps(self.ticket), encoding="utf-8")
            (record,) = read_ticket_file(path, shipped_kinds(), extra=OWN_FIELDS)
        return record

    def cycles(self, target: str = "reference") -> list[Cycle]:
        """The product's cycles of that target, in order."""
        found = connector.evaluate.evaluate(
            [self.record], self.book, at=parse_instant(self.now), kinds=shipped_kinds()
        )
        mine = [cycle for cycle in found.cycles() if cycle.target == target]
        return sorted(mine, key=lambda cycle: cycle.number)


def ticket(opened: str, moves: Iterable[Move], **first: Any) -> dict[str, Any]:
    """An incident told forwards. What happens at its opening is how it begins."""
    fields: dict[str, Any] = {"state": "new", "opened": opened} | first
    changes = []
    for at, name, value in sorted(moves, key=lambda move: parse_instant(move[0])):
        changes.append({"at": at, "field": name, "from": fields.get(name), "to": value})
        fields[name] = value
    case = {"kind": "incident", "source": "reference", "id": "1", "key": "INC1"}
    return case | {"fields": fields, "changes": changes}


def instant(value: int | None) -> str | None:
    """As both sides are compared."""
    return None if value is None else format_instant(value)


def same_instants(expect: Any) -> Any:
    """The case's times in the form of `instant`, however they were written."""
    if isinstance(expect, Mapping):
        return {
            key: same_instant(value) if key in ("due", "next_due") else same_instants(value)
            for key, value in expect.items()
        }
    if isinstance(expect, Sequence) and not isinstance(expect, str):
        return [same_instants(member) for member in expect]
    return expect


def same_instant(written: str | None) -> str | None:
    return instant(parse_instant(written)) if written else None


def seconds(length: int | None) -> float | None:
    return None if length is None else length / SECOND
