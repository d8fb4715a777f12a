"""What a decision is made from, and what it says. Plain data; how it is made lies in the modules beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.decide.wording import LANGUAGE, Wording
from connector.errors import Problem
from connector.model.cycle import Cycle, TicketId
from connector.model.effect import Effect, Held
from connector.model.event import Event
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Record
from connector.rules.rulebook import Agreement, Condition, Line, Rulebook, Target

# Whether a condition holds on a ticket as it stood at an instant (derived fields included).
Holds = Callable[[Condition, Record, Instant], bool]
# The first instant at or after another at which a calendar, by its name, is open.
Opening = Callable[[str, Instant], Instant]


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs know of the tickets in question.

    *events*: the keys of events. *desired*: field effects as last decided, by key. *waiting*: the keys of
    acts that were decided and not sent (nor begun to be).
    """

    events: AbstractSet[str] = frozenset()
    desired: Mapping[str, Effect] = field(default_factory=dict)
    waiting: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of a run at one source.

    *tickets* are the records whose evaluation this is, those without a cycle too. *start*: no act for an
    event before it. *record_from*: achievements are written for cycles open then or later (None: *start*).
    *in_force_since*: by (agreement, version), when a run first worked with it. *switch*
    gives `on`, `plan` or `off` for an output's name. *cautious*: why many acts at once are nobody's
    intention yet. *at*: the instant evaluated as of; *opening* tells when quiet hours end. *redirect_to*:
    where all notices go in a test environment. *placeless*: outputs that the platform has no place for.
    *doubted_until*: when the store was found to be an older copy: what was written before then may not be
    known of.
    """

    instance: str
    tickets: Sequence[Record]
    start: Instant
    in_force_since: Mapping[tuple[str, int], Instant]
    holds: Holds
    wording: Wording
    switch: Callable[[str], str]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    record_from: Instant | None = None
    backfill: bool = False
    cautious: Held | None = None
    at: Instant = 0
    opening: Opening | None = None
    channel: str = "platform"
    redirect_to: str | None = None
    placeless: AbstractSet[str] = frozenset()
    doubted_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """An effect, and why it is not to be delivered (None: it is), or not before an instant."""

    effect: Effect
    held: Held | None = None
    not_before: Instant = 0
    waits: Held | None = None  # why not before
    event: str | None = None  # the key of the event behind an act


@dataclass(frozen=True, slots=True)
class Decision:
    """What a batch of evaluated tickets calls for.

    *events* were not known before, silent ones included. *withdrawn* are keys of waiting acts that nothing
    calls for any more. *problems* are texts that could not be made as written.
    """

    events: tuple[Event, ...]
    effects: tuple[Decided, ...]
    withdrawn: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """One ticket with all its cycles, and where it stands in the rules: what the acts' modules look at."""

    record: Record
    cycles: Sequence[Cycle]
    book: Rulebook
    context: Context

    @property
    def ticket(self) -> TicketId:
        return TicketId(self.record.source, self.record.kind, self.record.id, self.record.key)

    @property
    def queue(self) -> str:
        """The queue in which everything about this ticket goes out in order."""
        return f"{self.record.kind}:{self.record.id}"

    @property
    def is_closed(self) -> bool:
        """Closed for good: nothing but achievement records is written about it."""
        return self.record.fields.get("state") == "closed"

    @property
    def language(self) -> str:
        """The language of what is written on tickets: the framework's."""
        written = (document.data.get("language") for document in self.book.of_kind("framework"))
        return next((str(language) for language in written if language), LANGUAGE)

    def agreement(self, cycle: Cycle) -> Agreement:
        """The agreement version that a cycle runs under."""
        return self.book.agreement(cycle.agreement, cycle.version)

    def target(self, cycle: Cycle) -> Target:
        """The target whose clock a cycle is."""
        return self.agreement(cycle).targets[cycle.target]

    def line(self, cycle: Cycle, event: str) -> Line | None:
        """The line of `on:` for an event, if the author wrote one."""
        return next((line for line in self.target(cycle).lines if line.written == event), None)

    def zone(self, cycle: Cycle) -> ZoneInfo:
        """The zone in which people read about this agreement."""
        return ZoneInfo(self.agreement(cycle).timezone)
