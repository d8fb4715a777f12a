"""What the platform measured of a ticket, told beside the clocks of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connector.evaluate.borrowed import Told, borrow
from connector.evaluate.engine import Batch
from connector.evaluate.lines import as_object, seconds
from connector.model.cycle import Cycle
from connector.model.instant import format_instant
from connector.rules.rulebook import Agreement, Target


@dataclass(frozen=True, slots=True)
class LentStory:
    """A target that the platform's SLA *sla* measures. *unfit*: cycles whose figures *calendar*
    contradicts."""

    agreement: str
    target: str
    place: str
    sla: str
    calendar: str
    cycles: tuple[Cycle, ...]
    unfit: tuple[Cycle, ...]


def lent_stories(batch: Batch, told: Told, target: str | None) -> tuple[LentStory, ...]:
    """One for each target of a ticket's agreements that the platform measures; only *target*, where one is
    named."""
    found = borrow(batch, told)
    stories: dict[tuple[str, str], LentStory] = {}
    for agreement, one in _measured(batch):
        if target in (None, one.name) and one.measured_by is not None:
            where = (agreement.name, one.name)
            own = tuple(cycle for cycle in found.cycles if (cycle.agreement, cycle.target) == where)
            unfit = tuple(cycle for cycle in own if cycle in found.unfit)
            calendar = one.calendar or agreement.calendar
            stories[where] = LentStory(*where, one.place.short, one.measured_by, calendar, own, unfit)
    return tuple(stories.values())


def _measured(batch: Batch) -> Iterator[tuple[Agreement, Target]]:
    """The targets of agreements that are for tickets of this kind."""
    kinds = set(batch.frame.tickets.kind.values)
    for agreement in batch.plan.agreements:
        if kinds & set(agreement.kinds):
            yield from ((agreement, target) for target in agreement.targets.values())


def lent_lines(stories: Sequence[LentStory], zone: str) -> Iterator[str]:
    """For people."""
    from connector.evaluate.story import summary, when

    for story in stories:
        yield ""
        yield f"{story.agreement} · {story.target}  ({story.place})"
        yield f"  Measured by the platform: its SLA {story.sla!r}."
        if not story.cycles:
            yield "  The platform has no cycle of it on this ticket, or the agreement does not apply."
        for cycle in story.cycles:
            yield f"  Cycle {cycle.number}: {summary(cycle, zone)}"
            for moment in cycle.timeline:
                what = f"line {moment.event} crossed" if moment in cycle.warnings else moment.event
                yield f"    {when(moment.at, zone)}  {what}"
            if cycle in story.unfit:
                yield (
                    f"    Its due time is not where {story.calendar} has it: lines are told by the platform's"
                    " own count. Name the calendar that it counts by: `calendar:`"
                )


def lent_data(story: LentStory) -> dict[str, Any]:
    """The same as data, in the form of a clock's."""
    return {
        "agreement": story.agreement,
        "target": story.target,
        "rule": story.place,
        "measured_by": {"platform": story.sla},
        "nothing": [],
        "cycles": [
            {
                **as_object(cycle),
                "paused_s": seconds(cycle.paused),
                "rule": cycle.entry,
                "calendar": story.calendar,
                "calendar_fits": cycle not in story.unfit,
                "timeline": [{"at": format_instant(m.at), "event": m.event} for m in cycle.timeline],
                "steps": [],
            }
            for cycle in story.cycles
        ],
    }
