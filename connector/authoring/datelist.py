"""Putting holidays into a calendar of a rule file; everything else in the file stays as it is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import yaml

from connector.authoring.holidays import Holidays
from connector.errors import AccordError, Position
from connector.yamldoc import read_text


def put(text: str, file: str, calendar: str | None, found: Holidays, years: Collection[int]) -> str:
    """*text* of a rule file with *found* as the holidays of *calendar* (None: its only one) in *years*.

    Dates of other years stay. Raises Wrong where the file is no YAML, AccordError where there is no such
    calendar.
    """
    read_text(text, file)
    node = _calendar(text, file, calendar)
    keys = {key.value: (key, value) for key, value in node.value}
    kept = _kept(text, keys["holidays"][1], years) if "holidays" in keys else {}
    block = "\n".join(lines({**kept, **found})) + "\n"
    if "holidays" in keys:
        key, value = keys["holidays"]
        start, end = key.start_mark.index, _end_of_line(text, value.end_mark)
    else:
        last = keys["hours"][1] if "hours" in keys else keys["calendar"][1]
        start = end = _end_of_line(text, last.end_mark)
        block = block if text[:start].endswith("\n") else "\n" + block
    return text[:start] + block + text[end:]


def lines(found: Holidays) -> Iterator[str]:
    """The list as a rule file has it, each date with its name as a comment."""
    yield "holidays:"
    for day, name in sorted(found.items()):
        yield f"  - {day.isoformat()}" + (f"  # {' '.join(name.split())}" if name else "")


def _calendar(text: str, file: str, name: str | None) -> yaml.MappingNode:
    named: dict[str, yaml.MappingNode] = {}
    for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if isinstance(node, yaml.MappingNode) and node.value and node.value[0][0].value == "calendar":
            named[str(node.value[0][1].value)] = node
    if name is None and len(named) == 1:
        name = next(iter(named))
    if name is None or name not in named:
        known = ", ".join(sorted(named)) or "none"
        what = f"there is no calendar {name!r}" if name else "say which calendar, with --calendar"
        raise AccordError(f"{what}; calendars in this file: {known}", place=Position(file, 1))
    if named[name].flow_style:
        raise AccordError(
            "this calendar is written in one line; write its keys one below the other",
            place=Position(file, named[name].start_mark.line + 1),
        )
    return named[name]


def _kept(text: str, node: yaml.Node, years: Collection[int]) -> Holidays:
    """The dates that are there already for other years, with the comments behind them."""
    kept: Holidays = {}
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        day = date.fromisoformat(str(item.value))
        rest = text[item.end_mark.index :].partition("\n")[0]
        if day.year not in years:
            kept[day] = rest.partition("#")[2].strip() if rest.lstrip().startswith("#") else ""
    return kept


def _end_of_line(text: str, mark: yaml.Mark) -> int:
    """Behind the line on which a value ends; a block's own mark lies behind blank lines and comments."""
    written = text[: mark.index].rstrip(" \n")
    while written.rpartition("\n")[2].lstrip().startswith("#"):
        written = written.rpartition("\n")[0].rstrip(" \n")
    newline = text.find("\n", len(written))
    return len(text) if newline < 0 else newline + 1
