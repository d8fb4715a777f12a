"""Timeline entries that were not known become events; those nobody is to hear of are silent, with the
reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connector.decide.decision import Context, Desk, Known
from connector.decide.keys import event_key
from connector.model.cycle import Cycle
from connector.model.event import Event
from connector.model.instant import Instant, format_instant


def timeline_events(cycle: Cycle, context: Context) -> Iterator[Event]:
    """Every entry of a cycle's timeline as an event, in order, known or not."""
    seen: Counter[str] = Counter()
    for moment in cycle.timeline:
        seen[moment.event] += 1
        key = event_key(context.instance, cycle, moment.event, seen[moment.event])
        why = why_silent(cycle, moment.event, moment.at, context)
        yield Event(key, cycle, moment.at, moment.event, silent=why is not None, why_silent=why)


def new_events(desk: Desk, known: Known) -> list[list[Event]]:
    """The events of a ticket that earlier runs did not know, a list a cycle, each in the timeline's order."""
    per_cycle = (timeline_events(cycle, desk.context) for cycle in desk.cycles)
    return [[event for event in events if event.key not in known.events] for events in per_cycle]


def is_withdrawn(cycle: Cycle, event: str) -> bool:
    """Whether *event* is a breach that another goal took back: it stays in the timeline, and nobody is to
    hear of it any more (rules: Clocks, *Entry*)."""
    return event == "breached" and cycle.breached_at is None


def why_silent(cycle: Cycle, event: str, at: Instant, context: Context) -> str | None:
    """Why an *event* of *cycle* at *at* starts no act, or None where it may."""
    if cycle.excluded is not None:
        return f"excluded: {cycle.excluded}"
    if is_withdrawn(cycle, event):
        return "the breach was withdrawn"
    if context.backfill:
        return "found by evaluating the past anew"
    if at < context.start:
        return f"before the start, {format_instant(context.start)}"
    since = context.in_force_since.get((cycle.agreement, cycle.version))
    if since is None or at < since:
        return f"before the first run with version {cycle.version} of {cycle.agreement}"
    return None
