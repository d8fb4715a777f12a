"""What an agreement measures: its own targets and objectives and those of its package, resolved.

An agreement's target or objective replaces the package's of the same name whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connector.model.kind import FieldType, Kind
from connector.rules.actions import Register
from connector.rules.advice import check_followed, check_momentary_start
from connector.rules.conditions import Scope
from connector.rules.fields import fields_of
from connector.rules.measures import Promises
from connector.rules.objectives import read_objective
from connector.rules.reading import Form, Reading, Spot, shaped
from connector.rules.rulebook import Calendar, Condition, Objective, Target
from connector.rules.schema import MAPPING
from connector.rules.targets import Surroundings, read_target


class PackageForm(Form):
    """Targets and objectives that agreements reuse."""

    package: str
    title: str = ""
    targets: MAPPING = None
    objectives: MAPPING = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What an agreement may refer to: everything read before it."""

    kinds: Mapping[str, Kind]
    extra_fields: Mapping[str, FieldType]
    derived: Mapping[str, FieldType]
    words: Mapping[str, frozenset[str]]  # that derived fields can take
    calendars: Mapping[str, Calendar | None]  # None: there, but not readable
    packages: Mapping[str, Spot]
    agreements: Collection[str]
    customers: Collection[str]
    services: Collection[str]
    register: Register
    framework: Mapping[str, Any]  # defaults of targets
    like: str | None = None  # the framework's

    def scope(self, kinds: Collection[str]) -> Scope:
        """What conditions on records of *kinds* may refer to; of all tickets where no kind is known."""
        names = kinds or [kind.name for kind in self.kinds.values() if kind.is_ticket]
        fields = fields_of(names, self.kinds, self.extra_fields, self.derived, self.words)
        return Scope(fields, self.calendars)


@dataclass(frozen=True, slots=True)
class Holder:
    """The agreement (or package) that parts are read for."""

    spot: Spot
    package: Spot | None
    kinds: tuple[str, ...]
    where: Condition | None
    calendar: str
    like: str | None

    def parts(self, key: str) -> dict[str, Spot]:
        """The targets or objectives by name, where each is written."""
        found: dict[str, Spot] = {}
        for owner in (self.package, self.spot):
            if owner is not None and owner.has(key):
                found |= dict((owner / key).pairs())
        return found


def read_targets(reading: Reading, holder: Holder, rules: Rules) -> dict[str, Target]:
    """The targets of *holder*, everything resolved."""
    parts = holder.parts("targets")
    around = Surroundings(
        scope=rules.scope(holder.kinds),
        register=rules.register,
        calendars=rules.calendars,
        calendar=holder.calendar,
        framework=rules.framework,
        like=holder.like or rules.like,
        names=parts,
    )
    targets: dict[str, Target] = {}
    for name, where in parts.items():
        target = read_target(reading, name, where, around)
        if target is not None:
            targets[name] = target
            check_momentary_start(reading, where, target, holder.where)
    _check_circles(reading, targets)
    check_followed(reading, targets)
    return targets


def read_objectives(reading: Reading, holder: Holder, rules: Rules) -> dict[str, Objective]:
    """The objectives of *holder*."""
    promises = Promises(
        rules.scope, rules.kinds, holder.kinds, holder.parts("targets"), rules.calendars, rules.register
    )
    read = {
        name: read_objective(reading, name, where, promises)
        for name, where in holder.parts("objectives").items()
    }
    return {name: objective for name, objective in read.items() if objective is not None}


def check_unused_package(reading: Reading, spot: Spot, rules: Rules) -> None:
    """Check a package that no agreement uses, as if one for all tickets did."""
    kinds = tuple(kind.name for kind in rules.kinds.values() if kind.is_ticket)
    holder = Holder(spot, None, kinds, None, "always", None)
    read_targets(reading, holder, rules)
    read_objectives(reading, holder, rules)


def check_package(reading: Reading, spot: Spot) -> None:
    """Check the form of a package."""
    shaped(reading, spot, PackageForm)


def _check_circles(reading: Reading, targets: Mapping[str, Target]) -> None:
    reported: set[str] = set()
    for name in targets:
        path = [name]
        while (after := targets[path[-1]].after) and after.target in targets and after.target not in path:
            path.append(after.target)
        if after and after.target in path and after.target not in reported:
            circle = path[path.index(after.target) :]
            reported.update(circle)
            what = f"targets begin after each other: {' → '.join((*circle, circle[0]))}"
            reading.wrong("circle", targets[circle[0]].place, what)
