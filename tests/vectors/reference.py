"""The reference cases as they lie beside the checkout, and the table of those answered differently."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared" / "vectors"
TABLE = ROOT / "docs" / "reference-cases.md"
CLOCK_FILES = ("jsm_sla", "servicenow_sla", "zammad")

needs_reference_cases = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the reference cases (../shared/vectors) are not beside this checkout"
)


@dataclass(frozen=True)
class Case:
    """One case of one file."""

    file: str
    data: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.data["id"])

    @property
    def is_arithmetic(self) -> bool:
        return self.file not in CLOCK_FILES

    def __str__(self) -> str:
        return f"{self.file}:{self.id}"


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case of every file; none where the files are absent."""
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document["vectors"] if isinstance(document, dict) else document
        found += [Case(path.stem, row) for row in rows]
    return tuple(found)


# ---------------------------------------------------------------------- what has no counterpart here


def without_counterpart(case: Case) -> str | None:
    """The name of the operation that the product does not offer, as the table has it; None where it does."""
    data, op = case.data, case.data.get("op")
    if op == "add" and data["duration_s"] < 0:
        return "add a negative length"
    if op == "add_days" and data["days"] < 0:
        return "step back by working days"
    if op == "add_days" and "roll=backward" in data.get("note", ""):
        return "step to the working day before"
    if op == "days_between":
        return "count working days"
    if op == "between" and data["expect_s"] < 0:
        return "open time from an end back to a start"
    return None


@cache
def table() -> dict[str, tuple[int, str]]:
    """The rows of the two tables: a case or an operation, how many cases that is, and the reason."""
    text = TABLE.read_text(encoding="utf-8")
    return {name: (int(count or 1), reason) for name, count, reason in rows(text)}


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """`| name | cases | reason |`; a row of the second table names one case, `| id | reason |`."""
    for line in text.splitlines():
        cells = [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if line.startswith("|") and cells[0] not in ("operation", "case") and not set(cells[0]) <= set("-: "):
            name, *count, reason = cells
            yield name, count[0] if count else "", reason
