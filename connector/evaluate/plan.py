"""What is to be evaluated: the agreements that measure, and the fields and calendars they read. Made once.

It is plain data and may be sent to other processes; records are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.model.kind import FieldType, Kind
from connector.rules.calendars import ALWAYS
from connector.rules.rulebook import (
    Agreement,
    All,
    Any_,
    Calendar,
    Changed,
    Condition,
    Derive,
    FieldDue,
    FieldTime,
    FieldZone,
    Not,
    Rulebook,
    Target,
    Test,
)

ENDED_STATUSES = ("suspended", "retired")  # their open cycles end as cancelled at the watermark


@dataclass(frozen=True, slots=True)
class Plan:
    """An evaluation to be made. *fields*: the records' fields that the rules read, with their types."""

    agreements: tuple[Agreement, ...]
    calendars: Mapping[str, Calendar]
    derives: Mapping[str, Derive]
    fields: Mapping[str, FieldType]
    ticket_kinds: frozenset[str]


def make_plan(
    book: Rulebook, kinds: Mapping[str, Kind], agreements: Sequence[Agreement], also: Mapping[str, FieldType]
) -> Plan:
    """The plan for *agreements* of *book*. Types come from *kinds*, then from the tests, then from the
    use; *also* names fields to read besides."""
    calendars = {ALWAYS.name: ALWAYS, **book.calendars}
    derives = {derive.name: derive for derive in book.derives}
    declared = {name: field.type for kind in kinds.values() for name, field in kind.fields.items()}
    fields: dict[str, FieldType] = {}
    for name, kind in (*_read(agreements, derives, calendars), *also.items()):
        if name not in derives and name not in ("source", "kind"):
            fields.setdefault(name, declared.get(name) or kind or FieldType.STRING)
    tickets = frozenset(name for name, kind in kinds.items() if kind.is_ticket)
    return Plan(tuple(agreements), calendars, derives, fields, tickets)


Use = tuple[str, FieldType | None]


def _read(
    agreements: Iterable[Agreement], derives: Mapping[str, Derive], calendars: Mapping[str, Calendar]
) -> list[Use]:
    """Every field that is read, with the type that its use asks for; uses that tell a type come first."""
    uses: list[Use] = []
    for agreement in agreements:
        uses += _of_condition(agreement.where)
        for row in agreement.exclude:
            uses += _of_condition(row.when)
        for target in agreement.targets.values():
            uses += _of_target(target)
    for derive in derives.values():
        for derived in derive.rows:
            uses += _of_condition(derived.when)
            uses += [(derived.field, derive.type)] if derived.field else []
    for calendar in calendars.values():
        if isinstance(calendar.timezone, FieldZone):
            uses.append((calendar.timezone.field, FieldType.STRING))
    return sorted(uses, key=lambda use: use[1] is None)


def _of_target(target: Target) -> Iterator[Use]:
    conditions = (target.start, target.stop, target.pause, target.resume, target.cancel, target.reset)
    for condition in conditions:
        yield from _of_condition(condition)
    if target.start_at:
        yield target.start_at, FieldType.DATETIME
    for entry in target.entries:
        yield from _of_condition(entry.when)
        if isinstance(entry.time, FieldTime):
            yield entry.time.field, FieldType.DURATION
        if isinstance(entry.time, FieldDue):
            yield entry.time.field, FieldType.DATETIME


def _of_condition(condition: Condition | None) -> Iterator[Use]:
    match condition:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _of_condition(part)
        case Not(part):
            yield from _of_condition(part)
        case Test() | Changed():
            yield condition.field, condition.type
