"""What a text may speak of: the facts of an event on a ticket, in words and local times. Data only: no
behaviour that a template could call comes in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from connector.decide.decision import Desk
from connector.decide.fields import open_cycles
from connector.model.cycle import Cycle
from connector.model.event import Event
from connector.model.instant import Instant, Millis, format_length, to_datetime
from connector.model.kind import FieldType
from connector.model.record import Record, Reference
from connector.rules.rulebook import Line, LineKind


@dataclass(frozen=True, slots=True)
class Local:
    """An instant as people near a place read it."""

    date: str  # 2026-03-02
    time: str  # 14:30
    place: str  # London


def local(at: Instant | None, zone: ZoneInfo) -> dict[str, str] | None:
    """*at* in *zone*, or None where there is no instant."""
    if at is None:
        return None
    moment = to_datetime(at).astimezone(zone)
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return asdict(Local(f"{moment:%Y-%m-%d}", f"{moment:%H:%M}", place))


def facts(desk: Desk, event: Event, line: Line | None, zone: ZoneInfo) -> dict[str, Any]:
    """Everything a template may use about *event*, with times in *zone*. Figures are as of the evaluation."""
    cycle = event.cycle
    others = [other for other in open_cycles(desk) if other is not cycle]
    return {
        "ticket": _ticket(desk, zone),
        "event": event.name,
        "line": _line(line),
        "at": local(event.at, zone),
        "rule": _rule(line.place.short if line else cycle.entry),
        **_clock(desk, cycle, zone),
        "hold_reason": hold_reason(desk.record),
        "others": [_clock(desk, other, zone) for other in sorted(others, key=_by_due)],
    }


def _rule(place: str) -> str:
    """Where a rule stands, for people far from the machine: `acme.yaml:31`, without its folders."""
    return PurePath(place).name


def hold_reason(record: Record) -> str | None:
    """Why the ticket is, or was last, on hold; platforms empty the field when work goes on."""
    if now := record.fields.get("hold_reason"):
        return str(now)
    past = (c.old for c in reversed(record.changes) if c.field == "hold_reason" and c.old)
    return next((str(reason) for reason in past), None)


def _clock(desk: Desk, cycle: Cycle, zone: ZoneInfo) -> dict[str, Any]:
    left = cycle.remaining
    return {
        "target": cycle.target,
        "agreement": desk.agreement(cycle).title,
        "state": str(cycle.state),
        "breached": cycle.breached_at is not None,
        "due": local(cycle.due, zone),
        "left": _length(left) if left is not None and left >= 0 else None,
        "over": _length(-left) if left is not None and left < 0 else None,
        "took": format_length(cycle.elapsed),
        "time": _length(cycle.time),
        "used": None if cycle.used is None else int(cycle.used * 100),
        "paused": format_length(cycle.paused) if cycle.paused else None,
    }


def _line(line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    share = f"{float(line.share * 100):g}" if line.kind is LineKind.PERCENT and line.share else None
    return {
        "kind": str(line.kind),
        "written": line.written,
        "percent": share,
        "length": _length(line.length),
    }


def _ticket(desk: Desk, zone: ZoneInfo) -> dict[str, Any]:
    record = desk.record
    kind = desk.context.kinds.get(record.kind)
    typed = kind.fields if kind else {}
    instants = {name for name, field in typed.items() if field.type is FieldType.DATETIME}
    fields = {name: _shown(value, name in instants, zone) for name, value in record.fields.items()}
    empty: Mapping[str, Any] = dict.fromkeys(typed)
    return {**empty, **fields, "kind": record.kind, "key": record.key, "url": record.url or ""}


def _shown(value: Any, is_instant: bool, zone: ZoneInfo) -> Any:
    if isinstance(value, Reference):
        return str(value)
    return local(value, zone) if is_instant else value


def _length(length: Millis | None) -> str | None:
    return None if length is None else format_length(length)


def _by_due(cycle: Cycle) -> tuple[bool, int, str]:
    return (cycle.due is None, cycle.due or 0, cycle.target)
