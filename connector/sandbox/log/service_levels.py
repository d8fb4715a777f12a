"""The desk's own SLA engine as far as the log shows it: definitions, their hours, one timer per incident.

The log has the engine's verdict (`made_sla`) but not its targets. Those here are the cuts that agree best
with the verdicts: priority 3 within 153.4 hours from opening to closing, Monday to Friday round the clock;
priority 4 within 234.2 hours, Monday to Friday 06:00 to 22:00. For priorities 1 and 2 the verdicts are too
one-sided to tell.
The verdict itself is always the log's, so a timer may say something else than its own figures, as they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.sandbox.log.cast import Cast
from connector.sandbox.log.happenings import Changed, Made
from connector.sandbox.log.read import Case, moment
from connector.sandbox.servicenow.dates import duration, stored
from connector.sandbox.world import Chance

HOUR_S = 3600
ENGINE = "system"


@dataclass(frozen=True, slots=True)
class Definition:
    """A resolution target on working days; `opens` and `closes` are hours of the day."""

    priority: str
    seconds: int
    hours: str
    opens: int
    closes: int

    @property
    def name(self) -> str:
        return f"Priority {self.priority} resolution"


DEFINITIONS = {
    "3": Definition("3", round(153.4 * HOUR_S), "Weekdays round the clock", 0, 24),
    "4": Definition("4", round(234.2 * HOUR_S), "Weekdays 06-22", 6, 22),
}


class ServiceLevels:
    """Makes the definitions, and the timers of each case."""

    def __init__(self, cast: Cast, chance: Chance) -> None:
        self._chance = chance
        self._ids = {priority: _define(cast, one) for priority, one in DEFINITIONS.items()}
        self._schedules = {priority: _schedule(cast, one) for priority, one in DEFINITIONS.items()}

    def history(self, case: Case) -> Iterator[Made | Changed]:
        """A timer for every priority the case has in turn: cancelled by the next, completed by closing."""
        running: tuple[str, Definition] | None = None
        for row in range(len(case.rows)):
            wanted = DEFINITIONS.get(case.value(row, "priority")[:1])
            closed = case.value(row, "incident_state") == "Closed"
            if running and running[1] is not wanted and not closed:
                yield self._stop(case, row, running[0], {"stage": "cancelled"})
                running = None
            if wanted and not running and not closed:
                running = (self._chance.identifier("task_sla", case.number, row), wanted)
                yield self._start(case, row, *running)
            if running and closed:
                yield self._complete(case, row, *running)
                return

    def _start(self, case: Case, row: int, sys_id: str, definition: Definition) -> Made:
        start = moment(case.value(row, "opened_at"))
        due = stored(_after(definition, start, definition.seconds))
        fields = {
            "task": self._chance.identifier("incident", case.number),
            "sla": self._ids[definition.priority],
            "schedule": self._schedules[definition.priority],
            "stage": "in_progress",
            "active": "true",
            "has_breached": "false",
            "start_time": stored(start),
            "planned_end_time": due,
            "original_breach_time": due,
            "timezone": "GMT",
        }
        return Made(case.at(row), "task_sla", sys_id, fields, ENGINE)

    def _complete(self, case: Case, row: int, sys_id: str, definition: Definition) -> Changed:
        start, end = moment(case.value(row, "opened_at")), case.at(row)
        used = _between(definition, start, end)
        missed = case.value(row, "made_sla") == "false"
        figures = {
            "stage": "completed",
            "has_breached": str(missed).lower(),
            "duration": duration((end - start) // 1000),
            "business_duration": duration(used),
            "business_percentage": f"{used / definition.seconds * 100:.2f}",
            "business_time_left": duration(definition.seconds - used),
        }
        return self._stop(case, row, sys_id, figures)

    def _stop(self, case: Case, row: int, sys_id: str, changes: dict[str, str]) -> Changed:
        at = case.at(row)
        return Changed(at, "task_sla", sys_id, {"active": "false", "end_time": stored(at), **changes}, ENGINE)


def _define(cast: Cast, definition: Definition) -> str:
    return cast.record(
        "contract_sla",
        definition.name,
        name=definition.name,
        type="SLA",
        target="resolution",
        collection="incident",
        active="true",
        duration=duration(definition.seconds),
        schedule_source="sla_definition",
        schedule=_schedule(cast, definition),
        timezone_source="sla.timezone",
        timezone="GMT",
        start_condition=f"priority={definition.priority}",
        stop_condition="state=7",
        when_to_cancel="no_match",
        when_to_resume="no_match",
        retroactive="true",
        set_start_to="opened_at",
        reset_action="cancel",
    )


def _schedule(cast: Cast, definition: Definition) -> str:
    schedule = cast.record("cmn_schedule", definition.hours, name=definition.hours, time_zone="GMT")
    all_day = definition.closes == 24
    cast.record(
        "cmn_schedule_span",
        definition.hours,
        name=definition.hours,
        schedule=schedule,
        show_as="busy",
        all_day=str(all_day).lower(),
        start_date_time=f"20160104T{definition.opens:02d}0000Z",
        end_date_time="20160104T235959Z" if all_day else f"20160104T{definition.closes:02d}0000Z",
        repeat_type="weekdays",
        repeat_count="1",
        days_of_week="12345",
    )
    return schedule


def _spans(definition: Definition, start: int) -> Iterator[tuple[int, int]]:
    """The open hours from an instant on, in epoch milliseconds."""
    day = datetime.fromtimestamp(start / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        if day.weekday() < 5:
            midnight = round(day.timestamp() * 1000)
            opens = midnight + definition.opens * HOUR_S * 1000
            closes = midnight + definition.closes * HOUR_S * 1000
            if closes > start:
                yield max(opens, start), closes
        day += timedelta(days=1)


def _between(definition: Definition, start: int, end: int) -> int:
    """Open seconds between two instants."""
    total = 0
    for opens, closes in _spans(definition, start):
        if opens >= end:
            return total // 1000
        total += min(closes, end) - opens
    raise AssertionError("open hours never end")


def _after(definition: Definition, start: int, seconds: int) -> int:
    """The instant when so many open seconds have passed."""
    left = seconds * 1000
    for opens, closes in _spans(definition, start):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise AssertionError("open hours never end")
