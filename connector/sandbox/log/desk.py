"""The recorded history on the Jira site: the same happenings, as issues of its service desk.

The happenings are in ServiceNow's words (that is where the log comes from); here each becomes what a Jira
desk would have recorded. People, groups and services are the same ones as on the instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connector.sandbox.jira.dates import wide
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.site import Site
from connector.sandbox.log.happenings import Changed, Made
from connector.sandbox.servicenow.instance import Instance

PROJECT = "DESK"
NUMBER = "customfield_10050"
REQUEST_TYPE, ORGANIZATIONS = "customfield_10010", "customfield_10002"
SATISFACTION, SATISFACTION_DATE = "customfield_10020", "customfield_10021"
CSAT_SHARE = 0.3
# The tables that have a counterpart: issue type, request type, and state to status.
TYPES: Mapping[str, tuple[str, str]] = {
    "incident": ("[System] Incident", "11"),
    "problem": ("[System] Problem", "12"),
    "change_request": ("[System] Change", "13"),
    "sc_req_item": ("[System] Service request", "14"),
}
STATUSES: Mapping[str, Mapping[str, str]] = {
    "incident": {"1": "Open", "2": "Work in progress", "3": "Pending", "6": "Resolved", "7": "Closed"},
    "problem": {
        "101": "Open",
        "102": "Work in progress",
        "103": "Work in progress",
        "106": "Resolved",
        "107": "Closed",
    },
    "change_request": {
        "-5": "Open",
        "-4": "Planning",
        "-3": "Awaiting approval",
        "-2": "Awaiting implementation",
        "-1": "Implementing",
        "0": "Reviewing",
        "3": "Completed",
    },
    "sc_req_item": {"1": "Waiting for support", "2": "Work in progress", "3": "Resolved"},
}
AWAITING_CALLER = "1"
PENDING = {"3": "Awaiting problem", "4": "Waiting on vendor", "9": "Awaiting evidence"}
IMPACT = {"1": "Extensive / Widespread", "2": "Significant / Large", "3": "Moderate / Limited"}
URGENCY = {"1": "Critical", "2": "High", "3": "Medium"}
TEXTS = {
    "category": "customfield_10043",
    "subcategory": "customfield_10044",
    "contact_type": "customfield_10046",
    "u_symptom": "customfield_10049",
}
DATES = {"start_date": "customfield_10052", "end_date": "customfield_10053"}
# Fields that name another record: what is kept of it is its name.
NAMED = {
    "location": ("cmn_location", "customfield_10047"),
    "cmdb_ci": ("cmdb_ci", "customfield_10051"),
    "vendor": ("core_company", "customfield_10055"),
}
LINKS = {"problem_id": "Problem/Incident", "caused_by": "Problem/Incident", "rfc": "Relates"}
PEOPLE = {"assigned_to": "assignee", "caller_id": "reporter", "requested_for": "reporter"}
Values = dict[str, Any]


class Desk:
    """Lets recorded happenings happen on a site."""

    def __init__(self, site: Site, instance: Instance) -> None:
        self._site, self._instance = site, instance
        self._issues: dict[str, int] = {}
        self._types = {table: site.setup.type_named(name) for table, (name, _) in TYPES.items()}
        self._accounts: dict[str, str] = {}
        self._options = {
            one.id: {text: key for key, text in one.options.items()}
            for one in site.setup.fields
            if one.options
        }

    def happen(self, what: Made | Changed) -> None:
        """Let it happen at the time it happened; tables without a counterpart are passed over."""
        if what.table not in TYPES:
            return
        self._site.playing = what.at
        try:
            if isinstance(what, Made):
                self._made(what)
            else:
                self._changed(what)
        finally:
            self._site.playing = None

    def take_up(self, played: Iterable[Made | Changed]) -> None:
        """Find the issues again that earlier happenings made."""
        by_number = {issue.fields.get(NUMBER): issue.id for issue in self._site.issues.values()}
        for what in played:
            if isinstance(what, Made) and what.fields.get("number") in by_number:
                self._issues[what.sys_id] = by_number[what.fields["number"]]

    def _made(self, what: Made) -> None:
        kind = self._types[what.table]
        assert kind is not None
        values = self._values(what.fields)
        status = self._status(what.table, what.fields) or self._site.setup.first_status(kind.id)
        values |= {"summary": what.fields.get("short_description", ""), "status": status}
        values |= {NUMBER: what.fields.get("number"), REQUEST_TYPE: TYPES[what.table][1]}
        values |= self._resolution(status)
        by = self._account_named(what.by)
        # An issue has one date for when it was reported and when it was entered.
        created = what.fields.get("opened_at") or what.fields.get("sys_created_on")
        at = min(wide(created), what.at) if created else what.at
        issue = self._site.create(PROJECT, kind.id, values, by, created=at)
        self._issues[what.sys_id] = issue.id
        self._link(issue, what.fields, by)

    def _changed(self, what: Changed) -> None:
        issue = self._site.issues.get(self._issues.get(what.sys_id, 0))
        if issue is None:  # somebody deleted it meanwhile
            return
        by = self._account_named(what.by)
        values = self._values(what.changes)
        status = self._status(what.table, what.changes)
        if status and status != issue.fields["status"]:
            values |= {"status": status, **self._resolution(status)}
        if self._is_closed(status):
            values |= self._verdict(issue)
        self._site.edit(issue, values, by)
        self._link(issue, what.changes, by)
        for element, text in what.journals.items():
            self._site.comment(issue, text, by, public=element == "comments")

    # -- states

    def _status(self, table: str, fields: Mapping[str, str]) -> str | None:
        """The status a state stands for; None where the state is not told, or is none."""
        name = STATUSES[table].get(fields.get("state", ""))
        if name == "Pending" and fields.get("hold_reason") == AWAITING_CALLER:
            name = "Waiting for customer"
        found = self._site.setup.status_named(name) if name else None
        return found.id if found else None

    def _resolution(self, status: str) -> Values:
        done = self._site.setup.statuses[status].category == "done"
        return {"resolution": "10000" if done else None}

    def _is_closed(self, status: str | None) -> bool:
        return status is not None and self._site.setup.statuses[status].name in {"Closed", "Resolved"}

    def _verdict(self, issue: Issue) -> Values:
        """What some reporters say in the end; made up, the log has nothing of it."""
        chance, number = self._site.world.chance, issue.fields.get(NUMBER)
        if issue.fields.get(SATISFACTION) or chance.of("csat", number) >= CSAT_SHARE:
            return {}
        rating = (5, 5, 4, 4, 3, 2, 1)[chance.number("rating", number) % 7]
        return {SATISFACTION: rating, SATISFACTION_DATE: self._site.now()}

    # -- values

    def _values(self, fields: Mapping[str, str]) -> Values:
        values: Values = {}
        for name, value in fields.items():
            reader = READERS.get(name)
            if reader:
                values |= reader(self, name, value)
        return values

    def _text(self, name: str, value: str) -> Values:
        return {TEXTS[name]: value or None}

    def _date(self, name: str, value: str) -> Values:
        return {DATES[name]: wide(value) if value else None}

    def _name(self, name: str, value: str) -> Values:
        table, field = NAMED[name]
        return {field: self._display(table, value)}

    def _display(self, table: str, sys_id: str) -> str | None:
        holder = self._instance.tables[table]
        row = holder.rows.get(sys_id)
        return row[holder.at["name"]] if row else None

    def _priority(self, _: str, value: str) -> Values:
        return {"priority": value} if value in self._site.setup.priorities else {}

    def _impact(self, _: str, value: str) -> Values:
        return self._option("customfield_10040", IMPACT.get(value))

    def _urgency(self, _: str, value: str) -> Values:
        return self._option("customfield_10041", URGENCY.get(value))

    def _pending(self, _: str, value: str) -> Values:
        return self._option("customfield_10042", PENDING.get(value))

    def _service(self, _: str, value: str) -> Values:
        return self._option("customfield_10045", self._display("cmdb_ci_service", value))

    def _option(self, field: str, text: str | None) -> Values:
        return {field: self._options[field].get(text or "")}

    def _group(self, _: str, value: str) -> Values:
        name = self._display("sys_user_group", value)
        if name:
            self._site.accounts.group(name)
        return {"customfield_10048": name}

    def _reopened(self, _: str, value: str) -> Values:
        return {"customfield_10054": float(value) if value else None}

    def _company(self, _: str, value: str) -> Values:
        name = self._display("core_company", value)
        return {ORGANIZATIONS: [self._site.organization_named(name).id] if name else None}

    # -- people

    def _person(self, name: str, sys_id: str) -> Values:
        return {PEOPLE[name]: self._account(sys_id) if sys_id else None}

    def _account_named(self, user_name: str) -> str:
        found = self._instance.tables["sys_user"].uniques["user_name"].get(user_name)
        return self._account(found) if found else self._account_of("admin", "Admin", agent=True)

    def _account(self, sys_id: str) -> str:
        if sys_id not in self._accounts:
            users = self._instance.tables["sys_user"]
            row = users.rows[sys_id]
            name, display = row[users.at["user_name"]], row[users.at["name"]]
            agent = not name.startswith("caller.")
            self._accounts[sys_id] = self._account_of(name, display, agent=agent)
            if not agent:
                self._join(self._accounts[sys_id], row[users.at["company"]])
        return self._accounts[sys_id]

    def _account_of(self, name: str, display: str, *, agent: bool) -> str:
        kind = "atlassian" if agent else "customer"
        return self._site.accounts.add(name, display, kind=kind).account_id

    def _join(self, account: str, company: str) -> None:
        name = self._display("core_company", company)
        if name:
            self._site.organization_named(name).members.add(account)

    # -- links

    def _link(self, issue: Issue, fields: Mapping[str, str], by: str) -> None:
        for name, kind in LINKS.items():
            other = self._site.issues.get(self._issues.get(fields.get(name, ""), 0))
            found = self._site.setup.link_type_named(kind)
            if other and found:
                self._site.link(found, other, issue, by)


Reader = Callable[[Desk, str, str], Values]
READERS: Mapping[str, Reader] = {
    **dict.fromkeys(TEXTS, Desk._text),
    **dict.fromkeys(DATES, Desk._date),
    **dict.fromkeys(NAMED, Desk._name),
    **dict.fromkeys(PEOPLE, Desk._person),
    "priority": Desk._priority,
    "impact": Desk._impact,
    "urgency": Desk._urgency,
    "hold_reason": Desk._pending,
    "business_service": Desk._service,
    "assignment_group": Desk._group,
    "company": Desk._company,
    "reopen_count": Desk._reopened,
}
