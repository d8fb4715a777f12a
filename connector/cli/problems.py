"""How problems in files are shown to people: the line in question with a mark, and the sum of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from connector.errors import Problem

_SCALAR = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,\[\]{}#](?:[^,\[\]{}]*?(?=\s*(?:: |:$|[,\]}]|$)|\s+#))")
WIDTH = 110


def excerpt(problem: Problem) -> Iterator[str]:
    """The line that *problem* is about, and a line that marks the place; nothing where it cannot be read."""
    place = problem.place
    line = _line(place.file, place.line) if place else None
    if place is None or line is None:
        return
    word = _SCALAR.match(line, place.column - 1)
    first = max(0, place.column - WIDTH // 2) if len(line) > WIDTH else 0
    shown = line[first : first + WIDTH]
    column = place.column - 1 - first
    mark = "^" * max(1, min(len(word[0]) if word else 1, len(shown) - column))
    yield f"{place.line:5} | {'…' if first else ''}{shown}{'…' if len(line) > first + WIDTH else ''}"
    yield f"      | {' ' * (column + bool(first))}{mark}"


@lru_cache(maxsize=64)
def _lines(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_text(encoding="utf-8-sig").split("\n"))
    except (OSError, UnicodeDecodeError, ValueError):
        return ()


def _line(file: str, number: int) -> str | None:
    lines = _lines(file)
    text = lines[number - 1].rstrip() if 0 < number <= len(lines) else ""
    return re.sub(r"[\t\x00-\x1f]", " ", text) or None


def summary(problems: Sequence[Problem], files: int) -> str:
    """`3 problems in 2 of 14 files, 1 warning`."""
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = len(problems) - len(errors)
    spots = {problem.place.file for problem in errors if problem.place}
    told = f", {_count(warnings, 'warning')}" if warnings else ""
    if not errors:
        return f"{'no errors' if warnings else 'nothing wrong'} in {_count(files, 'file')}{told}"
    return (
        f"{_count(len(errors), 'problem')} in {len(spots)} of {_count(max(files, len(spots)), 'file')}{told}"
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
