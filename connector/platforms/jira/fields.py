"""A kind's mapping with every field resolved to its id, and what of it the site does not have.

Names are resolved once; one that several fields share is refused, for either of them could be meant. What is
asked for is decided by who uses the resolved mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from connector.errors import Position, Problem
from connector.mappings.catalogue import DESK_FIELDS, FieldMapping, RecordMapping, WriteMapping
from connector.mappings.translate import STATUS
from connector.platforms.jira.facts import Facts
from connector.platforms.jira.jql import both, is_in
from connector.platforms.jira.resources import SHOWN
from connector.yamldoc import suggest

_NO_FIELDS = ("id", "key")


@dataclass(frozen=True, slots=True)
class Lacking:
    """A field that a mapping names and the site does not show. *needed*: no reading without it; *is_ours*:
    one that `accord setup` makes."""

    path: str
    used_for: str
    problem: Problem
    needed: bool
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """A mapping whose origins are ids of this site, and what had to be left out of it."""

    mapping: RecordMapping
    lacking: tuple[Lacking, ...] = ()

    @property
    def asked_for(self) -> list[str]:
        """The fields that a record of this kind is made from."""
        paths = [self.mapping.updated]
        for given in self.mapping.fields.values():
            if not given.journal:
                paths += [path for path in (given.origin, given.display, given.since) if path]
                paths += [STATUS] if given.by_status else []
        heads = [path.partition(".")[0] for path in paths if path not in _NO_FIELDS]
        return list(dict.fromkeys(heads))


def resolve(facts: Facts, mapping: RecordMapping) -> Resolved:
    """*mapping* with ids instead of names. What is lacking is left out and told, never raised."""
    if mapping.table in SHOWN:
        return Resolved(mapping, tuple(_unknown(mapping)))
    found: list[Lacking] = []
    fields: dict[str, FieldMapping] = {}
    for name, given in mapping.fields.items():
        if given.journal:
            fields[name] = given
            continue
        missing = list(_lacking(facts, mapping, given))
        found += missing
        if not missing:
            fields[name] = _with_ids(facts, given)
        elif given.by_status and not any(one.needed for one in missing):
            fields[name] = replace(given, origin="")  # the status alone tells it
    written, unwritten = _written(facts, mapping)
    whole = replace(
        mapping,
        fields=MappingProxyType(fields),
        write=replace(mapping.write, fields=MappingProxyType(written)),
    )
    return Resolved(whole, (*found, *unwritten))


def _unknown(mapping: RecordMapping) -> Iterator[Lacking]:
    """What is named of records that are no issues, and that they do not have."""
    known = {*SHOWN[mapping.table], *_NO_FIELDS}
    for name, given in mapping.fields.items():
        if given.origin not in known:
            what = f"{mapping.kind}.{name}: {mapping.table} have no {given.origin!r}"
            hint = suggest(given.origin, known) or f"one of {', '.join(sorted(known))}"
            yield Lacking(given.origin, name, Problem(what, given.place, hint), needed=True)


def _paths(given: FieldMapping) -> Iterator[str]:
    yield from (
        path for path in (given.origin, given.display, given.since) if path and path not in _NO_FIELDS
    )


def _lacking(facts: Facts, mapping: RecordMapping, given: FieldMapping) -> Iterator[Lacking]:
    used_for = f"{mapping.kind}.{given.name}"
    for path in _paths(given):
        problem = facts.problem(path, given.place, used_for)
        if problem is not None:
            yield Lacking(path, given.name, problem, not given.shipped or "several" in problem.what)


def _with_ids(facts: Facts, given: FieldMapping) -> FieldMapping:
    return replace(
        given,
        origin=_id(facts, given.origin),
        display=_id(facts, given.display) if given.display else None,
        since=_id(facts, given.since) if given.since else None,
    )


def _id(facts: Facts, path: str) -> str:
    if path in _NO_FIELDS:
        return path
    found = facts.resolved(path)
    assert found is not None
    field, rest = found
    return f"{field.id}.{rest}" if rest else field.id


def _written(facts: Facts, mapping: RecordMapping) -> tuple[dict[str, str], list[Lacking]]:
    """Where values go, by id. One of our own fields that setup did not make yet is left out."""
    written: dict[str, str] = {}
    found: list[Lacking] = []
    for name, path in mapping.write.fields.items():
        place = mapping.place("write", "fields", name)
        problem = facts.problem(path, place, f"{mapping.kind}: writing {name}")
        if problem is None:
            written[name] = _id(facts, path)
        else:
            columns = mapping.provision.columns if mapping.provision else {}
            is_ours = path in columns and "several" not in problem.what
            needed = not is_ours and (_is_own(place) or "several" in problem.what)
            found.append(Lacking(path, f"write.{name}", problem, needed, is_ours))
    return written, found


def _is_own(place: Position | None) -> bool:
    return place is not None and not place.file.startswith("mappings/")


def scope(facts: Facts, mapping: RecordMapping) -> str:
    """The condition that a kind's issues meet: of its types, in its project (else in a service project), and
    what the mapping adds. LookupError where the site has none of the types, or not that project."""
    return both(_types(facts, mapping), _projects(facts, mapping), mapping.scope)


def types_of(facts: Facts, mapping: RecordMapping) -> list[str]:
    """Those of the kind's issue types that the site has, in the mapping's order."""
    return [name for name in mapping.options.get("issue_type") or () if name in facts.types]


def _types(facts: Facts, mapping: RecordMapping) -> str:
    wanted = mapping.options.get("issue_type") or ()
    if not wanted:
        return ""
    there = types_of(facts, mapping)
    if not there:
        raise LookupError(f"the site has no issue type {' or '.join(map(repr, wanted))}")
    return is_in("issuetype", (id_ for name in there for id_ in facts.types[name]))


def _projects(facts: Facts, mapping: RecordMapping) -> str:
    project = mapping.options.get("project")
    if project:
        if project not in facts.projects:
            raise LookupError(f"there is no project {project!r} here, or Accord's user may not browse it")
        return is_in("project", [project])
    if "project" in mapping.scope.lower():
        return ""
    desks = sorted(key for key, sort in facts.projects.items() if sort == "service_desk")
    if not desks:
        raise LookupError("Accord's user sees no service project")
    return is_in("project", desks)


def project_problem(facts: Facts, mapping: RecordMapping, *, is_ticket: bool) -> Problem | None:
    """What is wrong with where the kind's issues are looked for; nothing where all is there. Tickets stand in
    service projects, other records anywhere."""
    try:
        scope(facts, mapping)
    except LookupError as lack:
        what = str(lack.args[0])
        if "type" in what:
            mend = f"name the type that the project has as `issue_type` of {mapping.kind} in the mapping"
            if mapping.optional:
                mend = f"it comes with {mapping.optional}; without it, name another or `{mapping.kind}: null`"
            return Problem(f"{mapping.kind}: {what}", mapping.place("issue_type"), mend)
        mend = "name `project` in the mapping, and give Accord's user the right to browse it"
        return Problem(f"{mapping.kind}: {what}", mapping.place("project"), mend)
    project = mapping.options.get("project")
    if is_ticket and project and facts.projects[project] != "service_desk":
        what = (
            f"the project {project} is no service project but {facts.projects[project] or 'of another sort'}"
        )
        mend = "name a service project, or state `issue_type` and `jql` for what stands in this one"
        return Problem(f"{mapping.kind}: {what}", mapping.place("project"), mend)
    return None


def shows_desk_fields(write: WriteMapping) -> Mapping[str, str]:
    """Where the ticket shows what is due next: ours → the site's, as far as it is there."""
    return {name: origin for name, origin in write.fields.items() if name in DESK_FIELDS}
