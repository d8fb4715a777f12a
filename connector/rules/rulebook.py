"""The rulebook: all that the rule files say, resolved, typed and frozen. What evaluation and decisions read.

Nothing here is text to be interpreted later: presets, packages, `like:`, defaults and calendars are resolved,
lengths are numbers, and every part knows where it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from connector.errors import Position, Problem
from connector.model.instant import Instant, Millis
from connector.model.kind import FieldType
from connector.rules.hours import Calendar, FieldZone, Shift, WeekFrom
from connector.rules.logic import All, Any_, Changed, Condition, Not, Op, Test

__all__ = [
    "Action",
    "After",
    "Agreement",
    "All",
    "Any_",
    "Bound",
    "BusinessDays",
    "Calendar",
    "Changed",
    "ChooseOne",
    "Condition",
    "Derive",
    "DeriveRow",
    "Document",
    "Entry",
    "ExcludeRow",
    "FieldDue",
    "FieldTime",
    "FieldZone",
    "Line",
    "LineKind",
    "NoTarget",
    "Not",
    "Objective",
    "Op",
    "OpenTime",
    "Rulebook",
    "Shift",
    "Target",
    "Test",
    "Time",
    "WeekFrom",
]

# ---------------------------------------------------------------------------------- targets


@dataclass(frozen=True, slots=True)
class OpenTime:
    """A length of open time (`4h`, `2wd`), in milliseconds."""

    length: Millis
    written: str


@dataclass(frozen=True, slots=True)
class NoTarget:
    """`none`: best effort."""

    written: str = "none"


@dataclass(frozen=True, slots=True)
class FieldTime:
    """A length given in the ticket's *field*; empty is as `none`."""

    field: str
    written: str = ""


@dataclass(frozen=True, slots=True)
class FieldDue:
    """A due instant given in the ticket's *field* (`until:`); empty is as `none`."""

    field: str
    written: str = ""


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """`2bd`, `2bd by 16:00`, `2bd same time`, `… if before 10:00`. Times are minutes after local midnight."""

    days: int
    by: int | None = None
    same_time: bool = False
    if_before: int | None = None
    written: str = ""


Time = OpenTime | NoTarget | FieldTime | FieldDue | BusinessDays


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `within`; *calendar* is resolved (entry's, else target's, else agreement's)."""

    when: Condition
    time: Time
    calendar: str
    place: Position
    on_goal_change: str | None = None  # recompute | carry | restart; None: the target's


class LineKind(StrEnum):
    """What a line is measured by."""

    PERCENT = "percent"
    BEFORE = "before"  # open time before due
    AFTER = "after"  # open time after the breach
    EVENT = "event"  # started, paused, breached, met…


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do when a line is crossed or an objective missed."""

    place: Position
    when: Condition | None = None
    notify: tuple[str, ...] = ()  # recipients as written
    note: str | bool = False  # True: the standard text; text: a template
    public: bool = False
    create: str | None = None  # canonical kind
    fields: Mapping[str, Any] = field(default_factory=dict)
    after_in_a_row: int = 1  # objectives: `after: 3 in a row`


@dataclass(frozen=True, slots=True)
class Line:
    """One key of `on:` and its actions. *share* for percent, *length* for before and after."""

    written: str
    kind: LineKind
    share: Fraction | None
    length: Millis | None
    actions: tuple[Action, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class After:
    """`after: {target, event}`: the cycle begins at another target's event on the same ticket."""

    target: str
    event: str  # started | ended | met | missed | breached


@dataclass(frozen=True, slots=True)
class Target:
    """One clock of an agreement, everything resolved. An absent condition (None) never holds."""

    name: str
    place: Position
    entries: tuple[Entry, ...]
    start: Condition | None
    stop: Condition | None = None
    pause: Condition | None = None
    resume: Condition | None = None
    cancel: Condition | None = None
    reset: Condition | None = None
    start_at: str | None = None  # a datetime field: retroactive start; None: the matching step
    at_limit: str = "met"  # met | missed
    on_goal_change: str = "recompute"
    reopen: str = "new_cycle"  # new_cycle | resume | ignore
    start_must_hold: bool = False
    retroactive: str = "first"  # first | every
    retroactive_pause: bool = True
    born_stopped: str = "none"  # none | met
    breach_stands: bool = False
    unpausable: bool = False
    count_resets: bool = False
    measure: str = "cycle"  # cycle | total
    after: After | None = None
    measured_by: str | None = None  # the platform's own SLA of that name
    reconcile_with: tuple[str, ...] = ()  # the platform's SLAs to compare it with; (): of its own name
    lines: tuple[Line, ...] = ()
    calendar: str | None = None  # counts where no entry matches; None: the agreement's


# ---------------------------------------------------------------------------------- agreements


@dataclass(frozen=True, slots=True)
class ExcludeRow:
    """Cycles (or outages) kept and printed with their reason, not counted, not announced."""

    when: Condition
    reason: str
    place: Position


@dataclass(frozen=True, slots=True)
class Bound:
    """A row of `at_least` or `at_most`; *when* may test only the `each` field."""

    when: Condition | None
    value: Fraction
    place: Position


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised over time. *measure* is its key (`attained`, `mean`, `availability`…), *of* its value.

    What single measures need besides is kept in *settings* as checked data (see `rules/measures.py`).
    """

    name: str
    measure: str
    of: Any
    place: Position
    per: str = "month"
    starts: int = 1
    where: Condition | None = None
    each: str | None = None
    each_values: tuple[str, ...] | None = None
    at_least: tuple[Bound, ...] = ()
    at_most: tuple[Bound, ...] = ()
    warn: Fraction | None = None
    min_count: int = 0
    allow_missed: int = 0
    empty: str = "no_data"  # no_data | met
    count: str = "cycles"  # cycles | tickets
    counted_by: str = "outcome"  # outcome | ended | started
    exclude: tuple[ExcludeRow, ...] = ()
    missed: tuple[Action, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChooseOne:
    """Of a group's agreements that apply to a ticket only the highest rank measures it (else by name)."""

    group: str
    rank: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement, everything it refers to resolved; *hash* is that of the enacted text."""

    name: str
    version: int
    type: str  # sla | ola | uc
    title: str
    status: str
    place: Position
    timezone: str  # of periods and validity
    valid_from: Instant | None  # start of the first valid local day; None: unbounded
    valid_until: (
        Instant | None
    )  # end (exclusive) of the last valid local day, a newer version's start included
    kinds: tuple[str, ...]  # applies_to.record
    where: Condition | None  # applies_to.where
    targets: Mapping[str, Target]
    objectives: Mapping[str, Objective]
    exclude: tuple[ExcludeRow, ...]
    calendar: str
    hash: str
    choose_one: ChooseOne | None = None
    customer: str | None = None
    provider: str | None = None
    services: tuple[str, ...] = ()
    supported_by: tuple[str, ...] = ()
    credits: Mapping[str, Any] | None = None
    review: Mapping[str, Any] | None = None
    publish_report: str | None = None  # on_approval | at_once | never; None: the framework's
    text: str = ""  # the enacted text (canonical JSON), to be kept with the hash


@dataclass(frozen=True, slots=True)
class DeriveRow:
    """When the condition holds (None: always), the derived field is *value*, or what *field* holds."""

    when: Condition | None
    value: Any = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Derive:
    """A field by table, read before anything else; rows in order, the last is the default."""

    name: str
    type: FieldType
    rows: tuple[DeriveRow, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Document:
    """A document that describes (stakeholder, customer, service, framework…), with its checked data."""

    kind: str
    name: str
    data: Mapping[str, Any]
    place: Position


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rule documents together. `agreements` holds every version, in order of (name, version)."""

    agreements: tuple[Agreement, ...]
    calendars: Mapping[str, Calendar]
    derives: tuple[Derive, ...] = ()
    documents: tuple[Document, ...] = ()
    warnings: tuple[Problem, ...] = ()
    hash: str = ""

    def measuring(self, *, every: bool = False) -> tuple[Agreement, ...]:
        """The agreements that measure: those enacted, or *every* one whatever its status."""
        return tuple(a for a in self.agreements if every or a.status == "enacted")

    def agreement(self, name: str, version: int) -> Agreement:
        """That version of that agreement; KeyError if there is none."""
        for found in self.agreements:
            if (found.name, found.version) == (name, version):
                return found
        raise KeyError((name, version))

    def of_kind(self, kind: str) -> tuple[Document, ...]:
        """The describing documents of one kind."""
        return tuple(document for document in self.documents if document.kind == kind)
