"""Random ticket histories: clean ones told forwards, and dirty ones as platforms hand them out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

from hypothesis import strategies as st

from connector.model.instant import HOUR, MINUTE, Instant, from_datetime
from connector.model.record import Change, Record, Reference
from tests.properties.calendars import ZONES, weighed
from tests.properties.rulebooks import STATES

NETWORK, DESK = Reference("g1", "Network"), Reference("g2", "Desk")
GROUPS = (NETWORK, DESK, None, "g1", "g2", "Network")  # histories tell ids, people names
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(("in_progress", "on_hold", "resolved", "in_progress", "on_hold", *STATES)),
    "priority": st.sampled_from((1, 2, 3, None, 1, 2, "1")),
    "plan": st.sampled_from(("gold", "Silver", None, "")),
    "planned": st.sampled_from((True, False, None, "true")),
    "tags": st.sampled_from((["vip"], ["EU", "vip"], [], None)),
    "assignment_group": st.sampled_from(GROUPS),
    "public_reply": st.sampled_from(("agent", "requester")),
    "agreed_time": st.sampled_from((None, HOUR, 3 * HOUR)),
    "region": st.sampled_from((*ZONES, None, "Nowhere/Land")),
}
OFTEN = ("state", "state", "state", "priority", "priority", "public_reply")


def begin_of(week: date) -> Instant:
    """Midnight, UTC, of its Monday."""
    return from_datetime(datetime.combine(week, time(), tzinfo=UTC))


@cache
def instants(week: date, *, days: int = 10) -> st.SearchStrategy[Instant]:
    """Within so many days of *week*, mostly on the half hour, so that things coincide."""
    on_the_half_hour = st.integers(0, days * 48).map(lambda n: begin_of(week) + n * 30 * MINUTE)
    odd = st.integers(0, days * 24 * HOUR).map(lambda n: begin_of(week) + n)
    return weighed(on_the_half_hour, on_the_half_hour, on_the_half_hour, odd)


LATER = (200 * HOUR, HOUR, 5 * HOUR, 24 * HOUR, 49 * HOUR, 90 * HOUR, 331 * HOUR, 600 * HOUR, 7)


pick = st.sampled_from((99, *range(12)))
later = st.sampled_from(LATER)


@st.composite
def presents(draw: st.DrawFn, ticket: Record) -> Instant:
    """When to look at a ticket: mostly some time later, often at a change, seldom before it was opened."""
    opened: Instant = ticket.fields["opened"]
    known = [opened, opened - 1, *(change.at for change in reversed(ticket.changes))]
    place = draw(pick)
    return known[place] if place < len(known) else opened + draw(later)


GAPS = (0, 0, 30 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR, 24 * HOUR, 72 * HOUR, 1, 12_345_678)
fields_to_move = weighed(st.sampled_from(OFTEN), st.sampled_from(sorted([*VALUES, "agreed_due"])))


gaps_and_fields = st.lists(st.tuples(st.sampled_from(GAPS), fields_to_move), max_size=9)


@st.composite
def moves(draw: st.DrawFn, week: date, opened: Instant) -> list[tuple[Instant, str, Any]]:
    """What became of which field, and when; in order, at times several at one instant."""
    found, at = [], opened
    for gap, name in draw(gaps_and_fields):
        at += gap
        found.append((at, name, draw(VALUES[name] if name in VALUES else perhaps(week))))
    return found


@cache
def perhaps(week: date) -> st.SearchStrategy[Instant | None]:
    return st.none() | instants(week)


is_dirty = st.sampled_from((False, False, False, False, True))


@st.composite
def tickets(draw: st.DrawFn, week: date, *, key: str = "INC1", dirty: bool = True) -> Record:
    """A ticket of that week, now and then with a muddled history."""
    opened = draw(instants(week, days=4))
    fields: dict[str, Any] = {
        "state": "new",
        "opened": opened,
        "priority": draw(VALUES["priority"]),
        "plan": draw(VALUES["plan"]),
        "reported": draw(perhaps(week)),
        "agreed_due": draw(perhaps(week)),
        "first_group": NETWORK,  # so that every ticket tells whose ids these are
        "second_group": DESK,
    }
    changes: list[Change] = []
    for at, name, value in draw(moves(week, opened)):
        changes.append(Change(at, name, fields.get(name), value, seq=len(changes)))
        fields[name] = value
    if dirty and draw(is_dirty):
        changes = draw(muddled(changes, week))
    ordered = sorted(changes, key=lambda change: (change.at, change.seq))
    return Record("incident", "acme", key.lower(), key, fields, tuple(ordered))


@st.composite
def muddled(draw: st.DrawFn, changes: list[Change], week: date) -> list[Change]:
    """The same with doubles, with changes that contradict the others or come from before the opening."""
    found = list(changes)
    if changes:
        found += draw(st.lists(st.sampled_from(changes), max_size=2))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(("state", "priority", "plan")))
        old, new = draw(VALUES[name]), draw(VALUES[name])
        found.append(Change(draw(instants(week)), name, old, new, seq=draw(st.integers(0, 9))))
    return found
