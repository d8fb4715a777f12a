"""What a failing example shows: rules and tickets without noise, and differences figure by figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from typing import Any

from connector.errors import Position
from connector.model.cycle import Cycle, Moment
from connector.model.instant import format_instant

FIGURES = (
    "version",
    "origin",
    "state",
    "started",
    "ended",
    "elapsed",
    "time",
    "remaining",
    "due",
    "breached_at",
    "used",
    "excluded",
    "paused",
    "warnings",
    "timeline",
    "entry",
    "rule_hash",
    "history",
)

Key = tuple[str, str, str, int]


def by_key(cycles: Iterable[Cycle]) -> dict[Key, dict[str, Any]]:
    """Every cycle's figures; what falls on one instant has no order of its own."""
    found: dict[Key, dict[str, Any]] = {}
    for cycle in cycles:
        key = (cycle.ticket.key, cycle.agreement, cycle.target, cycle.number)
        assert key not in found, f"{key} came twice"
        found[key] = {name: figure(getattr(cycle, name)) for name in FIGURES}
    return found


def figure(value: Any) -> Any:
    """Moments in order of instant and name."""
    if isinstance(value, tuple):
        return [f"{format_instant(m.at)} {m.event}" for m in sorted(value, key=lambda m: (m.at, m.event))]
    return str(value) if isinstance(value, str) else value


def differences(found: Iterable[Cycle], wanted: Iterable[Cycle]) -> list[str]:
    """One line for each figure in which the two differ."""
    here, there = by_key(found), by_key(wanted)
    alone = [f"{key}: {'engine' if key in here else 'oracle'} only" for key in here.keys() ^ there.keys()]
    return alone + [
        f"{key} {name}: engine {show(here[key][name])}, oracle {show(there[key][name])}"
        for key in sorted(here.keys() & there.keys())
        for name in FIGURES
        if here[key][name] != there[key][name]
    ]


def show(value: Any) -> Any:
    """Large numbers are instants."""
    return format_instant(value) if isinstance(value, int) and value > 10**12 else value


def brief(value: Any) -> str:
    """A dataclass as a constructor would write it, without places and defaults."""
    if is_dataclass(value) and not isinstance(value, type):
        held = [(one, getattr(value, one.name)) for one in fields(value)]
        parts = [f"{one.name}={brief(it)}" for one, it in held if not is_noise(one, it)]
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{brief(k)}: {brief(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (tuple, list, frozenset)):
        return "[" + ", ".join(brief(member) for member in value) + "]"
    if isinstance(value, (date, Moment)):
        return str(value)
    return repr(show(value))


def is_noise(one: Any, value: Any) -> bool:
    """Places in files, and what was left as it is."""
    if isinstance(value, Position):
        return True
    if one.default_factory is not MISSING:
        return bool(value == one.default_factory())
    return bool(one.default is not MISSING and value == one.default)
