"""A catalogue: every kind's mapping on one platform, as frozen data.

What stands in the files is checked in `reader`; how values are converted is in `translate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.errors import Position
from connector.model.kind import FieldType, Kind

# What the ticket itself shows of the cycle due next (design: What the desk sees); no rule may read these.
DESK_FIELDS: Mapping[str, FieldType] = {
    "sla_state": FieldType.STRING,
    "sla_due": FieldType.DATETIME,
    "sla_target": FieldType.STRING,
    "sla_used": FieldType.NUMBER,
}


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where a canonical field's value stands on the platform, and what its words mean."""

    name: str
    origin: str  # the platform's field; dots walk along references
    type: FieldType
    values: Mapping[str, str] = field(default_factory=dict)  # the platform's word → ours, compared as text
    default: str | None = None  # stands for an empty value only
    by_status: Mapping[str, str] = field(default_factory=dict)  # Jira: what a status says where it is empty
    display: str | None = None  # where the name of a reference stands
    since: str | None = None  # a length: from the date in this field to the one in `origin`
    table: str | None = None  # what a reference points at, where the platform's dictionary may not be read
    journal: bool = False  # a log of entries: its value is the role of who wrote the latest
    place: Position | None = None
    shipped: bool = False  # named by the shipped mapping: left out where an instance does not have it


@dataclass(frozen=True, slots=True)
class HistoryMapping:
    """Which source tells a record's changes. *dates*: for `timestamps`, field → our value → date field."""

    source: str = "snapshots"
    dates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthorTest:
    """Any of these makes an author play the role: login names, roles, groups, or being in a field of ours."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteMapping:
    """What of a record is written, and where it goes. *fields*: ours → the platform's."""

    key: str | None = None  # the field that holds an effect's key
    note: str | None = None
    comment: str | None = None
    email: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that `accord setup` makes. *table*: what a reference points at."""

    name: str
    type: str
    length: int | None = None
    unique: bool = False
    label: str = ""
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What `accord setup` makes for a kind: columns, and the table itself where it has a label."""

    label: str | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """How one kind is found and spelt on a platform."""

    kind: str
    table: str = ""
    scope: str = ""
    id: str = ""
    key: str = ""
    updated: str = ""
    fields: Mapping[str, FieldMapping] = field(default_factory=dict)
    history: HistoryMapping = HistoryMapping()
    authors: Mapping[str, AuthorTest] = field(default_factory=dict)  # role → tests, first hit wins
    otherwise: str = "other"
    write: WriteMapping = WriteMapping()
    provision: Provisioned | None = None
    optional: str | None = None  # the plugin or licence without which the table is not there
    options: Mapping[str, Any] = field(default_factory=dict)  # further words of the platform's adapter
    places: Mapping[tuple[str | int, ...], Position] = field(default_factory=dict)

    def place(self, *loc: str | int) -> Position | None:
        """Where the file states what stands at *loc* of this record, else the nearest above it."""
        while loc and loc not in self.places:
            loc = loc[:-1]
        return self.places.get(loc)

    @property
    def journals(self) -> Mapping[str, FieldMapping]:
        """The fields that are logs of entries, by our name."""
        return {name: given for name, given in self.fields.items() if given.journal}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All mappings of one platform; *kinds* are the canonical ones with what the mapping adds."""

    name: str
    platform: str
    kinds: Mapping[str, Kind]
    records: Mapping[str, RecordMapping]
