"""From evaluated cycles to events and effects: what is new, who is to hear of it, and what the desk should
show.

Pure: no platform, no store, no clock; what was known before comes in, and what follows goes out. What of it a
run may send is weighed later, over all tickets (deliver/pace.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from connector.decide.achievement import achievements
from connector.decide.acts import acts, possible_keys
from connector.decide.announce import new_events, timeline_events
from connector.decide.decision import Context, Decided, Decision, Desk, Holds, Known
from connector.decide.fields import ticket_fields
from connector.decide.restrain import restrained
from connector.decide.telling import Telling
from connector.decide.wording import Wording, load_wording
from connector.errors import Problem
from connector.model.cycle import Cycle
from connector.model.event import Event
from connector.rules.rulebook import Rulebook

__all__ = [
    "Context",
    "Decided",
    "Decision",
    "Holds",
    "Known",
    "Wording",
    "decide",
    "load_wording",
]


def decide(cycles: Iterable[Cycle], known: Known, book: Rulebook, context: Context) -> Decision:
    """What the evaluated tickets of *context* call for, given their *cycles* and what is *known* of them.

    Field effects say what should be there, changed or not; acts are given where their event is new.
    """
    events: list[Event] = []
    effects: list[Decided] = []
    problems: list[Problem] = []
    possible: set[str] = set()
    for desk in _desks(cycles, book, context):
        fresh = new_events(desk, known)
        telling = Telling(desk, problems)
        wanted = [*_fields(desk, known), *(act for of_cycle in fresh for act in acts(telling, of_cycle))]
        effects += restrained(wanted, desk)
        events += [event for of_cycle in fresh for event in of_cycle]
        possible |= _still_called_for(desk)
    withdrawn = tuple(sorted(known.waiting - possible))
    return Decision(tuple(events), tuple(effects), withdrawn, tuple(problems))


def _desks(cycles: Iterable[Cycle], book: Rulebook, context: Context) -> Iterator[Desk]:
    """Each ticket with its cycles in order of their beginning."""
    by_ticket: defaultdict[tuple[str, str], list[Cycle]] = defaultdict(list)
    for cycle in cycles:
        by_ticket[cycle.ticket.kind, cycle.ticket.id].append(cycle)
    for record in context.tickets:
        own = sorted(by_ticket[record.kind, record.id], key=lambda c: (c.origin, c.agreement, c.target))
        yield Desk(record, own, book, context)


def _fields(desk: Desk, known: Known) -> Iterator[Decided]:
    """What the ticket's achievement records and its own fields should hold, changed or not."""
    fields = ticket_fields(desk, known)
    yield from map(Decided, achievements(desk, known))
    yield from (Decided(fields),) if fields else ()


def _still_called_for(desk: Desk) -> set[str]:
    """The keys of acts that the timelines as they are now have an event for."""
    counted = (cycle for cycle in desk.cycles if cycle.excluded is None)
    return {
        key for cycle in counted for key in possible_keys(desk, list(timeline_events(cycle, desk.context)))
    }
