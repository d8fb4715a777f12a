"""A ticket's achievements as one entity property: all its cycles, as many as the property can hold.

Pure. Source: design, What the desk sees; a property of Jira holds 32 768 characters and is replaced, never
merged, so the whole of it is written each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connector.model.instant import format_instant
from connector.model.kind import FieldType, Kind

PROPERTY = "accord.sla"
HEARTBEAT = "accord.heartbeat"  # of the register: what belongs to no ticket
_MOST_BYTES = 30_000
_OPEN = ("running", "paused")


def cycle(key: str, values: Mapping[str, Any], ticket: str | None, kind: Kind) -> dict[str, Any]:
    """One cycle as it stands in the property: instants as ISO 8601, the ticket by what people call it."""
    whole = {**values, "key": key, "ticket": ticket}
    return {name: _plain(whole.get(name), kind.fields[name].type) for name in kind.fields}


def _plain(value: Any, type_: FieldType) -> Any:
    return format_instant(value) if type_ is FieldType.DATETIME and isinstance(value, int) else value


def merged(present: Any, cycles: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The property's value with *cycles* in it, each in place of its older self; what is there and is not
    ours to read is written over. The oldest ended ones go first where all are too many."""
    there = present.get("cycles") if isinstance(present, Mapping) else None
    known = [one for one in there or () if isinstance(one, Mapping) and one.get("key")]
    latest = {str(one["key"]): dict(one) for one in (*known, *cycles)}
    return {"cycles": _that_fit(sorted(latest.values(), key=_order))}


def _order(one: Mapping[str, Any]) -> tuple[str, str, str, int]:
    return (
        str(one.get("started") or ""),
        str(one.get("agreement")),
        str(one.get("target")),
        int(one.get("cycle") or 0),
    )


def _that_fit(cycles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the oldest ended ones, then without the oldest, until the rest fits."""
    kept = list(cycles)
    leaving = sorted(cycles, key=lambda one: (one.get("state") in _OPEN, str(one.get("ended") or "")))
    for one in leaving:
        if len(json.dumps({"cycles": kept}, ensure_ascii=False).encode()) <= _MOST_BYTES:
            break
        kept.remove(one)
    return kept
