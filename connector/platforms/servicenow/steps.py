"""Audit rows put in order: all rows of one platform update are one step, dated at its earliest row.

Pure. Source: the platform's history tables; rows of one update share `record_checkpoint` though their seconds
may differ, and the checkpoint alone is not reliable enough to join rows that lie far apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.model.instant import MINUTE, Instant
from connector.platforms.servicenow.client import Raw
from connector.platforms.servicenow.spelling import parse_instant

_LONGEST_UPDATE = MINUTE


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One field's change as audited; *at* is its step's instant."""

    at: Instant
    checkpoint: int
    field: str
    old: str
    new: str
    user: str


@dataclass(slots=True)
class _Update:
    """The rows of one platform update met so far."""

    at: Instant
    last: Instant
    fields: set[str]


def dated(rows: Iterable[Raw]) -> list[AuditRow]:
    """The audit *rows* of one record in order, each at the instant of the update it belongs to."""
    found: list[AuditRow] = []
    open_updates: dict[str, _Update] = {}
    for row in sorted(rows, key=_order):
        at, field = parse_instant(str(row["sys_created_on"])), str(row.get("fieldname") or "")
        checkpoint = str(row.get("record_checkpoint") or "").replace(",", "")
        update = open_updates.get(checkpoint)
        if not checkpoint or update is None or at - update.last > _LONGEST_UPDATE or field in update.fields:
            update = open_updates[checkpoint] = _Update(at, at, set())
        update.last = at
        update.fields.add(field)
        old, new = str(row.get("oldvalue") or ""), str(row.get("newvalue") or "")
        found.append(AuditRow(update.at, _number(checkpoint), field, old, new, str(row.get("user") or "")))
    return sorted(found, key=lambda row: row.at)


def _order(row: Raw) -> tuple[str, str, int, str]:
    checkpoint = _number(str(row.get("record_checkpoint") or "").replace(",", ""))
    internal = str(row.get("internal_checkpoint") or "")
    return str(row["sys_created_on"]), internal, checkpoint, str(row.get("sys_id") or "")


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else 0
