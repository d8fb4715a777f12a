"""Cut the slice of the log that ships with the package: `python -m connector.sandbox.slice SRC DEST`.

About 1,500 of the log's 24,918 incidents, whole, chosen by a seed so that anyone can make the same slice
again: the awkward ones up to a share each (reopened, states that are none, every Awaiting state, changes of
priority, many reassignments, missing values, related problems and changes), the rest spread over the months.
Columns that nothing uses are left out; nothing else is changed.
"""

from __future__ import annotations

import csv
import lzma
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from connector.sandbox.log.read import Case, cases, moment
from connector.sandbox.world import Chance

SIZE = 1500
SEED = 498
DROPPED = {"notify"}

Property = Callable[[Case], bool]


def _states(case: Case) -> set[str]:
    return {case.value(row, "incident_state") for row in range(len(case.rows))}


def _values(case: Case, column: str) -> set[str]:
    return {case.value(row, column) for row in range(len(case.rows))}


def _last(case: Case, column: str) -> str:
    return case.value(len(case.rows) - 1, column)


# What makes a case worth having, and how many of the kind are taken at most.
AWKWARD: dict[str, tuple[int, Property]] = {
    "no state at all": (5, lambda case: "-100" in _states(case)),
    "awaiting evidence": (20, lambda case: "Awaiting Evidence" in _states(case)),
    "awaiting problem": (40, lambda case: "Awaiting Problem" in _states(case)),
    "awaiting vendor": (60, lambda case: "Awaiting Vendor" in _states(case)),
    "awaiting the caller": (120, lambda case: "Awaiting User Info" in _states(case)),
    "reopened": (60, lambda case: _last(case, "reopen_count") not in {"", "0"}),
    "priority changed": (80, lambda case: len(_values(case, "priority")) > 1),
    "critical": (60, lambda case: _last(case, "priority").startswith("1")),
    "high": (60, lambda case: _last(case, "priority").startswith("2")),
    "low": (60, lambda case: _last(case, "priority").startswith("4")),
    "reassigned often": (30, lambda case: int(_last(case, "reassignment_count") or 0) >= 5),
    "category changed": (40, lambda case: len(_values(case, "category")) > 1),
    "with a problem": (30, lambda case: bool(_last(case, "problem_id"))),
    "with a change": (30, lambda case: bool(_last(case, "rfc"))),
    "caused by a change": (5, lambda case: bool(_last(case, "caused_by"))),
    "from a vendor": (20, lambda case: bool(_last(case, "vendor"))),
    "with a configuration item": (30, lambda case: bool(_last(case, "cmdb_ci"))),
    "never resolved": (20, lambda case: "Resolved" not in _states(case)),
    "resolved at no known time": (40, lambda case: not _last(case, "resolved_at")),
    "created at no known time": (40, lambda case: not _last(case, "sys_created_at")),
    "no group": (40, lambda case: "" in _values(case, "assignment_group")),
    "self service": (30, lambda case: case.value(0, "contact_type") == "Self service"),
    "updated before it was opened": (5, lambda case: case.at(0) < _opened(case)),
}


def _opened(case: Case) -> int:
    return moment(case.value(0, "opened_at"))


def choose(log: list[Case], size: int = SIZE, seed: int = SEED) -> list[Case]:
    """The cases of the slice, in the log's order."""
    chance = Chance(seed)
    drawn = sorted(log, key=lambda case: chance.number("slice", case.number))
    chosen: dict[str, Case] = {}
    for count, wanted in AWKWARD.values():
        fitting = [case for case in drawn if wanted(case)]
        chosen |= {case.number: case for case in fitting[:count]}
    for case in _spread(drawn):
        if len(chosen) >= size:
            break
        chosen.setdefault(case.number, case)
    return [case for case in log if case.number in chosen]


def _spread(drawn: list[Case]) -> Iterator[Case]:
    """Cases by turns from each month, the months with few cases as often as those with many."""
    months: dict[str, list[Case]] = defaultdict(list)
    for case in drawn:
        _, month, year = case.value(0, "opened_at").split(" ")[0].split("/")
        months[f"{year}-{int(month):02d}"].append(case)
    turns = max(map(len, months.values()))
    for turn in range(turns):
        for month in sorted(months):
            if turn < len(months[month]):
                yield months[month][turn]


def write(chosen: list[Case], path: Path) -> int:
    """Write the slice; its size in bytes."""
    columns = [name for name in chosen[0].columns if name not in DROPPED]
    positions = [chosen[0].columns[name] for name in columns]
    with lzma.open(path, "wt", encoding="utf-8", newline="", preset=9 | lzma.PRESET_EXTREME) as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(columns)
        for case in chosen:
            writer.writerows([row[position] for position in positions] for row in case.rows)
    return path.stat().st_size


def main(source: Path, target: Path) -> None:
    """Cut the slice and say how big it is."""
    chosen = choose(list(cases(source)))
    size = write(chosen, target)
    rows = sum(len(case.rows) for case in chosen)
    sys.stdout.write(f"{len(chosen)} incidents, {rows} rows, {size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
