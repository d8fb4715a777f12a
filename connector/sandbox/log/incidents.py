"""One case of the log as an incident's history.

The log back-fills final values (`resolved_at`, `closed_at`, `closed_code`, `resolved_by`) onto every row of a
case; here they come into being only with the row they belong to. Comments are made up (the log has none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sys import intern

from connector.sandbox.log.cast import Cast
from connector.sandbox.log.happenings import Changed, Made
from connector.sandbox.log.read import Case, moment
from connector.sandbox.servicenow.dates import stored
from connector.sandbox.world import Chance

# The log's state to the platform's state and hold reason. Awaiting Evidence is no reason of the base system.
STATES = {
    "New": ("1", ""),
    "Active": ("2", ""),
    "Awaiting User Info": ("3", "1"),
    "Awaiting Problem": ("3", "3"),
    "Awaiting Vendor": ("3", "4"),
    "Awaiting Evidence": ("3", "9"),
    "Resolved": ("6", ""),
    "Closed": ("7", ""),
}
CHANNELS = {
    "Phone": "phone",
    "Self service": "self-service",
    "Email": "email",
    "IVR": "ivr",
    "Direct opening": "direct",
}
NOTIFY = {"Do Not Notify": "1", "Send Email": "2"}
COPIED = (
    "active",
    "reassignment_count",
    "reopen_count",
    "made_sla",
    "knowledge",
    "u_priority_confirmation",
    "u_symptom",
    "subcategory",
)

FIRST_REPLY = (
    "Thank you for your report. We are looking into it and will come back to you.",
    "We have received your report and started to work on it.",
    "Thanks for calling. I have taken over your ticket.",
)
LATER_REPLY = (
    "An update on your ticket: we have narrowed the cause down and are working on it.",
    "We are still working on this. Next update as soon as there is news.",
    "We have tried a first remedy. Please tell us whether you see a difference.",
)
QUESTION = (
    "Could you please tell us when this happened last, and what you saw on the screen?",
    "We need some more information from you: which device is affected?",
)
ANSWER = ("Here is what you asked for.", "It happened again this morning; the message is the same.")

Fields = dict[str, str]
Mapper = Callable[[str], Fields]


class Incidents:
    """Turns cases into happenings, with the cast's people and things."""

    def __init__(self, cast: Cast, chance: Chance) -> None:
        self._cast, self._chance = cast, chance
        self._mappers: dict[str, Mapper] = {name: self._copy(name) for name in COPIED}
        self._mappers |= {
            "incident_state": _state,
            "caller_id": lambda code: {
                "caller_id": cast.user(code),
                "company": cast.company(cast.customer(code)),
            },
            "opened_by": lambda code: {"opened_by": cast.user(code)},
            "opened_at": lambda text: {"opened_at": stored(moment(text))},
            "contact_type": lambda text: {"contact_type": CHANNELS.get(text, text)},
            "location": lambda code: {"location": cast.location(code)},
            "category": lambda code: {"category": code, "business_service": cast.service(code)},
            "cmdb_ci": lambda code: {"cmdb_ci": cast.ci(code)},
            "impact": lambda text: {"impact": text[:1]},
            "urgency": lambda text: {"urgency": text[:1]},
            "priority": lambda text: {"priority": text[:1]},
            "assignment_group": lambda code: {"assignment_group": cast.group(code)},
            "assigned_to": lambda code: {"assigned_to": cast.user(code)},
            "notify": lambda text: {"notify": NOTIFY.get(text, "")},
            "problem_id": lambda code: {"problem_id": self.record_id("problem", code)},
            "rfc": lambda code: {"rfc": self.record_id("change_request", code)},
            "caused_by": lambda code: {"caused_by": self.record_id("change_request", code)},
            "vendor": lambda code: {"vendor": cast.vendor(code)},
        }

    def record_id(self, table: str, code: str) -> str:
        """The id of the record a code of the log stands for."""
        return self._chance.identifier(table, code) if code else ""

    @staticmethod
    def _copy(name: str) -> Mapper:
        return lambda text: {name: text}

    def history(self, case: Case) -> Iterator[Made | Changed]:
        """The incident made by the case's first row, and a change for each further row."""
        sys_id = self.record_id("incident", case.number)
        final = _Final(case, self._cast)
        yield self._made(case, sys_id, final)
        for row in range(1, len(case.rows)):
            yield self._changed(case, row, sys_id, final)

    def _made(self, case: Case, sys_id: str, final: _Final) -> Made:
        fields: Fields = {"number": case.number, "short_description": _title(case)}
        for name, mapper in self._mappers.items():
            fields |= mapper(case.value(0, name))
        fields |= final.known_at(0)
        self._cast.join(case.value(0, "assignment_group"), case.value(0, "assigned_to"))
        by = self._cast.user_name(case.value(0, "sys_updated_by"))
        created = case.value(0, "sys_created_at")
        at = case.at(0)
        if created:
            fields["sys_created_on"] = stored(min(moment(created), at))
            fields["sys_created_by"] = self._cast.user_name(case.value(0, "sys_created_by")) or by
        fields["sys_mod_count"] = case.value(0, "sys_mod_count")
        fields["severity"] = "3"
        return Made(at, "incident", sys_id, _interned(fields), by)

    def _changed(self, case: Case, row: int, sys_id: str, final: _Final) -> Changed:
        before, after = case.rows[row - 1], case.rows[row]
        changes: Fields = {}
        for name, old, new in zip(case.columns, before, after, strict=True):
            if old != new and name in self._mappers:
                changes |= self._mappers[name](case.value(row, name))
        changes |= final.known_at(row)
        self._cast.join(case.value(row, "assignment_group"), case.value(row, "assigned_to"))
        by, journals = self._conversation(case, row)
        count = int(case.value(row, "sys_mod_count"))
        return Changed(case.at(row), "incident", sys_id, _interned(changes), by, count, journals)

    # -- the conversation, made up

    def _conversation(self, case: Case, row: int) -> tuple[str, dict[str, str]]:
        """Who made this update, and the public comment it carried, if any."""
        agent = self._cast.user_name(case.value(row, "sys_updated_by"))
        state, before = case.value(row, "incident_state"), case.value(row - 1, "incident_state")
        drawn = self._chance.of("comment", case.number, row)
        if state == "Awaiting User Info" and before != state and drawn < 0.9:
            return agent, {"comments": self._one_of(QUESTION, case, row)}
        if before == "Awaiting User Info" and state != before and drawn < 0.6:
            caller = self._cast.user_name(case.value(row, "caller_id"))
            return caller or agent, {"comments": self._one_of(ANSWER, case, row)}
        if state != "Active":
            return agent, {}
        earlier = [case.value(r, "incident_state") for r in range(1, row)]
        first = "Active" not in earlier
        if drawn < (0.8 if first else 0.3):
            return agent, {"comments": self._one_of(FIRST_REPLY if first else LATER_REPLY, case, row)}
        return agent, {}

    def _one_of(self, texts: tuple[str, ...], case: Case, row: int) -> str:
        return texts[self._chance.number("text", case.number, row) % len(texts)]


class _Final:
    """The values the log knows from the start and the desk only from a certain row on."""

    def __init__(self, case: Case, cast: Cast) -> None:
        last = len(case.rows) - 1
        code = case.value(last, "closed_code")
        resolved = case.value(last, "resolved_at")
        self._from: dict[int, Fields] = {}
        resolved_row = _first(case, "Resolved", resolved) if resolved else None
        if resolved_row is not None:
            by = cast.user(case.value(last, "resolved_by"))
            known = {"resolved_at": stored(moment(resolved)), "resolved_by": by, "close_code": code}
            self._from[resolved_row] = known
        closed_row = _first(case, "Closed", case.value(last, "closed_at"))
        if closed_row is not None:
            closed = {"closed_at": stored(moment(case.value(last, "closed_at"))), "close_code": code}
            self._from[closed_row] = self._from.get(closed_row, {}) | closed

    def known_at(self, row: int) -> Fields:
        """What becomes known with this row."""
        return self._from.get(row, {})


def _first(case: Case, state: str, text: str) -> int | None:
    """The first row in a state at or after a time of the log."""
    if not text:
        return None
    at = moment(text)
    rows = range(len(case.rows))
    return next((r for r in rows if case.value(r, "incident_state") == state and case.at(r) >= at), None)


def _state(text: str) -> Fields:
    """The platform's state; a code that is none (-100) is kept as it is."""
    state, reason = STATES.get(text, (text, ""))
    return {"state": state, "incident_state": state, "hold_reason": reason}


def _title(case: Case) -> str:
    symptom = case.value(0, "u_symptom") or "No symptom given"
    return f"{symptom} ({case.value(0, 'category')}, {case.value(0, 'subcategory')})"


def _interned(fields: Fields) -> Fields:
    return {name: intern(value) for name, value in fields.items()}
