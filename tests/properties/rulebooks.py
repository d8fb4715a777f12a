"""Random rules with every setting, made of what the tickets of `tests.properties.tickets` hold."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from connector.model.instant import HOUR, MINUTE
from connector.model.kind import FieldType
from connector.rules.rulebook import (
    After,
    Agreement,
    BusinessDays,
    Calendar,
    ChooseOne,
    Condition,
    Derive,
    DeriveRow,
    Entry,
    ExcludeRow,
    FieldDue,
    FieldTime,
    NoTarget,
    Op,
    OpenTime,
    Rulebook,
    Target,
    Time,
)
from connector.rules.values import write_length
from tests.oracle import given
from tests.oracle.opening import at_clock
from tests.properties.calendars import calendars, dates, seldom, weighed

PLACE = given.PLACE
STATES = ("new", "in_progress", "on_hold", "resolved", "closed", "cancelled")
LINES = (
    "10%",
    "50%",
    "75%",
    "100%",
    "33.3%",
    "30m before",
    "2h before",
    "20h before",
    "1h after",
    "15m after",
)


# ------------------------------------------------------------------------------- conditions

LEVELS: tuple[Condition, ...] = (
    given.is_("state", "new"),
    given.is_("state", "in_progress", "on_hold"),
    given.is_not("state", "resolved", "closed", "cancelled"),
    given.is_("priority", 1),
    given.is_("priority", 1, 2),
    given.is_("priority", None),
    given.is_not("priority", 1),
    given.tested("priority", Op.GE, 2),
    given.tested("priority", Op.LT, 2),
    given.is_("plan", "gold"),
    given.tested("plan", Op.SET, True),
    given.tested("plan", Op.SET, False),
    given.tested("plan", Op.STARTS_WITH, "sil"),
    given.tested("plan", Op.MATCHES, "o.d"),
    given.tested("plan", Op.CONTAINS, "l"),
    given.is_("planned", True),
    given.is_("tags", "vip"),
    given.tested("tags", Op.CONTAINS, "eu"),
    given.is_not("tags", "vip"),
    given.is_("assignment_group", "network"),
    given.is_("assignment_group", "g2"),
    given.is_("class", "urgent"),
    given.tested("reported", Op.INSIDE, "hours"),
    given.tested("reported", Op.OUTSIDE, "hours"),
    given.is_("source", "acme"),
)
CHANGES: tuple[Condition, ...] = (
    given.changed("public_reply", new=("agent",)),
    given.changed("state"),
    given.changed("state", old=("on_hold",)),
    given.changed("state", new=("resolved", "closed")),
    given.changed("priority", old=(None,)),
    given.changed("opened"),
)


def conditions_of(leaves: tuple[Condition, ...]) -> st.SearchStrategy[Condition]:
    """A condition of a few tests."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda parts: st.one_of(
            st.lists(parts, min_size=2, max_size=2).map(lambda p: given.all_of(*p)),
            st.lists(parts, min_size=2, max_size=2).map(lambda p: given.any_of(*p)),
            parts.map(given.not_),
        ),
        max_leaves=3,
    )


levels = conditions_of(LEVELS)  # what a ticket is like
moments = conditions_of(LEVELS + CHANGES)  # also what holds at a step only


# ----------------------------------------------------------------------------------- targets

lengths = st.sampled_from((15 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR, 90_000, 1_000))
open_times = lengths.map(lambda length: OpenTime(length, write_length(length)))
times_of_day = st.none() | st.sampled_from((0, 600, 960, 1439))


def due_date(days: int, by: int | None, same_time: bool, if_before: int | None) -> BusinessDays:
    """`2bd by 16:00 if before 10:00`."""
    ending = f" by {clock(by)}" if by is not None else " same time" if same_time else ""
    condition = "" if if_before is None else f" if before {clock(if_before)}"
    written = f"{days}bd{ending}{condition}"
    return BusinessDays(days, by, same_time and by is None, if_before, written)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


business_days = st.builds(
    due_date, st.integers(0, 3), times_of_day, st.booleans(), st.none() | st.sampled_from((540, 600, 780))
)
times: st.SearchStrategy[Time] = weighed(
    open_times,
    open_times,
    open_times,
    business_days,
    st.just(FieldDue("agreed_due")),
    st.just(FieldTime("agreed_time")),
    st.just(NoTarget()),
)
goal_changes = st.sampled_from(("recompute", "carry", "restart"))


conditions_of_entries = weighed(st.sampled_from(LEVELS[3:6]), levels)
held = st.sampled_from((None, given.HELD, given.HELD))


@cache
def entries(names: tuple[str, ...], *, last: bool) -> st.SearchStrategy[Entry]:
    """A row of `within`; the last one for all that the others leave."""
    return st.builds(
        Entry,
        when=st.just(given.all_of()) if last else conditions_of_entries,
        time=times,
        calendar=st.sampled_from(names),
        place=st.just(PLACE),
        on_goal_change=seldom(goal_changes, None),
    )


@cache
def withins(names: tuple[str, ...]) -> st.SearchStrategy[tuple[Entry, ...]]:
    """One entry for all, or several of which perhaps none matches."""
    rows = st.lists(entries(names, last=False), max_size=2)
    closed = st.builds(lambda some, last: (*some, last), rows, entries(names, last=True))
    return weighed(closed, closed, closed, closed, rows.map(tuple))


lines = st.lists(st.sampled_from(LINES).map(given.line), max_size=3, unique_by=lambda line: line.written)


@cache
def settings_of(names: tuple[str, ...], *, follows: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Every key of a target; the usual values more often."""
    return st.fixed_dictionaries(
        {
            "entries": withins(names),
            "start": seldom(moments, None if follows else given.OPEN),
            "stop": seldom(moments, given.DONE),
            "pause": weighed(held, held, levels),
            "resume": seldom(moments, None),
            "cancel": seldom(moments, given.GONE),
            "reset": seldom(moments, None),
            "start_at": st.sampled_from((None, None, "opened", "reported")),
            "at_limit": st.sampled_from(("met", "missed")),
            "on_goal_change": goal_changes,
            "reopen": st.sampled_from(("new_cycle", "resume", "ignore")),
            "start_must_hold": seldom(st.just(True), False),
            "retroactive": st.sampled_from(("first", "every")),
            "retroactive_pause": st.sampled_from((True, False)),
            "born_stopped": st.sampled_from(("none", "met")),
            "breach_stands": seldom(st.just(True), False),
            "count_resets": st.booleans(),
            "measure": seldom(st.just("total"), "cycle"),
            "lines": lines.map(tuple),
            "calendar": st.none() | st.sampled_from(names),
        }
    )


def target(name: str, settings: dict[str, Any], after: After | None = None) -> Target:
    """A pause beside a due date is allowed where the target says `unpausable`."""
    dated = any(isinstance(entry.time, (BusinessDays, FieldDue)) for entry in settings["entries"])
    unpausable = dated and settings["pause"] is not None
    return Target(name, PLACE, after=after, unpausable=unpausable, **settings)


events = st.sampled_from(("started", "ended", "met", "missed", "breached"))


@cache
def target_sets(names: tuple[str, ...]) -> st.SearchStrategy[tuple[Target, ...]]:
    """One target, seldom a second that follows it."""
    alone = settings_of(names, follows=False).map(lambda settings: target("resolution", settings))
    following = st.builds(
        lambda settings, event: target("follow-up", settings, After("resolution", event)),
        settings_of(names, follows=True),
        events,
    )
    return st.builds(lambda one, two: (one,) if two is None else (one, two), alone, seldom(following, None))


# -------------------------------------------------------------------------------- agreements

exclusions = st.builds(ExcludeRow, levels, st.just("why"), st.just(PLACE))


@cache
def agreement_settings(calendar: str) -> st.SearchStrategy[dict[str, Any]]:
    """What both versions of an agreement share."""
    return st.fixed_dictionaries(
        {
            "timezone": st.sampled_from(("UTC", "Europe/London")),
            "where": seldom(levels, None),
            "calendar": st.just(calendar),
            "choose_one": seldom(st.builds(ChooseOne, st.just("desk"), st.integers(1, 2)), None),
            "exclude": st.lists(exclusions, max_size=1).map(tuple),
        }
    )


how_many_versions = st.sampled_from((1, 1, 1, 1, 1, 1, 1, 2, 2, 0))  # 0: one that ends


@st.composite
def agreements(draw: st.DrawFn, name: str, names: tuple[str, ...], turn: date) -> list[Agreement]:
    """One agreement, seldom with a second version from the date *turn* on, or ending there."""
    settings = draw(agreement_settings(names[0]))
    versions = draw(how_many_versions)
    midnight = at_clock(turn, 0, settings["timezone"])
    until = None if versions == 1 else midnight
    first = given.agreement(*draw(target_sets(names)), name=name, valid_until=until, **settings)
    if versions < 2:
        return [first]
    second = draw(target_sets(names))
    return [first, given.agreement(*second, name=name, version=2, valid_from=midnight, **settings)]


CLASS = Derive(
    "class",
    FieldType.STRING,
    (
        DeriveRow(given.is_("priority", 1), "urgent"),
        DeriveRow(given.tested("plan", Op.SET, True), field="plan"),
        DeriveRow(None, "plain"),
    ),
    PLACE,
)


yes_or_no = st.booleans()
how_many_agreements = st.sampled_from((1, 1, 1, 2))


@st.composite
def rulebooks(draw: st.DrawFn, week: date) -> Rulebook:
    """One or two agreements over one to three calendars, `always` among them."""
    hours: list[Calendar] = [draw(calendars("hours", week))]
    if draw(yes_or_no):
        hours.append(draw(calendars("other", week)))
    turn = draw(dates(week))
    names = (*(calendar.name for calendar in hours), "always")
    found = draw(agreements("desk", names, turn))
    if draw(how_many_agreements) == 2:
        found += draw(agreements("gold", names, turn))
    return given.book(*found, calendars=hours, derives=(CLASS,))
