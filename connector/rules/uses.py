"""What an agreement uses: its conditions, the calendars it counts by, the derived fields it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from connector.rules.conditions import calendars_in, fields_in
from connector.rules.derives import reads
from connector.rules.rulebook import (
    Agreement,
    Calendar,
    Condition,
    Derive,
    FieldDue,
    FieldTime,
    FieldZone,
    Objective,
    Target,
)


@dataclass(frozen=True, slots=True)
class Used:
    """Names of calendars and of derived fields, in order."""

    calendars: tuple[str, ...]
    derives: tuple[str, ...]


def used_by(agreement: Agreement, calendars: Mapping[str, Calendar], derives: Mapping[str, Derive]) -> Used:
    """The calendars and derived fields that *agreement* uses, those that they use in turn included."""
    names, fields = _calendars(agreement), _fields(agreement)
    size = -1
    while size != (size := len(names) + len(fields)):
        used = [derives[name] for name in fields if name in derives]
        fields |= {name for derive in used for name in reads(derive)}
        names |= {name for derive in used for row in derive.rows for name in calendars_in(row.when)}
        zones = [calendars[name].timezone for name in names if name in calendars]
        fields |= {zone.field for zone in zones if isinstance(zone, FieldZone)}
    return Used(tuple(sorted(names & calendars.keys())), tuple(sorted(fields & derives.keys())))


def _calendars(agreement: Agreement) -> set[str]:
    names = {agreement.calendar}
    names |= {entry.calendar for target in agreement.targets.values() for entry in target.entries}
    names |= {target.calendar for target in agreement.targets.values() if target.calendar is not None}
    for objective in agreement.objectives.values():
        names |= {objective.settings["calendar"]} if "calendar" in objective.settings else set()
    return names | {name for condition in conditions_of(agreement) for name in calendars_in(condition)}


def _fields(agreement: Agreement) -> set[str]:
    names = {name for condition in conditions_of(agreement) for name in fields_in(condition)}
    for target in agreement.targets.values():
        names |= {target.start_at} if target.start_at else set()
        times = [entry.time for entry in target.entries]
        names |= {time.field for time in times if isinstance(time, FieldTime | FieldDue)}
    return names | {objective.each for objective in agreement.objectives.values() if objective.each}


def conditions_of(agreement: Agreement) -> Iterator[Condition]:
    """Every condition in *agreement*."""
    yield from _given([agreement.where, *(row.when for row in agreement.exclude)])
    for target in agreement.targets.values():
        yield from _of_target(target)
    for objective in agreement.objectives.values():
        yield from _of_objective(objective)


def _of_target(target: Target) -> Iterator[Condition]:
    actions = [action.when for line in target.lines for action in line.actions]
    own = [target.start, target.stop, target.pause, target.resume, target.cancel, target.reset]
    return _given([*own, *actions, *(entry.when for entry in target.entries)])


def _of_objective(objective: Objective) -> Iterator[Condition]:
    rows = [*(row.when for row in objective.exclude), *(action.when for action in objective.missed)]
    bounds = [bound.when for bound in (*objective.at_least, *objective.at_most)]
    measured = [each for each in (objective.of, objective.settings.get("down")) if _is_condition(each)]
    return _given([objective.where, *rows, *bounds, *measured])


def _is_condition(value: object) -> bool:
    return isinstance(value, get_args(Condition))


def _given(conditions: Iterable[Condition | None]) -> Iterator[Condition]:
    return (condition for condition in conditions if condition is not None)
