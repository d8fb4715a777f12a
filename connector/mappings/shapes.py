"""The keys of a mapping file and their types; from these also comes the JSON Schema for editors.

Whether what they say fits a kind is checked in `reader`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, TypeAdapter, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connector.model.kind import FieldType
from connector.shape import Shape

Role = Literal["agent", "requester", "automation", "other"]
ColumnType = Literal[
    "string", "integer", "decimal", "float", "boolean", "datetime", "duration", "reference", "text"
]


class FieldShape(Shape):
    """How a field is found: the platform's name alone, or these keys."""

    origin: str | None = Field(None, alias="from")
    type: FieldType | None = None
    values: dict[str, str] = Field(default_factory=dict)
    default: str | None = None
    by_status: dict[str, str] = Field(default_factory=dict)
    display: str | None = None
    since: str | None = None
    table: str | None = None
    journal: str | None = None
    meaning: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, {"type": "null"}, handler(core_schema)]}

    @model_validator(mode="after")
    def _has_an_origin(self) -> FieldShape:
        if (self.origin is None) == (self.journal is None):
            raise ValueError("says where it comes from: either `from: FIELD` or `journal: FIELD`")
        return self


class HistoryShape(Shape):
    """Where a record's changes are told."""

    origin: Literal["sys_audit", "metric_instance", "timestamps", "snapshots", "changelog"] = Field(
        "snapshots", alias="from"
    )
    dates: dict[str, dict[str, str]] = Field(default_factory=dict)


class AuthorShape(Shape):
    """Who plays a role when writing a comment or a note."""

    users: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    fields: list[str] = Field(default_factory=list)


class AuthorsShape(Shape):
    """The roles, tried in this order; `otherwise` for everybody else."""

    automation: AuthorShape = AuthorShape()
    requester: AuthorShape = AuthorShape()
    agent: AuthorShape = AuthorShape()
    otherwise: Role = "other"


class WriteShape(Shape):
    """What is written and where it goes; `fields` as a list takes the names of the record's own fields."""

    key: str | None = None
    note: str | None = None
    comment: str | None = None
    email: str | None = None
    fields: dict[str, str] | list[str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)


class ColumnShape(Shape):
    """A column to be made. A string states its length."""

    type: ColumnType
    length: int | None = Field(None, ge=1, le=65_000)
    unique: bool = False
    label: str = ""
    table: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> ColumnShape:
        if self.type == "string" and self.length is None:
            raise ValueError("a string column states its length, as in {type: string, length: 40}")
        if self.type == "reference" and self.table is None:
            raise ValueError("a reference column states its table, as in {type: reference, table: task}")
        return self


class ProvisionShape(Shape):
    """What `accord setup` makes."""

    label: str | None = None
    columns: dict[str, ColumnShape] = Field(default_factory=dict)


class RecordShape(Shape):
    """One kind on a platform whose adapter has no further words.

    `extends` and `abstract` have done their work when a record is fitted to this: they are here for editors.
    """

    extends: str | None = None
    abstract: bool = False
    id: str = "id"
    key: str = "key"
    updated: str = "updated"
    fields: dict[str, FieldShape] = Field(default_factory=dict)
    history: HistoryShape = HistoryShape()
    authors: AuthorsShape = AuthorsShape()
    write: WriteShape = WriteShape()
    provision: ProvisionShape | None = None
    optional: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class ServiceNowRecord(RecordShape):
    """One kind on ServiceNow."""

    table: str | None = None
    scope: str = ""
    id: str = "sys_id"
    key: str = "number"
    updated: str = "sys_updated_on"


class JiraRecord(RecordShape):
    """One kind on Jira: issues of certain types, or what hangs on them.

    `issue_type` names the types that count (those that the site has; new ones are made of the first of them),
    `project` where they stand (else: every service project), `jql` what must hold besides.
    """

    resource: Literal["issues", "organizations", "organization_members", "sla_cycles"] = "issues"
    jql: str = ""
    project: str | None = None
    issue_type: list[str] = Field(default_factory=list)
    link: str = "Relates"


class MappingShape(Shape):
    """A whole mapping, on a platform whose adapter has no further words."""

    mapping: str
    platform: str
    extends: str | None = None
    records: dict[str, RecordShape] = Field(default_factory=dict)


class ServiceNowMapping(MappingShape):
    """A whole mapping for ServiceNow."""

    records: dict[str, ServiceNowRecord] = Field(default_factory=dict)  # type: ignore[assignment]


class JiraMapping(MappingShape):
    """A whole mapping for Jira Service Management."""

    records: dict[str, JiraRecord] = Field(default_factory=dict)  # type: ignore[assignment]


PLATFORMS: dict[str, type[MappingShape]] = {"servicenow": ServiceNowMapping, "jira": JiraMapping}


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of mapping files: a whole mapping, or one record in a file of its own."""
    return TypeAdapter(ServiceNowMapping | ServiceNowRecord | JiraMapping | JiraRecord).json_schema()
