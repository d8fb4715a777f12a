"""From the body of a write to stored values: `fields`, `update` operations, screens, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.jira import values
from connector.sandbox.jira.call import Call
from connector.sandbox.jira.errors import NOT_ON_SCREEN, FieldErrors
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.setup import Field, Project

LISTS = {"labels", "options", "users", "groups", "organizations", "components"}


@dataclass(slots=True)
class Edit:
    """What a write asks for: values by field id, comments to add, links to make."""

    values: dict[str, Any] = field(default_factory=dict)
    comments: list[Mapping[str, Any]] = field(default_factory=list)
    links: list[Mapping[str, Any]] = field(default_factory=list)


class Reading:
    """Reads one body for one project; all that is wrong is collected, by field."""

    def __init__(self, call: Call, project: Project, issue: Issue | None) -> None:
        self._call, self._project, self._issue = call, project, issue
        self._wrong: dict[str, str] = {}
        self._edit = Edit()

    def read(self, body: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> Edit:
        """The edit that a body asks for; FieldErrors with everything that is wrong in it."""
        fields, update = body.get("fields") or {}, body.get("update") or {}
        for name, value in fields.items():
            if name in update:
                self._wrong[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
            elif name not in without:
                self._field(name, value)
        for name, operations in update.items():
            for operation in operations:
                for verb, value in operation.items():
                    self._operation(name, verb, value)
        if self._wrong:
            raise FieldErrors(self._wrong)
        return self._edit

    def _settable(self, name: str) -> Field | None:
        one = self._call.site.setup.fields.get(name)
        shown = one is not None and one.settable and one.on_screen and name not in self._project.off_screen
        if one is None or not shown:
            self._wrong[name] = NOT_ON_SCREEN.format(name)
            return None
        return one

    def _field(self, name: str, value: Any) -> None:
        one = self._settable(name)
        if one is None:
            return
        try:
            held = values.accepted(self._call.site, one, value, documents=self._call.documents)
        except values.Unfit as unfit:
            self._wrong[name] = str(unfit)
            return
        if name == "summary" and not held:
            self._wrong[name] = "You must specify a summary of the issue."
        self._edit.values[name] = held

    def _operation(self, name: str, verb: str, value: Any) -> None:
        if name == "comment" and verb == "add":
            self._edit.comments.append(value)
        elif name == "issuelinks" and verb == "add":
            self._edit.links.append(value)
        elif verb == "set":
            self._field(name, value)
        elif verb in {"add", "remove"}:
            self._in_list(name, verb, value)
        else:
            self._wrong[name] = (
                f"Field with id '{name}' and name '{name}' does not support operation '{verb}'"
            )

    def _in_list(self, name: str, verb: str, value: Any) -> None:
        one = self._settable(name)
        if one is None:
            return
        if one.kind not in LISTS:
            self._wrong[name] = (
                f"Field with id '{name}' and name '{one.name}' does not support operation '{verb}'"
            )
            return
        try:
            parts = values.accepted(self._call.site, one, [value], documents=self._call.documents)
        except values.Unfit as unfit:
            self._wrong[name] = str(unfit)
            return
        now = self._issue.fields.get(name, []) if self._issue else []
        held = self._edit.values.get(name, now) or []
        kept = [part for part in held if part not in parts]
        changed = kept + parts if verb == "add" else kept
        self._edit.values[name] = sorted(changed) if one.kind == "labels" else changed
