"""The engine: after every write of a task its definitions are looked through, in the platform's order.

First those without an active timer on the task may attach one (start holds, stop and cancel do not). Then
each active timer, first hit wins: stop; reset; cancel; pause and resume. An empty condition never holds.
Between writes only jobs run: one at the breach time, and calculations that come seldom while a breach is far
away, so that the figures of an active timer are stale in between. Relative durations are not played here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.conditions import Compiler, UnknownField
from connector.sandbox.servicenow.query import Clause, Condition, parse
from connector.sandbox.servicenow.sla.schedule import Hours, schedule
from connector.sandbox.servicenow.sla.timer import Timer, timer_of
from connector.sandbox.servicenow.tables import Row, Table, Test

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

Values = dict[str, str]
MINUTE, HOUR, DAY = 60, 3600, 86400
# How soon a timer is calculated again, by how far its breach is away; seldom once it is breached.
JOBS = ((10 * MINUTE, MINUTE), (HOUR, 10 * MINUTE), (DAY, HOUR), (30 * DAY, DAY))
LATER, BREACHED = 5 * DAY, DAY


class ServiceLevels:
    """The timers of all tasks."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._tests: dict[tuple[str, str], Test | None] = {}
        self._changed: frozenset[str] = frozenset()  # the columns of the write at work
        self._jobs: dict[str, int] = {}  # by timer, when it is looked at next

    def task_written(self, table: Table, row: Row, changed: Collection[str] = ()) -> None:
        """A record was written, *changed* columns of it: if it is a task with definitions, look through
        them."""
        found = self._definitions(table.name)
        if not found or "sys_updated_on" not in table.at:
            return
        self._changed = frozenset(changed)
        attached = {one["sys_id"] for one in found if self._attach(one, table, row)}
        for timer in self._timers(row[0]):
            definition = self._definition(timer["sla"])
            if definition is not None:
                self._move(timer, definition, table, row, is_new=definition["sys_id"] in attached)

    def take_up(self) -> None:
        """Go on with the timers that were kept: have each looked at again when its time comes."""
        table = self._instance.tables["task_sla"]
        for row in list(table.rows.values()):
            kept = table.values(row)
            definition = self._definition(kept["sla"])
            if kept["active"] == "true" and definition is not None:
                self._plan(kept["sys_id"], self._timer(kept, definition))

    # -- the two passes

    def _attach(self, definition: Values, table: Table, row: Row) -> bool:
        if any(one["sla"] == definition["sys_id"] for one in self._timers(row[0])):
            return False
        if not self._may_attach(definition, table, row):
            return False
        self._begin(definition, table, row)
        return True

    def _move(self, kept: Values, definition: Values, table: Table, row: Row, *, is_new: bool) -> None:
        holds = self._asked(table, row)
        timer, now = self._timer(kept, definition), self._now()
        if holds(definition["stop_condition"]):
            self._save(kept, timer.stop(now, "completed"))
        elif holds(definition["reset_condition"]) and not is_new and self._may_attach(definition, table, row):
            stage = "completed" if definition["reset_action"] == "complete" else "cancelled"
            self._save(kept, timer.stop(now, stage))
            self._begin(definition, table, row)
        elif self._is_cancelled(definition, holds):
            self._save(kept, timer.stop(now, "cancelled"))
        else:
            pauses = holds(definition["pause_condition"])
            resumes = self._resumes(definition, holds)
            if timer.stage == "in_progress" and pauses and not resumes:
                self._save(kept, timer.pause(now))
            elif timer.stage == "paused" and resumes and not pauses:
                self._save(kept, timer.resume(now))

    def _may_attach(self, definition: Values, table: Table, row: Row) -> bool:
        holds = self._asked(table, row)
        starts = holds(definition["start_condition"]) and not holds(definition["stop_condition"])
        on_condition = definition["when_to_cancel"] == "on_condition"
        return starts and not (on_condition and holds(definition["cancel_condition"]))

    def _is_cancelled(self, definition: Values, holds: Callable[[str], bool]) -> bool:
        match definition["when_to_cancel"]:
            case "never":
                return False
            case "on_condition":
                return holds(definition["cancel_condition"])
        return not (holds(definition["start_condition"]) and not holds(definition["stop_condition"]))

    def _resumes(self, definition: Values, holds: Callable[[str], bool]) -> bool:
        if definition["when_to_resume"] == "on_condition":
            return holds(definition["resume_condition"])
        return not holds(definition["pause_condition"])

    # -- making and keeping timers

    def _begin(self, definition: Values, table: Table, row: Row) -> None:
        values = table.values(row)
        start = values["sys_updated_on"]
        if definition["retroactive"] == "true":
            start = values.get(definition["set_start_to"], "") or start
        zone = self._timezone(definition, table, row)
        hours_id = self._schedule_id(definition, values)
        length = _length(definition)
        timer = Timer(self._hours(hours_id, zone), length, dates.instant(start) // 1000).begun()
        if definition["retroactive"] == "true" and definition["retroactive_pause"] == "true":
            timer = self._replayed(timer, definition, table, row)
        timer = timer.judged(self._now())
        fields = {"task": row[0], "sla": definition["sys_id"], "schedule": hours_id, "timezone": zone}
        columns = timer.columns(self._now())
        made = self._instance.insert(
            "task_sla", fields | columns | {"original_breach_time": columns["planned_end_time"]}
        )
        self._plan(made[0], timer)

    def _replayed(self, timer: Timer, definition: Values, table: Table, row: Row) -> Timer:
        """The pauses of the task's history, from its first version on: only the pause rule is played."""
        for at, version in self._versions(table, row):
            pauses = self._asked(table, version)(definition["pause_condition"])
            if pauses and timer.stage == "in_progress":
                timer = timer.pause(max(at, timer.start))
            elif not pauses and timer.stage == "paused":
                timer = timer.resume(max(at, timer.start))
        return timer

    def _versions(self, table: Table, row: Row) -> Iterator[tuple[int, Row]]:
        """The task as it was after each of its audited updates, oldest first, without the one at work."""
        audit = self._instance.tables["sys_audit"]
        at = audit.at
        changes = sorted(
            audit.with_value("documentkey", row[0]), key=lambda one: int(one[at["record_checkpoint"]] or 0)
        )
        version, versions = list(row), list[tuple[int, Row]]()
        for change in reversed(changes):
            field, when = change[at["fieldname"]], dates.instant(change[at["sys_created_on"]]) // 1000
            versions.append((when, list(version)))
            if field in table.at:
                version[table.at[field]] = change[at["oldvalue"]]
        versions.append((dates.instant(row[table.at["sys_created_on"]]) // 1000, version))
        now = self._now()
        yield from (one for one in reversed(versions) if one[0] < now)

    def _save(self, kept: Values, timer: Timer) -> None:
        self._write(kept["sys_id"], timer)
        self._plan(kept["sys_id"], timer)

    def _write(self, sys_id: str, timer: Timer) -> None:
        table = self._instance.tables["task_sla"]
        self._instance.update(table, table.rows[sys_id], timer.columns(self._now()))

    # -- jobs

    def _plan(self, sys_id: str, timer: Timer) -> None:
        """Have the timer looked at again: at its breach, and before that now and then."""
        self._jobs.pop(sys_id, None)
        if timer.stage != "in_progress" or timer.end is not None:
            return
        now = self._now()
        away = timer.planned - now
        wait = BREACHED if timer.breached else next((job for far, job in JOBS if away <= far), LATER)
        at = now + wait if timer.breached or away <= 0 else min(now + wait, timer.planned)
        self._jobs[sys_id] = at
        self._instance.world.agenda.add(at * 1000, lambda: self._job(sys_id, at))

    def calculate(self, sys_id: str) -> None:
        """Bring the figures of a timer up to now, as opening its record on the platform does."""
        table = self._instance.tables["task_sla"]
        kept = table.values(table.rows[sys_id])
        definition = self._definition(kept["sla"])
        if kept["active"] == "true" and definition is not None:
            self._save(kept, self._timer(kept, definition).judged(self._now()))

    def _job(self, sys_id: str, at: int) -> None:
        found = self._instance.tables.find("task_sla", sys_id)
        if found is None or self._jobs.get(sys_id) != at:
            return
        kept = found[0].values(found[1])
        definition = self._definition(kept["sla"])
        if kept["stage"] != "in_progress" or definition is None:
            return
        playing, self._instance.playing = self._instance.playing, at * 1000
        try:
            self._save(kept, self._timer(kept, definition).judged(at))
        finally:
            self._instance.playing = playing

    # -- reading

    def _now(self) -> int:
        return self._instance.now() // 1000

    def _definitions(self, collection: str) -> list[Values]:
        table = self._instance.tables["contract_sla"]
        if not table.rows:
            return []
        at = table.at
        return [
            table.values(row)
            for row in table.rows.values()
            if row[at["active"]] == "true"
            and row[at["collection"]] == collection
            and row[at["duration"]]
            and not row[at["duration_type"]]
        ]

    def _definition(self, sys_id: str) -> Values | None:
        found = self._instance.tables.find("contract_sla", sys_id)
        return None if found is None else found[0].values(found[1])

    def _timers(self, task: str) -> list[Values]:
        """The task's active timers."""
        table = self._instance.tables["task_sla"]
        rows = [table.values(row) for row in table.with_value("task", task)]
        return [one for one in rows if one["active"] == "true"]

    def _timer(self, kept: Values, definition: Values) -> Timer:
        return timer_of(kept, self._hours(kept["schedule"], kept["timezone"]), _length(definition))

    def _hours(self, sys_id: str, zone: str) -> Hours:
        return schedule(self._instance.tables, sys_id, zone)

    def _schedule_id(self, definition: Values, values: Values) -> str:
        match definition["schedule_source"]:
            case "no_schedule":
                return ""
            case "task_field":
                return values.get(definition["schedule_source_field"], "")
        return definition["schedule"]

    def _timezone(self, definition: Values, table: Table, row: Row) -> str:
        source = definition["timezone_source"] or "task.caller_id.time_zone"
        if source == "sla.timezone":
            return definition["timezone"]
        try:
            read, _ = self._compiler().getter(table, source.removeprefix("task."))
        except UnknownField:
            return ""
        return read(row)

    def _compiler(self) -> Compiler:
        accounts = self._instance.accounts
        return Compiler(self._instance.tables, accounts.asker(accounts.caller("admin")))

    def _asked(self, table: Table, row: Row) -> Callable[[str], bool]:
        """Whether a condition holds on the task as it stands."""

        def holds(text: str) -> bool:
            test = self._test(table, text)
            return test is not None and test(row)

        return holds

    def _test(self, table: Table, text: str) -> Test | None:
        """The test an encoded query stands for; None for an empty one, or on unknown fields: these never
        hold."""
        key = (table.name, text)
        if text and key not in self._tests:
            try:
                groups = [[self._clause(table, one) for one in group] for group in parse(text).groups]
                self._tests[key] = lambda row: any(all(test(row) for test in group) for group in groups)
            except UnknownField:
                self._tests[key] = None
        return self._tests.get(key)

    def _clause(self, table: Table, clause: Clause) -> Test:
        """As in a query, and `VALCHANGES` too."""
        if isinstance(clause[0], Condition) and clause[0].operator == "VALCHANGES":
            field = clause[0].field
            return lambda _: field in self._changed
        return self._compiler().clause(table, clause)


def _length(definition: Values) -> int:
    return dates.instant(definition["duration"]) // 1000
