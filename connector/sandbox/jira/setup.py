"""How a site is set up: statuses, workflows, issue types, projects, fields, request types.

Read from `site.toml`; what clients add (fields, issue types, projects) goes to the same places.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Protocol, TypeVar

CATEGORIES: Mapping[str, tuple[int, str, str]] = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
# What a custom field of a type holds.
CUSTOM_KINDS: Mapping[str, str] = {
    "textfield": "line", "textarea": "rich", "float": "number", "datetime": "datetime", "datepicker": "date",
    "select": "option", "radiobuttons": "option", "multiselect": "options", "multicheckboxes": "options",
    "labels": "labels", "url": "line", "userpicker": "user", "multiuserpicker": "users",
    "grouppicker": "group",
    "multigrouppicker": "groups", "readonlyfield": "line",
}  # fmt: skip
SCHEMAS: Mapping[str, tuple[str, str | None]] = {
    "line": ("string", None), "rich": ("string", None), "number": ("number", None), "date": ("date", None),
    "datetime": ("datetime", None), "option": ("option", None), "options": ("array", "option"),
    "labels": ("array", "string"), "user": ("user", None), "users": ("array", "user"),
    "group": ("group", None),
    "groups": ("array", "group"), "priority": ("priority", None), "resolution": ("resolution", None),
    "status": ("status", None), "category": ("statusCategory", None), "issuetype": ("issuetype", None),
    "project": ("project", None), "components": ("array", "component"), "links": ("array", "issuelinks"),
    "files": ("array", "attachment"), "comments": ("comments-page", None),
    "sla": ("sd-servicelevelagreement", None),
    "feedback": ("sd-feedback", None), "requesttype": ("sd-customerrequesttype", None),
    "organizations": ("array", "sd-customerorganization"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class IssueType:
    id: str
    name: str
    workflow: tuple[str, ...]
    description: str = ""


@dataclass(slots=True)
class Project:
    id: str
    key: str
    name: str
    kind: str
    types: list[str]
    last: int = 0
    off_screen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class LinkType:
    id: str
    name: str
    inward: str
    outward: str


@dataclass(slots=True)
class Field:
    """A field of the site; `kind` is what a value of it is (see `values`)."""

    id: str
    name: str
    kind: str
    custom: str = ""
    settable: bool = True
    clauses: tuple[str, ...] = ()
    navigable: bool = True
    options: dict[str, str] = field(default_factory=dict)
    on_screen: bool = True
    description: str = ""

    @property
    def number(self) -> int:
        """The number in a custom field's id."""
        return int(self.id.removeprefix("customfield_"))

    def clause_names(self) -> tuple[str, ...]:
        if self.custom:
            return (f"cf[{self.number}]", self.name)
        return self.clauses


class Fields:
    """The fields by id and by what JQL calls them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Field] = {}

    def add(self, one: Field) -> None:
        self._by_id[one.id] = one

    def remove(self, field_id: str) -> None:
        del self._by_id[field_id]

    def get(self, field_id: str) -> Field | None:
        return self._by_id.get(field_id)

    def __getitem__(self, field_id: str) -> Field:
        return self._by_id[field_id]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_id.values())

    def clause(self, name: str) -> list[Field]:
        """The fields a JQL name stands for; several where custom fields share a name."""
        wanted = name.lower()
        return [one for one in self if wanted in (clause.lower() for clause in one.clause_names())]

    def next_id(self) -> str:
        taken = [one.number for one in self if one.custom]
        return f"customfield_{max([10100, *taken]) + 1}"


class Setup:
    """Everything about a site but its issues and its people."""

    def __init__(self) -> None:
        read = tomllib.loads(files(__package__).joinpath("site.toml").read_text(encoding="utf-8"))
        self.read: dict[str, Any] = read
        self.statuses = {one["id"]: Status(**one) for one in read["status"]}
        self.priorities: dict[str, str] = read["priorities"]
        self.resolutions: dict[str, str] = read["resolutions"]
        self.types = {one["id"]: _issue_type(one) for one in read["type"]}
        self.link_types = {one["id"]: LinkType(**one) for one in read["link_type"]}
        self.projects = {one["key"]: Project(**one) for one in read["project"]}
        self.request_types: dict[str, dict[str, str]] = {one["id"]: one for one in read["request_type"]}
        self.queues: list[dict[str, str]] = read["queue"]
        self.fields = Fields()
        for one in read["field"]:
            self.fields.add(_field(one))

    # -- by name

    def status_named(self, name: str) -> Status | None:
        return _named(self.statuses.values(), name)

    def type_named(self, name: str) -> IssueType | None:
        return _named(self.types.values(), name)

    def link_type_named(self, name: str) -> LinkType | None:
        return _named(self.link_types.values(), name)

    def project(self, id_or_key: str) -> Project | None:
        found = self.projects.get(id_or_key.upper())
        return found or next((one for one in self.projects.values() if one.id == id_or_key), None)

    def field_named(self, name: str) -> Field:
        """The field of that name; KeyError when there is none."""
        found = _named(self.fields, name)
        if found is None:
            raise KeyError(name)
        return found

    # -- workflows

    def first_status(self, type_id: str) -> str:
        found = self.status_named(self.types[type_id].workflow[0])
        assert found is not None
        return found.id

    def transitions(self, type_id: str, current: str) -> list[tuple[str, Status]]:
        """The transitions out of a status: every other status of the workflow can be reached."""
        found = []
        for count, name in enumerate(self.types[type_id].workflow, start=1):
            status = self.status_named(name)
            if status and status.id != current:
                found.append((str(count * 10 + 1), status))
        return found

    # -- what clients add

    def add_type(self, name: str, description: str) -> IssueType:
        taken = max(int(one) for one in self.types)
        made = IssueType(str(taken + 1), name, self.types["10005"].workflow, description)
        self.types[made.id] = made
        return made

    def add_project(self, key: str, name: str, kind: str) -> Project:
        taken = max([10_000, *(int(one.id) for one in self.projects.values())])
        made = Project(str(taken + 1), key, name, kind, list(self.types)[:5])
        self.projects[key] = made
        return made

    def add_field(self, name: str, kind_of_custom: str, description: str) -> Field:
        made = Field(
            self.fields.next_id(),
            name,
            CUSTOM_KINDS[kind_of_custom],
            CUSTOM + kind_of_custom,
            on_screen=False,
            description=description,
        )
        self.fields.add(made)
        return made


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_HasName)


def _named(candidates: Iterable[Named], name: str) -> Named | None:
    wanted = name.lower()
    return next((one for one in candidates if one.name.lower() == wanted), None)


def _issue_type(read: dict[str, Any]) -> IssueType:
    return IssueType(read["id"], read["name"], tuple(read["workflow"]))


def _field(read: dict[str, Any]) -> Field:
    options = {str(10500 + n): text for n, text in enumerate(read.get("options", ()))}
    start = 10500 + int(read["id"][-2:]) * 20 if read.get("custom") else 0
    options = {str(start + n): text for n, text in enumerate(options.values())}
    clauses = tuple(read.get("clauses", (read["id"],)))
    settable, navigable = read.get("set", True), read.get("navigable", True)
    return Field(
        read["id"], read["name"], read["kind"], read.get("custom", ""), settable, clauses, navigable, options
    )
