"""What `accord check` tries on a ServiceNow instance, and the probes that a sync makes before it begins.

Nothing is written. Each finding says what was tried, what the instance said, and the mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connector.errors import AccordError, NotAllowed, NotReachable, Problem, number_of
from connector.mappings.catalogue import RecordMapping
from connector.model.instant import MINUTE
from connector.platforms import unmapped
from connector.platforms.port import Finding
from connector.platforms.servicenow import audit
from connector.platforms.servicenow.answers import NoApi, NoTable
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.fields import lacking, learn, projection
from connector.platforms.servicenow.pages import glance

if TYPE_CHECKING:
    from connector.platforms.servicenow.adapter import ServiceNow

_SAMPLE = 200
_UTC = ("GMT", "UTC", "Etc/UTC", "Etc/GMT", "Universal")


def can_read(client: Client, table: str) -> bool:
    """Whether rows of *table* can be seen. Rows that are counted but not shown are hidden by access rules."""
    try:
        answer = glance(client, table, "", ["sys_id"], limit=5)
    except NotReachable:
        raise
    except AccordError:
        if client.governor.is_closed:  # the login was refused, which says nothing of this table
            raise
        return False
    return bool(answer.result) or not answer.total


def table_is_there(client: Client, mapping: RecordMapping) -> Problem | None:
    """What is wrong where the table of *mapping* does not exist; other troubles are raised."""
    try:
        glance(client, mapping.table, "", [mapping.id])
    except NoTable as error:
        mend = "check `table` in the mapping"
        if mapping.provision and mapping.provision.label:
            mend = "`accord setup --apply` makes it"
        elif mapping.optional:
            mend = (
                f"it comes with {mapping.optional}; without it, name another table or `{mapping.kind}: null`"
            )
        return Problem(f"{mapping.kind}: {error.problems[0].what}", mapping.place("table"), mend)
    return None


def findings(adapter: ServiceNow) -> Iterator[Finding]:
    """Everything that was tried, in order; ends at the first thing that stops everything."""
    try:
        yield from _login(adapter)
        yield _clock(adapter)
        yield from _journals(adapter)
        mappings = [mapping for mapping in adapter.catalogue.records.values() if mapping.table]
        learn(adapter.dictionary, mappings)
        yield _dictionary(adapter)
        yield from _authors(adapter, mappings)
        for mapping in mappings:
            yield from _record(adapter, mapping)
    except AccordError as error:
        yield Finding("connection", False, error.problem.what, error.problem.hint or "", stops=True)


def _login(adapter: ServiceNow) -> Iterator[Finding]:
    """The login, by reading our own user record; where only that is refused we are in all the same."""
    client, own = adapter.client, "sys_id=javascript:gs.getUserID()"
    if client.login.user:
        own = f"user_name={client.login.user}"
    try:
        zone = _time_zone(client, own)
        name = adapter.own_name()
    except (NotReachable, NoApi):
        raise
    except AccordError as error:
        if client.governor.is_closed:
            raise
        yield Finding("login", True)
        yield Finding("people (sys_user)", False, error.problem.what, "let Accord's user read sys_user")
        return
    yield Finding("login", True, f"as {name}" if name else "")
    yield zone


def _time_zone(client: Client, own: str) -> Finding:
    """Dates in questions may be read in the user's time zone, so it has to be UTC; an empty one is the
    system's, and is told by how dates are shown."""
    parameters = {"sysparm_query": own, "sysparm_limit": "1", "sysparm_display_value": "all"}
    parameters["sysparm_fields"] = "time_zone,sys_created_on"
    rows = client.get("/api/now/table/sys_user", parameters, "reading sys_user").result
    mend = "set the time zone of Accord's user to GMT: dates in questions may be read in it"
    if not rows or "time_zone" not in rows[0]:
        return Finding("time zone", False, "its own user record cannot be read", mend)
    zone = str(rows[0]["time_zone"].get("value") or "")
    created = rows[0].get("sys_created_on") or {}
    if zone in _UTC:
        return Finding("time zone", True, zone)
    if not zone and str(created.get("value"))[-8:] == str(created.get("display_value"))[-8:]:
        return Finding("time zone", True, "the system's, which shows UTC")
    return Finding("time zone", False, f"the user's time zone is {zone or 'the system one, not UTC'}", mend)


def _clock(adapter: ServiceNow) -> Finding:
    skew = adapter.now() - adapter.client.world.now()
    told = f"it differs from this machine's by {abs(skew) // 1000} s"
    return Finding(
        "clock", abs(skew) <= MINUTE, told, "" if abs(skew) <= MINUTE else "set this machine's clock"
    )


def _journals(adapter: ServiceNow) -> Iterator[Finding]:
    if adapter.reads_journals():
        yield Finding("comments and notes (sys_journal_field)", True)
    else:
        yield Finding(
            "comments and notes (sys_journal_field)",
            False,
            "they cannot be read: replies are not seen, and a note is sent at most once",
            "give Accord's user the role audit_viewer",
        )


def _dictionary(adapter: ServiceNow) -> Finding:
    if adapter.dictionary.is_readable:
        return Finding("dictionary (sys_dictionary)", True)
    return Finding(
        "dictionary (sys_dictionary)",
        True,
        "it cannot be read; fields are tried on records instead",
    )


def _authors(adapter: ServiceNow, mappings: Sequence[RecordMapping]) -> Iterator[Finding]:
    blind = [one.kind for one in mappings if one.journals and adapter.authors.is_blind(one)]
    if blind:
        told = "roles cannot be read: whoever is neither requester nor automation counts as an agent"
        mend = "let it read sys_user_has_role, or name the agents by `users` or `fields` in the mapping"
        yield Finding(f"authors of comments ({', '.join(blind)})", True, told, mend)


def _record(adapter: ServiceNow, mapping: RecordMapping) -> Iterator[Finding]:
    """One kind: its table, each field, its history, what is written, values that are not mapped."""
    what = f"{mapping.kind} ({mapping.table})"
    try:
        problem = table_is_there(adapter.client, mapping)
        if problem is not None:
            mend = f"{problem.place}: {problem.hint}" if problem.place else problem.hint or ""
            yield Finding(what, bool(mapping.optional), problem.what, mend)
            return
        found = lacking(adapter.client, adapter.dictionary, mapping)
    except NotAllowed as error:
        if adapter.client.governor.is_closed:
            raise
        yield Finding(what, False, error.problem.what, error.problem.hint or "")
        return
    missing = {one.path for one in found}
    yield Finding(what, True, number_of(len(projection(mapping)) - len(missing), "field"))
    for one in found:
        yield Finding(
            f"{mapping.kind}.{one.used_for}", not one.needed, str(one.problem), one.problem.hint or ""
        )
    yield from _history(adapter, mapping)
    yield from _write_targets(adapter, mapping)
    if not any(one.needed for one in found):
        yield from _values(adapter, mapping, [path for path in projection(mapping) if path not in missing])


def _history(adapter: ServiceNow, mapping: RecordMapping) -> Iterator[Finding]:
    """The audit, tried with records that are known to have changed."""
    if not mapping.journals and mapping.history.source == "snapshots":
        return
    what = f"{mapping.kind} history ({mapping.history.source})"
    if mapping.history.source == "sys_audit":
        try:
            audit.is_open(adapter.client)
        except NotAllowed as error:
            yield Finding(what, False, error.problem.what, error.problem.hint or "")
            return
        yield _audited(adapter, mapping, what)
    else:
        yield Finding(
            what, True, "" if mapping.history.source != "snapshots" else "seen from sync to sync only"
        )


def _audited(adapter: ServiceNow, mapping: RecordMapping, what: str) -> Finding:
    told = audit.shows(adapter.client, mapping)
    if told is None:
        return Finding(what, True, "no record has changed yet, so it could not be tried")
    if told:
        return Finding(what, True)
    mend = f"{audit.MEND}; see that table {mapping.table} is audited"
    return Finding(what, False, "records have changed, but the audit shows nothing of it", mend)


def _write_targets(adapter: ServiceNow, mapping: RecordMapping) -> Iterator[Finding]:
    """The columns that are written: that they are there, long enough, and unique where they must be."""
    known = adapter.dictionary.columns(mapping.table)
    written = {*mapping.write.fields.values(), *([mapping.write.key] if mapping.write.key else [])}
    written |= {name for name in (mapping.write.note, mapping.write.comment) if name}
    if not written or not adapter.dictionary.is_readable:
        return
    absent = sorted(written - set(known))
    provisioned = mapping.provision.columns if mapping.provision else {}
    ours = [name for name in absent if name in provisioned]
    if ours:
        yield Finding(
            f"{mapping.kind} columns", False, f"not there: {', '.join(ours)}", "accord setup --apply"
        )
    for name in absent:
        if name not in provisioned:
            place = mapping.place("write")
            told = f"{place}: {mapping.table} has no field {name!r}"
            mend = "name a field that the table has, or make that one" if not mapping.optional else ""
            yield Finding(f"{mapping.kind}.write", bool(mapping.optional), told, mend)
    for name, column in provisioned.items():
        info = known.get(name)
        if info is None:
            continue
        if column.unique and not info.unique:
            mend = "accord setup --apply, or set Unique on the column: without it a repeat could make a twin"
            yield Finding(f"{mapping.kind}.{name}", False, "the column is not unique", mend)
        if column.length and info.length is not None and info.length < column.length:
            told = f"it is {info.length} characters long, {column.length} are needed"
            yield Finding(f"{mapping.kind}.{name}", False, told, "lengthen the column")


def _values(adapter: ServiceNow, mapping: RecordMapping, fields: list[str]) -> Iterator[Finding]:
    """The platform's words that the mapping does not cover, counted over the latest records."""
    query = "^".join(part for part in (mapping.scope, f"ORDERBYDESC{mapping.updated}") if part)
    rows = glance(adapter.client, mapping.table, query, fields, limit=_SAMPLE).result
    page = adapter.translated(mapping, rows)
    yield from unmapped.findings(mapping, page)
