"""A reconciliation as lines for people, as data, and as a sheet whose cells no spreadsheet will run."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.authoring.reconcile.pairs import COMPARED, Pair, Theirs, state_of
from connector.authoring.reconcile.reasons import Difference
from connector.errors import number_of
from connector.model.cycle import Cycle
from connector.model.instant import Instant, Millis, format_instant
from connector.report.sheets import safe_cell

SHOWN = 50  # differences told in lines; all of them stand in the sheet
SIDE = ("state", "started", "due", "ended", "elapsed_s", "time_s")
COLUMNS = (
    "source", "ticket", "kind", "agreement", "version", "target", "cycle", "sla", "reason", "evidence",
    *(f"{name}_s" for name in COMPARED),
    *(f"ours_{name}" for name in SIDE),
    *(f"theirs_{name}" for name in SIDE),
    "url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A difference with the ticket it is on."""

    key: str
    kind: str
    url: str | None
    difference: Difference


@dataclass(slots=True)
class Listing:
    """What came of one source. *compared* and *agreeing* count pairs of cycles by (agreement, target);
    *moving*: tickets that changed while they were read, left for another time; *outside*: tickets with such a
    cycle that the agreement never applied to; *lacks*: targets without counterpart, in words."""

    source: str
    at: Instant
    lacks: Sequence[str] = ()
    compared: Counter[tuple[str, str]] = field(default_factory=Counter)
    agreeing: Counter[tuple[str, str]] = field(default_factory=Counter)
    moving: int = 0
    outside: int = 0
    rows: list[Row] = field(default_factory=list)
    is_matched: bool = True  # any target has a counterpart

    def reasons(self, where: tuple[str, str] | None = None) -> Counter[str]:
        """How many differences there are by reason; of one (agreement, target) where it is given."""
        return Counter(
            row.difference.reason for row in self.rows if where in (None, row.difference.where[1:])
        )


def lines(listing: Listing) -> Iterator[str]:
    """For people: totals, then the differences."""
    total, agreeing = listing.compared.total(), listing.agreeing.total()
    yield (
        f"{listing.source} as of {format_instant(listing.at)}: {number_of(total, 'cycle')} compared,"
        f" {agreeing} agree, {len(listing.rows)} differ"
    )
    for where in sorted(listing.compared):
        found = _counted(listing.reasons(where))
        yield (
            f"  {where[0]}/{where[1]}: {listing.agreeing[where]} of {listing.compared[where]} agree"
            f"{f'; {found}' if found else ''}"
        )
    for lack in listing.lacks:
        yield f"  not compared: {lack}"
    if listing.outside:
        words = "has such a cycle and lies" if listing.outside == 1 else "have such a cycle and lie"
        yield f"  {number_of(listing.outside, 'ticket')} {words} outside the agreement"
    if listing.moving:
        wait = "waits" if listing.moving == 1 else "wait"
        yield f"  {number_of(listing.moving, 'ticket')} changed meanwhile and {wait} for another time"
    for row in listing.rows[:SHOWN]:
        yield from _told(row)
    if len(listing.rows) > SHOWN:
        yield f"  … and {len(listing.rows) - SHOWN} more (--format csv --out FILE has them all)"


def _counted(found: Mapping[str, int]) -> str:
    in_order = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} × {reason}" for reason, count in in_order)


def _told(row: Row) -> Iterator[str]:
    one, data = row.difference, figures(row.difference.pair)
    ours, theirs = one.pair.ours, one.pair.theirs
    number = f" cycle {ours.number}" if ours is not None else ""
    yield f"  {row.key} {one.where[1]}/{one.where[2]}{number}: {one.reason}: {one.evidence}"
    differ = [f"{name} {data[f'{name}_s']:+d} s" for name in COMPARED if data[f"{name}_s"]]
    if ours is not None and theirs is not None and state_of(ours) != state_of(theirs.lent):
        differ.append(f"{state_of(ours)}, there {state_of(theirs.lent)}")
    if differ:
        yield f"      Accord's beside {theirs.name if theirs else 'it'}: {', '.join(differ)}"


def as_data(listing: Listing) -> dict[str, Any]:
    """For programs."""
    return {
        "source": listing.source,
        "as_of": format_instant(listing.at),
        "compared": listing.compared.total(),
        "agreeing": listing.agreeing.total(),
        "differing": len(listing.rows),
        "reasons": dict(sorted(listing.reasons().items())),
        "targets": [
            {
                "agreement": where[0],
                "target": where[1],
                "compared": listing.compared[where],
                "agreeing": listing.agreeing[where],
                "reasons": dict(sorted(listing.reasons(where).items())),
            }
            for where in sorted(listing.compared)
        ],
        "not_compared": list(listing.lacks),
        "outside": listing.outside,
        "moving": listing.moving,
        "differences": [row_as_data(listing.source, row) for row in listing.rows],
    }


def row_as_data(source: str, row: Row) -> dict[str, Any]:
    """One difference: seconds are Accord's figure minus the platform's."""
    one = row.difference
    ours, theirs = one.pair.ours, one.pair.theirs
    return {
        "source": source,
        "ticket": row.key,
        "kind": row.kind,
        "agreement": one.where[1],
        "version": None if ours is None else ours.version,
        "target": one.where[2],
        "cycle": None if ours is None else ours.number,
        "sla": None if theirs is None else theirs.name,
        "reason": one.reason,
        "evidence": one.evidence,
        **figures(one.pair),
        "ours": None if ours is None else _of_ours(ours),
        "theirs": None if theirs is None else _of_theirs(theirs),
        "url": row.url,
    }


def figures(pair: Pair) -> dict[str, int | None]:
    """The differences in whole seconds, None where there is nothing to compare."""
    found = pair.differences()
    return {f"{name}_s": _seconds(getattr(found, name)) for name in COMPARED}


def as_csv(listings: Sequence[Listing]) -> str:
    """A line a difference."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for listing in listings:
        for row in listing.rows:
            data = row_as_data(listing.source, row)
            flat = {**data}
            for side in ("ours", "theirs"):
                flat |= {f"{side}_{name}": (data[side] or {}).get(name) for name in SIDE}
            writer.writerow([safe_cell(flat[name]) for name in COLUMNS])
    return out.getvalue()


def _of_ours(cycle: Cycle) -> dict[str, Any]:
    return _side(state_of(cycle), cycle.started, cycle.due, cycle.ended, cycle.elapsed, cycle.time)


def _of_theirs(theirs: Theirs) -> dict[str, Any]:
    lent = theirs.lent
    return _side(state_of(lent), theirs.started, lent.due, lent.ended, theirs.elapsed, lent.cycle.goal)


def _side(
    state: str,
    started: Instant,
    due: Instant | None,
    ended: Instant | None,
    elapsed: Millis | None,
    time: Millis | None,
) -> dict[str, Any]:
    return {
        "state": state,
        "started": format_instant(started),
        "due": None if due is None else format_instant(due),
        "ended": None if ended is None else format_instant(ended),
        "elapsed_s": _seconds(elapsed),
        "time_s": _seconds(time),
    }


def _seconds(length: Millis | None) -> int | None:
    return None if length is None else round(length / 1000)
