"""A record of the service desk as Accord sees it: its fields now, and what changed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that points at another record; rules match either its id or its name."""

    id: str
    name: str | None = None

    def __str__(self) -> str:
        return self.name or self.id


# str, int, float, bool, None, list of str, Reference; datetimes are Instants, durations milliseconds.
Value = Any


@dataclass(frozen=True, slots=True)
class Change:
    """One field's change."""

    at: Instant
    field: str
    old: Value
    new: Value
    by: str | None = None
    seq: int = 0  # keeps the platform's order of changes at one instant


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `fields` are the values after all `changes`, which are in order of (at, seq)."""

    kind: str
    source: str
    id: str
    key: str
    fields: Mapping[str, Value]
    changes: tuple[Change, ...] = ()
    url: str | None = None
    updated: Instant | None = None
    history: str = "file"  # whence the changes: sys_audit, metric_instance, timestamps, snapshots, file
    edition: int | None = None  # how often it was updated, where the platform counts that


@dataclass(frozen=True, slots=True)
class Repairs:
    """What had to be mended in a record's history, by reason; shown in summaries and in `explain`."""

    counts: Mapping[str, int] = field(default_factory=dict)
