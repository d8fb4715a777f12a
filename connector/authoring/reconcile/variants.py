"""The rules that a platform may go by where Accord's agreement says otherwise: each as the agreement changed
in one respect, to be evaluated anew. The one that gives the platform's figures names the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from connector.errors import Position
from connector.model.kind import FieldType
from connector.rules.calendars import ALWAYS
from connector.rules.conditions import fields_in
from connector.rules.rulebook import (
    Agreement,
    All,
    Any_,
    Calendar,
    Changed,
    FieldTime,
    Not,
    NoTarget,
    Op,
    Rulebook,
    Target,
    Test,
)

CALENDAR, PAUSE, RETROACTIVE = "calendar", "pause rule", "retroactive start"
GOAL, REOPENED, ZONE, LIMIT, CANCEL = (
    "goal change", "reopened or restarted", "time zone", "tie at the limit", "cancel rule",
)  # fmt: skip
OTHER_GOAL, START = "another goal", "start rule"
PLATFORMS_HOURS = "the platform's hours"

# Zones that platforms are set to most often; those of the rules are tried first.
ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Sao_Paulo", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo",
    "Australia/Sydney",
)  # fmt: skip
OPENS, CLOSES = (6, 7, 8, 9, 10), (16, 17, 18, 19, 20, 22)

Change = Callable[[Target], Target]
Recalendar = Callable[[Calendar], Calendar]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another rule: *change* of every target, *calendars* of every calendar. *says* what the platform does by
    it; *entry*: it judges by that row of `within` alone."""

    reason: str
    says: str
    change: Change | None = None
    calendars: Recalendar | None = None
    hours: Calendar | None = None
    entry: int | None = None
    goal: bool = False
    late: bool = False

    def of(self, book: Rulebook) -> Rulebook | None:
        """The rulebook by this rule; None where it says nothing else."""
        agreements = tuple(self._agreement(one) for one in book.agreements)
        calendars = dict(book.calendars)
        if self.calendars is not None:
            calendars = {name: self.calendars(one) for name, one in calendars.items()}
        if self.hours is not None:
            calendars[self.hours.name] = self.hours
        if not self.late and agreements == book.agreements and calendars == dict(book.calendars):
            return None
        return replace(book, agreements=agreements, calendars=calendars)

    def _agreement(self, agreement: Agreement) -> Agreement:
        change = self.change
        if self.goal:
            change = _both(change, _platforms_goal(agreement.name))
        if change is None:
            return agreement
        targets = {
            name: target if target.measured_by is not None else change(target)
            for name, target in agreement.targets.items()
        }
        return replace(agreement, targets=targets)


def goal_field(agreement: str, target: str) -> str:
    """The field that carries the platform's own goal for a target into an evaluation."""
    return f"platform's goal of {agreement}/{target}"


def simple(book: Rulebook) -> Iterator[Variant]:
    """Each rule by itself, the likelier first."""
    yield from _pauses()
    yield from _starts()
    yield _late()
    yield from _goals(book)
    yield Variant(OTHER_GOAL, "its time is another", goal=True)
    yield Variant(CALENDAR, "it counts round the clock", _by_calendar(ALWAYS.name))
    for name in sorted(book.calendars):
        yield Variant(CALENDAR, f"it counts by the hours of {name}", _by_calendar(name))
    yield Variant(CALENDAR, "it knows no holidays and no special days", calendars=_plain)
    yield from _reopenings()
    yield Variant(START, "it starts where Accord's `start` does not hold", _always_started)
    yield Variant(START, "it measures what was resolved or closed from the start, too", _born_stopped)
    yield Variant(START, "it starts and stops at changes, not by how the ticket stands", _by_changes)
    yield Variant(LIMIT, "it takes a tie for the other verdict", _other_limit)
    yield Variant(CANCEL, "it cancels when its start no longer holds", _start_must_hold)
    yield Variant(CANCEL, "it goes on though its start no longer holds", _start_may_end)


def combined(variants: Sequence[Variant]) -> Iterator[Variant]:
    """Two of *variants* at once, of different reasons."""
    mixable = [one for one in variants if one.reason in (CALENDAR, PAUSE, RETROACTIVE, GOAL, OTHER_GOAL)]
    for one, other in combinations(mixable, 2):
        if one.reason != other.reason and not (one.calendars and other.calendars):
            entry = other.entry if one.entry is None else one.entry
            yield Variant(
                f"{one.reason} and {other.reason}",
                f"{one.says}, and {other.says}",
                _both(one.change, other.change),
                one.calendars or other.calendars,
                entry=entry,
                goal=one.goal or other.goal,
                late=one.late or other.late,
            )


def far_fetched(book: Rulebook) -> Iterator[Variant]:
    """Zones and hours that the rules do not name."""
    own = [one.timezone for one in book.calendars.values() if isinstance(one.timezone, str)]
    zones = dict.fromkeys([*own, *(one.timezone for one in book.agreements)])
    for zone in dict.fromkeys([*zones, *ZONES]):
        yield Variant(ZONE, f"it reads its hours in {zone}", calendars=_in_zone(zone))
    for zone in zones:
        for opens, closes in ((0, 24), *product(OPENS, CLOSES)):
            hours = ((opens * 60, closes * 60),)
            week = Calendar(PLATFORMS_HOURS, zone, (hours,) * 5 + ((), ()))
            says = f"it counts Monday to Friday {opens:02}:00-{closes:02}:00, {zone}"
            yield Variant(CALENDAR, says, _by_calendar(PLATFORMS_HOURS), hours=week)


def _platforms_goal(agreement: str) -> Change:
    def change(target: Target) -> Target:
        field = goal_field(agreement, target.name)
        rows = [replace(entry, time=FieldTime(field, "the platform's goal")) for entry in target.entries]
        return replace(target, entries=tuple(rows))

    return change


def _pauses() -> Iterator[Variant]:
    yield Variant(PAUSE, "it does not pause", lambda target: replace(target, pause=None, resume=None))
    place = Position("reconcile", 1)
    held = Test("state", Op.IN, ("on_hold",), place, FieldType.STRING)
    yield Variant(
        PAUSE,
        "it pauses whenever the ticket is on hold",
        lambda target: replace(target, pause=held, resume=None),
    )
    yield Variant(
        PAUSE,
        "it treats pauses before a retroactive start otherwise",
        lambda target: replace(target, retroactive_pause=not target.retroactive_pause),
    )


def _starts() -> Iterator[Variant]:
    yield Variant(
        RETROACTIVE,
        "it counts from the opening",
        lambda target: replace(target, start_at="opened", retroactive="first"),
    )
    yield Variant(
        RETROACTIVE,
        "it counts every cycle from the opening",
        lambda target: replace(target, start_at="opened", retroactive="every"),
    )
    yield Variant(
        RETROACTIVE,
        "it counts from the change that started it",
        lambda target: replace(target, start_at=None),
    )


def _late() -> Variant:
    says = "it counts from where the ticket was entered, not from where it was opened"
    return Variant(RETROACTIVE, says, late=True)


def _goals(book: Rulebook) -> Iterator[Variant]:
    words = {
        "recompute": "it judges the whole cycle by the latest goal",
        "carry": "it keeps what was counted before the goal changed",
        "restart": "it starts again when the goal changes",
    }
    for policy, says in words.items():
        yield Variant(GOAL, says, _policy(policy))
    yield Variant(
        GOAL,
        "a breach stands there whatever the goal becomes",
        lambda target: replace(target, breach_stands=not target.breach_stands),
    )
    most = max((len(t.entries) for a in book.agreements for t in a.targets.values()), default=0)
    for number in range(most):
        yield Variant(GOAL, "it judges by the goal", _only(number), entry=number)


def _reopenings() -> Iterator[Variant]:
    words = {
        "new_cycle": "it begins a new cycle when the ticket is reopened",
        "resume": "it goes on with the same cycle when the ticket is reopened",
        "ignore": "it does nothing when the ticket is reopened",
    }
    for manner, says in words.items():
        yield Variant(REOPENED, says, _reopen(manner))
    yield Variant(REOPENED, "it does not restart", lambda target: replace(target, reset=None))


def _policy(policy: str) -> Change:
    def change(target: Target) -> Target:
        rows = tuple(replace(entry, on_goal_change=None) for entry in target.entries)
        return replace(target, on_goal_change=policy, entries=rows)

    return change


def _only(number: int) -> Change:
    def change(target: Target) -> Target:
        if number >= len(target.entries) or isinstance(target.entries[number].time, NoTarget):
            return target
        entry = target.entries[number]
        return replace(target, entries=(replace(entry, when=All((), entry.place)),))

    return change


def _reopen(manner: str) -> Change:
    return lambda target: replace(target, reopen=manner)


def _by_calendar(name: str) -> Change:
    def change(target: Target) -> Target:
        return replace(
            target, calendar=name, entries=tuple(replace(entry, calendar=name) for entry in target.entries)
        )

    return change


def _other_limit(target: Target) -> Target:
    return replace(target, at_limit="missed" if target.at_limit == "met" else "met")


def _start_must_hold(target: Target) -> Target:
    return replace(target, start_must_hold=True)


def _start_may_end(target: Target) -> Target:
    return replace(target, start_must_hold=False)


def _always_started(target: Target) -> Target:
    return replace(target, start=All((), target.place), start_must_hold=False)


def _born_stopped(target: Target) -> Target:
    return replace(_always_started(target), born_stopped="met")


def _by_changes(target: Target) -> Target:
    """Conditions that are hit by a change, as Jira's are: stopped by a change that leads into `stop`, started
    by the opening and by one that leads out of it."""
    if target.stop is None:
        return target
    place = target.stop.place
    moved = Any_(tuple(Changed(name, None, None, place) for name in sorted(fields_in(target.stop))), place)
    starts = Any_((Changed("opened", None, None, place), All((moved, Not(target.stop, place)), place)), place)
    return replace(target, start=starts, stop=All((moved, target.stop), place), start_must_hold=False)


def _plain(calendar: Calendar) -> Calendar:
    return replace(calendar, holidays=type(calendar.holidays)(), special=type(calendar.special)())


def _in_zone(zone: str) -> Recalendar:
    return lambda calendar: calendar if calendar.is_always else replace(calendar, timezone=zone)


def _both(first: Change | None, second: Change | None) -> Change | None:
    if first is None or second is None:
        return first or second
    return lambda target: second(first(target))
