"""A ticket's values as they stood at an instant, derived fields included, and whether a condition held then.

For single tickets: what acts and reports ask about. Clocks ask about columns of them (`connector.evaluate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from connector.evaluate.judge import holds
from connector.evaluate.opentime import open_time
from connector.model.cycle import Cycle
from connector.model.instant import Instant
from connector.model.record import Record, Value
from connector.rules.conditions import fields_in
from connector.rules.rulebook import Agreement, Condition, Derive, FieldZone, Rulebook


@dataclass(frozen=True, slots=True)
class Standing:
    """How tickets stood, by the rules of *book*."""

    book: Rulebook

    def holds(self, condition: Condition, record: Record, at: Instant) -> bool:
        """Whether *condition* held on *record* at *at*."""
        values = self.values(record, at)
        return holds(condition, values, lambda name, instant: self._is_open(name, instant, values))

    def values(self, record: Record, at: Instant) -> dict[str, Value]:
        """The fields of *record* as they stood at *at*: its later changes undone, derived fields filled
        in."""
        values: dict[str, Value] = {**record.fields, "source": record.source, "kind": record.kind}
        for change in reversed(record.changes):
            if change.at <= at:
                break
            values[change.field] = change.old
        for derive in self.book.derives:
            values[derive.name] = self._derived(derive, values)
        return values

    def opening(self, calendar: str, at: Instant) -> Instant:
        """The first instant at or after *at* at which *calendar* is open; *at* itself where none will
        come."""
        found = self.book.calendars[calendar]
        zone = found.timezone.default if isinstance(found.timezone, FieldZone) else found.timezone
        opens = int(open_time(found, zone).opening(np.array([at]))[0])
        return max(opens, at)

    def read_by_objectives(self, cycle: Cycle, record: Record, watermark: Instant) -> dict[str, Value]:
        """The values that the objectives of a cycle's agreement read, at the cycle's latest step."""
        wanted = objective_fields(self.book.agreement(cycle.agreement, cycle.version))
        values = self.values(record, watermark if cycle.ended is None else cycle.ended)
        return {name: values[name] for name in sorted(wanted) if name in values}

    def _derived(self, derive: Derive, values: Mapping[str, Value]) -> Value:
        for row in derive.rows:
            if holds(row.when, values, lambda name, instant: self._is_open(name, instant, values)):
                return values.get(row.field) if row.field is not None else row.value
        return None

    def _is_open(self, calendar: str, at: Instant, values: Mapping[str, Value]) -> bool:
        found = self.book.calendars[calendar]
        zone = found.timezone
        if isinstance(zone, FieldZone):
            zone = str(values.get(zone.field) or zone.default)
        return bool(open_time(found, zone).is_open(np.array([at]))[0])


def objective_fields(agreement: Agreement) -> set[str]:
    """The fields that an agreement's objectives and exclusions read of a ticket."""
    names: set[str] = set()
    for objective in agreement.objectives.values():
        names |= fields_in(objective.where) | ({objective.each} if objective.each else set())
        for row in objective.exclude:
            names |= fields_in(row.when)
    for row in agreement.exclude:
        names |= fields_in(row.when)
    return names
