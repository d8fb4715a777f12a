"""An issue with all that hangs on it, as the site's database holds it: plain values, no rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.jira.adf import Text


@dataclass(frozen=True, slots=True)
class Item:
    """One field's change: the stored values before and after it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class History:
    """What one write changed. `at` is in epoch milliseconds, `author` an account id."""

    id: int
    at: int
    author: str
    items: tuple[Item, ...]


@dataclass(slots=True)
class Comment:
    id: int
    author: str
    body: Text
    created: int
    updated: int
    public: bool = True
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, Any] | None = None
    editor: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another issue. `outward`: this issue is the one that blocks, causes, …"""

    id: int
    type: str
    other: int
    outward: bool


@dataclass(frozen=True, slots=True)
class RemoteLink:
    id: int
    global_id: str | None
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attached:
    id: int
    name: str
    type: str
    author: str
    at: int
    content: bytes


@dataclass(slots=True)
class Issue:
    """One issue. `fields` holds the stored value of each filled field by its id."""

    id: int
    key: str
    project: str
    created: int
    updated: int
    fields: dict[str, Any]
    histories: list[History] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    remote: list[RemoteLink] = field(default_factory=list)
    files: list[Attached] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(self.key.rpartition("-")[2])

    def fields_at(self, instant: int) -> dict[str, Any]:
        """The fields as they were right after an instant: the later changes undone, newest first."""
        fields = dict(self.fields)
        for history in reversed(self.histories):
            if history.at <= instant:
                break
            for item in reversed(history.items):
                fields[item.field] = item.before
        return fields

    def first_fields(self) -> dict[str, Any]:
        """The fields as the issue was made."""
        fields = dict(self.fields)
        for history in reversed(self.histories):
            for item in reversed(history.items):
                fields[item.field] = item.before
        return fields
