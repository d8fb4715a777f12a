"""What `accord check` tries on a Jira site. Nothing is written.

Each finding says what was tried, what the site said, and the mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from connector.errors import AccordError, NotReachable, Problem, number_of
from connector.mappings.catalogue import RecordMapping
from connector.model.instant import MINUTE
from connector.platforms import unmapped
from connector.platforms.jira.fields import types_of
from connector.platforms.port import Finding

if TYPE_CHECKING:
    from connector.platforms.jira.adapter import Jira

_SAMPLE = 50
_DESK = "/rest/servicedeskapi"
# What each output needs: Jira's key of the permission → its name there.
_EDIT, _COMMENT = {"EDIT_ISSUES": "Edit Issues"}, {"ADD_COMMENTS": "Add Comments"}
_RIGHTS: Mapping[str, Mapping[str, str]] = {
    "fields": _EDIT,
    "achievement": _EDIT,
    "note": _COMMENT,
    "notify": _COMMENT,
    "create": {"CREATE_ISSUES": "Create Issues", "LINK_ISSUES": "Link Issues"},
}


def findings(adapter: Jira) -> Iterator[Finding]:
    """Everything that was tried, in order; ends at the first thing that stops everything."""
    try:
        account = adapter.facts.account
        yield Finding("login", True, f"as {account.name}, dates in {account.zone or 'UTC'}")
        yield _deployment(adapter)
        yield _clock(adapter)
        yield _licence(adapter)
        yield from _rights(adapter)
        yield from _links(adapter)
        for mapping in adapter.catalogue.records.values():
            yield from _record(adapter, mapping)
    except AccordError as error:
        yield Finding("connection", False, error.problem.what, error.problem.hint or "", stops=True)


def _deployment(adapter: Jira) -> Finding:
    told = adapter.client.get(f"{adapter.client.api}/serverInfo", "reading what sort of Jira it is")
    found = str(told.get("deploymentType") or "Server")
    is_cloud = found == "Cloud"
    detail = f"{found} {told.get('version') or ''}".strip()
    if is_cloud == adapter.client.is_cloud:
        return Finding("deployment", True, detail)
    mend = (
        "log in with `auth: {type: token …}` or `oauth`" if is_cloud else "log in with `auth: {type: pat …}`"
    )
    return Finding("deployment", False, detail, mend)


def _clock(adapter: Jira) -> Finding:
    skew = adapter.now() - adapter.client.world.now()
    is_fine = abs(skew) <= MINUTE
    told = f"it differs from this machine's by {abs(skew) // 1000} s"
    return Finding("clock", is_fine, told, "" if is_fine else "set this machine's clock")


def _licence(adapter: Jira) -> Finding:
    """Whether we are an agent, which SLA fields, internal comments and organisations need."""
    try:
        desks = adapter.client.get(f"{_DESK}/servicedesk", "reading its service desks").get("values") or ()
        for desk in desks[:1]:  # anybody sees the desks, only agents their queues
            adapter.client.get(f"{_DESK}/servicedesk/{desk.get('id')}/queue", "reading its queues")
    except NotReachable:
        raise
    except AccordError as error:
        if adapter.client.governor.is_closed:
            raise
        return Finding("agent licence", False, error.problem.what, error.problem.hint or "")
    return Finding("agent licence", True, f"{len(desks)} service desks")


def _rights(adapter: Jira) -> Iterator[Finding]:
    """Whether we may do in each project what the effects that are switched on do there."""
    source = adapter.client.source
    outputs = {*source.effects, *_RIGHTS}
    wanted = {
        right: name
        for output in sorted(outputs)
        if source.switch(output) == "on"
        for right, name in _RIGHTS.get(output.partition(".")[0], {}).items()
    }
    for project in _written_in(adapter) if wanted else ():
        what = f"rights in {project}"
        asked = {"projectKey": project, "permissions": ",".join(wanted)}
        try:
            told = adapter.client.get(f"{adapter.client.api}/mypermissions", "reading our rights", asked)
        except NotReachable:
            raise
        except AccordError as error:
            if adapter.client.governor.is_closed:
                raise
            yield Finding(what, True, f"they cannot be asked here ({error.problem.what})")
            continue
        held = told.get("permissions") or {}
        lacking = [
            name for right, name in wanted.items() if (held.get(right) or {}).get("havePermission") is False
        ]
        mend = (
            "grant them to Accord's user in the project's permission scheme, or by the role Service Desk Team"
        )
        detail = f"not given: {', '.join(lacking)}" if lacking else ", ".join(wanted.values())
        yield Finding(what, not lacking, detail, mend if lacking else "")


def _written_in(adapter: Jira) -> list[str]:
    """The projects whose tickets are written to: those that mappings name, else every service project."""
    records = [
        one for one in adapter.catalogue.records.values() if adapter.catalogue.kinds[one.kind].is_ticket
    ]
    named = {str(one.options["project"]) for one in records if one.options.get("project")}
    desks = {key for key, sort in adapter.facts.projects.items() if sort == "service_desk"}
    everywhere = desks if any(not one.options.get("project") for one in records) else set()
    return sorted((named & set(adapter.facts.projects)) | everywhere)


def _links(adapter: Jira) -> Iterator[Finding]:
    """The link types that created records hang by."""
    told = adapter.client.get(f"{adapter.client.api}/issueLinkType", "reading its link types")
    there = {str(one.get("name")) for one in told.get("issueLinkTypes") or ()}
    wanted = {str(one.options.get("link")) for one in adapter.catalogue.records.values() if one.write.fields}
    for name in sorted(wanted - there - {"None"}):
        yield Finding(
            f"link type {name}", False, "it is not there", "accord setup --apply, or name another as `link`"
        )


def _record(adapter: Jira, mapping: RecordMapping) -> Iterator[Finding]:
    """One kind: where it stands, each field, values that are not mapped."""
    if not mapping.fields:
        return
    what = f"{mapping.kind} ({', '.join(types_of(adapter.facts, mapping)) or mapping.table})"
    problem = adapter.place_problem(mapping)
    if problem is not None:
        yield Finding(what, bool(mapping.optional), problem.what, _mend(problem))
        return
    resolved = adapter.resolved(mapping.kind)
    left_out = sorted({one.path for one in resolved.lacking if not (one.needed or one.is_ours)})
    without = f"; not on this site: {', '.join(left_out)}" if left_out else ""
    yield Finding(what, True, f"{number_of(len(resolved.mapping.fields), 'field')}{without}")
    ours = [one for one in resolved.lacking if one.is_ours]
    if ours:
        told = f"not there: {', '.join(one.path for one in ours)}"
        yield Finding(f"{mapping.kind} fields", False, told, "accord setup --apply")
    for one in resolved.lacking:
        if one.needed:
            told = one.problem.what.partition(": ")[2]  # what it is of is told before it
            yield Finding(f"{mapping.kind}.{one.used_for}", False, told, _mend(one.problem))
    if mapping.write.fields:
        yield from _creating(adapter, mapping)
    if not any(one.needed for one in resolved.lacking) and mapping.table == "issues":
        yield from _values(adapter, mapping)


def _creating(adapter: Jira, mapping: RecordMapping) -> Iterator[Finding]:
    """Whether new ones can be made where they would be, the type may stand in another project only; fine as
    long as none are wanted."""
    is_wanted = adapter.client.source.switch(f"create.{mapping.kind}") == "on"
    project = mapping.options.get("project")
    desks = sorted(key for key, sort in adapter.facts.projects.items() if sort == "service_desk")
    for one in [project] if project else desks:
        try:
            adapter.composer.type_for(mapping, one)
        except NotReachable:
            raise
        except AccordError as error:
            told = error.problem.what.partition(": ")[2]
            yield Finding(f"new {mapping.kind}", not is_wanted, told, _mend(error.problem))


def _mend(problem: Problem) -> str:
    """What to do, and in which line of which file."""
    return f"{problem.place}: {problem.hint}" if problem.place else problem.hint or ""


def _values(adapter: Jira, mapping: RecordMapping) -> Iterator[Finding]:
    """Whether records can be read, and the site's words that the mapping does not cover."""
    try:
        rows = adapter.latest(mapping.kind, _SAMPLE)
    except NotReachable:
        raise
    except AccordError as error:
        if adapter.client.governor.is_closed:
            raise
        yield Finding(f"{mapping.kind} search", False, error.problem.what, error.problem.hint or "")
        return
    page = adapter.translated(adapter.mapping(mapping.kind), rows)
    yield from unmapped.findings(mapping, page)
