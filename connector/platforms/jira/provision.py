"""What Accord needs on a site: fields on its screens, a link type, a register issue; shown, made, taken away.

Issue types and projects belong to schemes and workflows that only an admin can weigh: what of them is missing
is told by `check`, never made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connector.errors import AccordError, NotAllowed, NotReachable
from connector.log import get_logger
from connector.mappings.catalogue import Column, RecordMapping
from connector.platforms.jira.fields import types_of
from connector.platforms.port import Provision

if TYPE_CHECKING:
    from connector.platforms.jira.adapter import Jira

log = get_logger()
_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
# Our column types → the site's, and what searches them.
_TYPES: Mapping[str, tuple[str, str]] = {
    "string": ("textfield", "textsearcher"),
    "text": ("textarea", "textsearcher"),
    "integer": ("float", "exactnumber"),
    "decimal": ("float", "exactnumber"),
    "float": ("float", "exactnumber"),
    "boolean": ("textfield", "textsearcher"),
    "datetime": ("datetime", "datetimerange"),
    "duration": ("float", "exactnumber"),
    "reference": ("textfield", "textsearcher"),
}
_ASK_AN_ADMIN = (
    "fields and link types are an administrator's to make: run `accord setup --apply` once with the login of"
    " a Jira administrator, or have one make by hand, with just these names: {}"
)
_MADE_BY_US = "Kept by Accord; what is written here by hand is written over."


def wanted(adapter: Jira, agreements: Sequence[str] = ()) -> list[Provision]:
    """What the catalogue wants, in the order in which it is made; a register for each of *agreements*."""
    found: dict[str, Provision] = {}
    for mapping in adapter.catalogue.records.values():
        for column in mapping.provision.columns.values() if mapping.provision else ():
            one = _field(adapter, column)
            found.setdefault(one.what, one)
    for one in (*_link_types(adapter), *_registers(adapter, agreements)):
        found.setdefault(one.what, one)
    return list(found.values())


def _field(adapter: Jira, column: Column) -> Provision:
    try:
        is_there = adapter.facts.find(column.name) is not None
    except LookupError:
        is_there = True  # several are: which is meant has to be said, not made
    kind, searcher = _TYPES[column.type]
    body = {
        "name": column.name,
        "description": column.label or _MADE_BY_US,
        "type": _CUSTOM + kind,
        "searcherKey": _CUSTOM + searcher,
    }
    return Provision(f"field {column.name}", is_there, {"make": "field", "body": body})


def _link_types(adapter: Jira) -> Iterator[Provision]:
    told = adapter.client.get(f"{adapter.client.api}/issueLinkType", "reading its link types")
    there = {str(one.get("name")) for one in told.get("issueLinkTypes") or ()}
    names = {str(one.options.get("link")) for one in adapter.catalogue.records.values() if one.write.fields}
    for name in sorted(names - {"None"}):
        body = {"name": name, "inward": "relates to", "outward": "relates to"}
        yield Provision(f"link type {name}", name in there, {"make": "link type", "body": body})


def _registers(adapter: Jira, agreements: Sequence[str]) -> Iterator[Provision]:
    """The registers in each project where records without a ticket are made."""
    for project, mapping in sorted(_projects(adapter).items()):
        for agreement in ("", *agreements):
            present = adapter.registers.find(project, agreement) is not None
            request = {"project": project, "kind": mapping.kind, "agreement": agreement}
            whose = f" of {agreement}" if agreement else ""
            what = f"register issue{whose} in {project}"
            yield Provision(what, present, {"make": "register", "body": request})


def _projects(adapter: Jira) -> dict[str, RecordMapping]:
    found: dict[str, RecordMapping] = {}
    without: list[str] = []
    for mapping in adapter.catalogue.records.values():
        is_ticket = adapter.catalogue.kinds[mapping.kind].is_ticket
        if is_ticket or not mapping.write.fields or not types_of(adapter.facts, mapping):
            continue
        try:
            found.setdefault(adapter.composer.project_for(mapping, None), mapping)
        except NotReachable:
            raise
        except AccordError:
            without.append(mapping.kind)
    if without:
        mend = "name one for all as `issue: {project: KEY}` in the mapping; without it none can be made there"
        log.warning("setup.no_project", kinds=without, mend=mend)
    return found


def made(adapter: Jira, missing: Sequence[Provision]) -> Iterator[Provision]:
    """Make each of *missing* that we may; NotAllowed at the end where we might not make all."""
    refused: list[NotAllowed] = []
    by_hand: list[str] = []
    for one in missing:
        try:
            _make(adapter, one)
        except NotAllowed as error:
            if adapter.client.governor.is_closed:
                raise
            refused.append(error)
            by_hand.append(_described(one))
            continue
        adapter.forget()
        yield Provision(one.what, True, one.request)
    if refused:
        raise NotAllowed(refused[0].problem.what, hint=_ASK_AN_ADMIN.format("; ".join(by_hand)))


def _described(one: Provision) -> str:
    """What somebody has to make by hand."""
    sort = str(one.request["body"].get("type") or "").rpartition(":")[2]
    return f"{one.what} ({sort})" if sort else one.what


def _make(adapter: Jira, one: Provision) -> None:
    what, body = one.request["make"], one.request["body"]
    if what == "field":
        _make_field(adapter, body)
    elif what == "link type":
        adapter.client.change("POST", f"{adapter.client.api}/issueLinkType", body, f"making the {one.what}")
    else:
        mapping = adapter.mapping(body["kind"])
        type_ = adapter.composer.type_for(mapping, body["project"])
        adapter.registers.make(body["project"], type_, body["agreement"])


def _make_field(adapter: Jira, body: Mapping[str, Any]) -> None:
    """A field, and its place on the default screen: one that is on no screen cannot be written."""
    api = adapter.client.api
    told = adapter.client.change("POST", f"{api}/field", body, f"making the field {body['name']}")
    path = f"{api}/screens/addToDefault/{quote(str(told['id']), safe='')}"
    try:
        adapter.client.change("POST", path, {}, f"putting {body['name']} on the default screen")
    except NotReachable:
        raise
    except AccordError as error:
        log.warning("setup.not_on_a_screen", field=body["name"], why=error.problem.what)


def removed(adapter: Jira) -> Iterator[Provision]:
    """Take away the fields (into the site's trash, whence an admin may fetch them) and the registers.
    AccordError on Data Center, whose fields only an admin can take away."""
    for one in wanted(adapter):
        make, body = one.request["make"], one.request["body"]
        if make == "register":
            yield from _without_registers(adapter, str(body["project"]))
        elif make == "field" and one.present:
            _trash(adapter, str(body["name"]), f"taking away the {one.what}")
            adapter.forget()
            yield Provision(one.what, False, one.request)


def _without_registers(adapter: Jira, project: str) -> Iterator[Provision]:
    """Every register of a project, whichever agreements there are now."""
    adapter.registers.find(project)
    for agreement, id_ in sorted(adapter.registers.found.pop(project, {}).items()):
        what = f"register issue{f' of {agreement}' if agreement else ''} in {project}"
        adapter.client.change("DELETE", f"{adapter.client.api}/issue/{id_}", None, f"taking away the {what}")
        yield Provision(what, False, {"make": "register", "body": {"project": project}})


def _trash(adapter: Jira, name: str, doing: str) -> None:
    field = adapter.facts.find(name)
    if field is None:
        return
    if not adapter.client.is_cloud:
        raise AccordError(
            f"the field {name} cannot be taken away from here", hint="delete it under Custom fields"
        )
    path = f"{adapter.client.api}/field/{quote(field.id, safe='')}/trash"
    adapter.client.change("POST", path, None, doing)
