"""What stands beside the incidents of the log: problems, changes, requests and outages.

The log only names them (`problem_id`, `rfc`) or not even that, so their histories are made up around the
incidents that refer to them: always the same for the same log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.sandbox.log.cast import Cast
from connector.sandbox.log.happenings import Changed, Made
from connector.sandbox.log.read import Case
from connector.sandbox.servicenow.dates import duration, stored
from connector.sandbox.world import Chance

HOUR = 3_600_000
DAY = 24 * HOUR
REQUEST_SHARE = 0.08
# Priority to an impact and urgency that give it.
IMPACT_URGENCY = {"1": ("1", "1"), "2": ("1", "2"), "3": ("2", "2"), "4": ("2", "3"), "5": ("3", "3")}


@dataclass(slots=True)
class _Referred:
    """What the incidents that name a problem or change have in common."""

    first: int
    last: int
    priority: str
    fields: dict[str, str]
    incidents: list[str] = field(default_factory=list)


class Companions:
    """Collects what the cases refer to; then gives the histories of it."""

    def __init__(self, cast: Cast, chance: Chance) -> None:
        self._cast, self._chance = cast, chance
        self._problems: dict[str, _Referred] = {}
        self._changes: dict[str, _Referred] = {}
        self._others: list[Made | Changed] = []
        self._requests = 0

    def see(self, case: Case) -> None:
        """Take note of one case."""
        for row in range(len(case.rows)):
            self._refer(self._problems, case, row, "problem_id")
            self._refer(self._changes, case, row, "rfc")
            self._refer(self._changes, case, row, "caused_by")
        if case.value(0, "contact_type") == "Self service" or (
            self._chance.of("request", case.number) < REQUEST_SHARE
        ):
            self._requests += 1
            self._others.extend(self._request(case, self._requests))
        if any(case.value(row, "priority").startswith("1") for row in range(len(case.rows))):
            self._others.extend(self._outage(case))

    def histories(self) -> Iterator[Made | Changed]:
        """All that was collected, as happenings."""
        for code, seen in self._problems.items():
            yield from self._problem(code, seen)
        for code, seen in self._changes.items():
            yield from self._change(code, seen)
        yield from self._others

    def _refer(self, into: dict[str, _Referred], case: Case, row: int, column: str) -> None:
        code = case.value(row, column)
        if not code:
            return
        at, end = case.at(row), case.at(len(case.rows) - 1)
        seen = into.get(code)
        if seen is None:
            seen = into[code] = _Referred(at, end, "5", self._shared(case, row))
        seen.first, seen.last = min(seen.first, at), max(seen.last, end)
        seen.priority = min(seen.priority, case.value(row, "priority")[:1] or "5")
        if case.number not in seen.incidents:
            seen.incidents.append(case.number)

    def _shared(self, case: Case, row: int) -> dict[str, str]:
        """What a companion takes over from its incident."""
        return {
            "category": case.value(row, "category"),
            "business_service": self._cast.service(case.value(row, "category")),
            "company": self._cast.company(self._cast.customer(case.value(row, "caller_id"))),
            "location": self._cast.location(case.value(row, "location")),
            "assignment_group": self._cast.group(case.value(row, "assignment_group")),
            "cmdb_ci": self._cast.ci(case.value(row, "cmdb_ci")),
        }

    # -- problems and changes

    def _problem(self, code: str, seen: _Referred) -> Iterator[Made | Changed]:
        sys_id = self._chance.identifier("problem", code)
        number = f"PRB{int(code.rpartition(' ')[2]):07d}"
        start = seen.first - HOUR // 2
        impact, urgency = IMPACT_URGENCY[seen.priority]
        by = self._worker(code)
        fields = seen.fields | {
            "number": number,
            "short_description": f"Recurring incidents: {seen.fields['category'] or 'no category'} ({code})",
            "priority": seen.priority,
            "impact": impact,
            "urgency": urgency,
            "related_incidents": str(len(seen.incidents)),
            "known_error": "false",
            **_opened(start, "101", "problem_state"),
        }
        yield Made(start, "problem", sys_id, fields, by)
        steps = [("102", self._span(code, "assess", 1)), ("103", self._span(code, "analyse", 3))]
        at = start
        for state, span in steps:
            at += span
            yield Changed(at, "problem", sys_id, {"state": state, "problem_state": state}, by)
        at = max(at, seen.last) + self._span(code, "resolve", 2)
        solved = {"state": "106", "problem_state": "106", "resolved_at": stored(at)}
        yield Changed(at, "problem", sys_id, solved | {"resolution_code": "fix_applied"}, by)
        at += 3 * DAY
        closed = {"state": "107", "problem_state": "107", "closed_at": stored(at), "active": "false"}
        yield Changed(at, "problem", sys_id, closed, by)

    def _change(self, code: str, seen: _Referred) -> Iterator[Made | Changed]:
        sys_id = self._chance.identifier("change_request", code)
        made = seen.first - 2 * HOUR
        by = self._worker(code)
        begin = made + 2 * DAY + self._span(code, "wait", 4)
        end = begin + self._span(code, "work", 0.5)
        kind = ("normal", "normal", "standard", "emergency")[self._chance.number("kind", code) % 4]
        fields = seen.fields | {
            "number": code,
            "short_description": f"Change for {seen.fields['category']} ({len(seen.incidents)} incidents)",
            "type": kind,
            "risk": "3",
            "priority": seen.priority,
            "impact": "3",
            "urgency": "3",
            "start_date": stored(begin),
            "end_date": stored(end),
            **_opened(made, "-5"),
        }
        yield Made(made, "change_request", sys_id, fields, by)
        steps = [
            (made + 4 * HOUR, {"state": "-4"}),
            (made + DAY, {"state": "-3", "approval": "requested"}),
            (made + 2 * DAY, {"state": "-2", "approval": "approved"}),
            (begin, {"state": "-1", "work_start": stored(begin)}),
            (end, {"state": "0", "work_end": stored(end)}),
            (end + DAY, {"state": "3", "closed_at": stored(end + DAY), "active": "false"}),
        ]
        for at, changes in steps:
            yield Changed(at, "change_request", sys_id, changes, by)
        if self._chance.of("planned outage", code) < 0.3:
            yield self._planned_outage(code, seen, made + 2 * DAY, begin, end, by)

    def _planned_outage(self, code: str, seen: _Referred, at: int, begin: int, end: int, by: str) -> Made:
        fields = _outage_fields(f"OUTAGE-{code}", "planned", seen.fields["business_service"], begin, end)
        task = {"task_number": self._chance.identifier("change_request", code)}
        return Made(at, "cmdb_ci_outage", self._chance.identifier("outage", code), fields | task, by)

    # -- requests and outages

    def _request(self, case: Case, count: int) -> Iterator[Made | Changed]:
        """A request, its item and its task, with the times of an incident of the log."""
        ids = {name: self._chance.identifier(name, case.number) for name in ("request", "item", "task")}
        caller = self._cast.user(case.value(0, "caller_id"))
        item = self._cast.item(self._chance.number("item", case.number))
        shared = self._shared(case, 0)
        shared.pop("category")
        by = self._cast.user_name(case.value(0, "sys_updated_by"))
        start, last = case.at(0), len(case.rows) - 1
        done = next((r for r in range(last + 1) if case.value(r, "incident_state") == "Resolved"), last)
        title = f"Order: {self._cast.item_name(self._chance.number('item', case.number))}"
        common = shared | {"short_description": title, "priority": "4", "impact": "3", "urgency": "3"}
        common |= _opened(start, "1") | {"opened_by": caller}
        request = {"number": f"REQ{count:07d}", "requested_for": caller, "request_state": "in_process"}
        yield Made(start, "sc_request", ids["request"], common | request, by)
        ritm = {"number": f"RITM{count:07d}", "request": ids["request"], "cat_item": item}
        ritm |= {"requested_for": caller, "quantity": "1", "stage": "waiting_for_approval"}
        yield Made(start, "sc_req_item", ids["item"], common | ritm, by)
        task = {"number": f"SCTASK{count:07d}", "request": ids["request"], "request_item": ids["item"]}
        yield Made(start, "sc_task", ids["task"], common | task, by)
        yield from self._fulfilment(case, ids, start, done)

    def _fulfilment(self, case: Case, ids: dict[str, str], start: int, done: int) -> Iterator[Changed]:
        by = self._cast.user_name(case.value(done, "sys_updated_by"))
        begin = start + (case.at(done) - start) // 4
        end = max(case.at(done), begin)
        yield Changed(begin, "sc_req_item", ids["item"], {"state": "2", "stage": "fulfillment"}, by)
        yield Changed(begin, "sc_task", ids["task"], {"state": "2", "work_start": stored(begin)}, by)
        closed = {"state": "3", "active": "false", "closed_at": stored(end)}
        yield Changed(end, "sc_task", ids["task"], closed | {"work_end": stored(end)}, by)
        yield Changed(end, "sc_req_item", ids["item"], closed | {"stage": "completed"}, by)
        yield Changed(end, "sc_request", ids["request"], closed | {"request_state": "closed_complete"}, by)

    def _outage(self, case: Case) -> Iterator[Made | Changed]:
        """An outage of the service behind a critical incident, for as long as it was open."""
        sys_id = self._chance.identifier("outage", case.number)
        service = self._cast.service(case.value(0, "category"))
        kind = "outage" if self._chance.of("outage kind", case.number) < 0.6 else "degradation"
        incident = self._chance.identifier("incident", case.number)
        last = len(case.rows) - 1
        done = next((r for r in range(last + 1) if case.value(r, "incident_state") == "Resolved"), last)
        begin, end = case.at(0), case.at(done)
        by = self._cast.user_name(case.value(0, "sys_updated_by"))
        fields = _outage_fields(f"OUTAGE-{case.number}", kind, service, begin, None)
        yield Made(begin, "cmdb_ci_outage", sys_id, fields | {"task_number": incident}, by)
        link = {"outage": sys_id, "task": incident}
        yield Made(begin, "task_outage", self._chance.identifier("task_outage", case.number), link, by)
        over = {"end": stored(end), "duration": duration((end - begin) // 1000)}
        yield Changed(end, "cmdb_ci_outage", sys_id, over, by)

    # -- chance

    def _span(self, code: str, what: str, days: float) -> int:
        """A time of up to twice so many days, to the minute."""
        minutes = int(2 * days * 24 * 60 * self._chance.of(what, code))
        return (minutes + 15) * 60_000

    def _worker(self, code: str) -> str:
        number = self._chance.number("worker", code) % 40 + 1
        self._cast.user(f"Resolver {number}")
        return self._cast.user_name(f"Resolver {number}")


def _opened(at: int, state: str, mirror: str = "state") -> dict[str, str]:
    return {"state": state, mirror: state, "opened_at": stored(at), "active": "true", "made_sla": "true"}


def _outage_fields(number: str, kind: str, service: str, begin: int, end: int | None) -> dict[str, str]:
    fields = {"number": number, "type": kind, "cmdb_ci": service, "begin": stored(begin)}
    fields["short_description"] = f"{kind.capitalize()} of a service"
    if end is not None:
        fields |= {"end": stored(end), "duration": duration((end - begin) // 1000)}
    return fields
