"""From mapping files to a checked catalogue: every mistake with its place, all of them at once.

Only what can be known offline is checked; whether the platform has these fields is tried by `accord check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from connector.errors import Position, Problem, Wrong
from connector.mappings.catalogue import (
    DESK_FIELDS,
    AuthorTest,
    Catalogue,
    Column,
    FieldMapping,
    HistoryMapping,
    Provisioned,
    RecordMapping,
    WriteMapping,
)
from connector.mappings.kinds import read_kinds
from connector.mappings.layers import Layers, gather
from connector.mappings.shapes import (
    PLATFORMS,
    AuthorsShape,
    FieldShape,
    HistoryShape,
    JiraRecord,
    MappingShape,
    ProvisionShape,
    RecordShape,
    ServiceNowRecord,
    WriteShape,
)
from connector.mappings.translate import converted
from connector.model.kind import Field, FieldType, Kind
from connector.shape import fit
from connector.yamldoc import Document, Loc, suggest

_ORDER_BY = re.compile(r"\border\s+by\b", re.IGNORECASE)
# They would break the cursor that is appended to a scope, or the order of its pages.
_NOT_IN_A_SCOPE = re.compile(r"\^NQ|\^?ORDERBY(?:DESC)?|\^?RLQUERY|\^?GROUPBY|\^EQ")


def load_catalogue(name_or_path: str, *, base: Path, place: Position | None = None) -> Catalogue:
    """The mapping *name_or_path* (a shipped one by name, or a folder or file relative to *base*), checked;
    *place* is where it is named.

    Raises Wrong with every problem found in it and in what it extends, each with file, line and column.
    """
    layers = gather(name_or_path, base, place)
    shape = _fitted(layers.document)
    kinds = read_kinds([folder for folder in layers.kind_folders if folder.is_dir()])
    reading = _Reading(layers, kinds)
    records = {
        kind: reading.record(kind, given) for kind, given in shape.records.items() if reading.knows(kind)
    }
    if reading.problems:
        raise Wrong(dict.fromkeys(reading.problems))
    return Catalogue(
        name=shape.mapping,
        platform=shape.platform,
        kinds=MappingProxyType({name: _with_added(kind, records.get(name)) for name, kind in kinds.items()}),
        records=MappingProxyType(records),
    )


def _fitted(document: Document) -> MappingShape:
    platform = document.data.get("platform")
    shape, problems = fit(PLATFORMS.get(str(platform), MappingShape), document)
    if shape is None:
        raise Wrong(problems)
    return shape


def _with_added(kind: Kind, record: RecordMapping | None) -> Kind:
    """*kind* with the fields the mapping adds, and with the types that it states otherwise."""
    if record is None:
        return kind
    fields = dict(kind.fields)
    for name, given in record.fields.items():
        known = fields.get(name, Field(name, given.type))
        fields[name] = replace(known, type=given.type)
    return replace(kind, fields=MappingProxyType(fields))


class _Reading:
    """One pass over a mapping's records that gathers everything wrong with them."""

    def __init__(self, layers: Layers, kinds: Mapping[str, Kind]) -> None:
        self.document = layers.document
        self.kinds = kinds
        self.problems: list[Problem] = []

    def knows(self, kind: str) -> bool:
        if kind not in self.kinds:
            what = f"there is no kind {kind!r}"
            hint = suggest(kind, self.kinds) or f"declare it in kinds/{kind}.yaml"
            self.wrong(what, ("records", kind), hint, at_key=True)
        return kind in self.kinds

    def wrong(self, what: str, loc: Loc, hint: str | None = None, *, at_key: bool = False) -> None:
        place = self.document.key_place(*loc) if at_key else self.document.place(*loc)
        self.problems.append(Problem(what, place, hint))

    def record(self, name: str, shape: RecordShape) -> RecordMapping:
        kind, loc = self.kinds[name], ("records", name)
        for field, given in shape.fields.items():
            if given.by_status and not isinstance(shape, JiraRecord):
                what, where = "`by_status` is for mappings of Jira", (*loc, "fields", field, "by_status")
                self.wrong(what, where, "use `values`")
        fields = {field: self.field(kind, field, given) for field, given in shape.fields.items()}
        return RecordMapping(
            kind=name,
            table=self.table(name, shape),
            scope=self.scope(shape, loc),
            id=shape.id,
            key=shape.key,
            updated=shape.updated,
            fields=MappingProxyType(fields),
            history=self.history(kind, shape.history, loc),
            authors=self.authors(kind, shape.authors, loc),
            otherwise=shape.authors.otherwise,
            write=self.write(kind, shape.write, fields, loc),
            provision=_provisioned(shape.provision),
            optional=shape.optional,
            options=_options(shape),
            places=MappingProxyType(dict(_below(self.document, loc))),
        )

    def table(self, name: str, shape: RecordShape) -> str:
        if isinstance(shape, JiraRecord):
            return shape.resource
        if not isinstance(shape, ServiceNowRecord):
            return ""
        if shape.table is None and (shape.fields or shape.write.fields):
            self.wrong(f"`table` is missing: where do records of kind {name} stand?", ("records", name))
        return shape.table or ""

    def scope(self, shape: RecordShape, loc: Loc) -> str:
        if isinstance(shape, JiraRecord):
            return self.jql(shape.jql, loc)
        if not isinstance(shape, ServiceNowRecord):
            return ""
        if found := _NOT_IN_A_SCOPE.search(shape.scope):
            what = f"`scope`: {found[0]!r} may not stand in a scope, it would break the paging appended to it"
            self.wrong(what, (*loc, "scope"), "write the condition with ^ and ^OR only")
        return shape.scope

    def jql(self, written: str, loc: Loc) -> str:
        if _ORDER_BY.search(written):
            what = "`jql`: an ORDER BY may not stand here, pages are read in an order of their own"
            self.wrong(what, (*loc, "jql"), "leave it out")
        return written

    def field(self, kind: Kind, name: str, shape: FieldShape) -> FieldMapping:
        loc = ("records", kind.name, "fields", name)
        known = kind.fields.get(name)
        if known is None and shape.type is None:
            self.field_of_its_own(kind, name, loc)
        given = shape.type or (known.type if known else FieldType.STRING)
        if known and known.values:
            self.closed(known, shape, loc)
        else:
            self.words(shape, given, loc)
        return FieldMapping(
            name=name,
            origin=shape.origin or shape.journal or "",
            type=given,
            values=MappingProxyType(shape.values),
            default=shape.default,
            by_status=MappingProxyType(shape.by_status),
            display=shape.display,
            since=shape.since,
            table=shape.table,
            journal=shape.journal is not None,
            place=self.document.place(*loc),
            shipped=self.document.place(*loc).file.startswith("mappings/"),
        )

    def field_of_its_own(self, kind: Kind, name: str, loc: Loc) -> None:
        """A mapping may add fields; one nearly spelt as a known field must say that it is meant."""
        if near := get_close_matches(name, kind.fields, n=1, cutoff=0.8):
            mend = (
                f"did you mean {near[0]!r}? (a field of your own states its type: {{from: …, type: string}})"
            )
            self.wrong(f"kind {kind.name} has no field {name!r}", loc, mend, at_key=True)

    def closed(self, known: Field, shape: FieldShape, loc: Loc) -> None:
        """The words of a field with a closed list of values are ours, not the platform's."""
        for where, ours in _spoken(shape, loc).items():
            if ours not in known.values:
                hint = suggest(ours, known.values) or f"one of {', '.join(known.values)}"
                self.wrong(f"{ours!r} is no value of {known.name}", where, hint)

    def words(self, shape: FieldShape, type_: FieldType, loc: Loc) -> None:
        """What `values:` and `default:` give must be of the field's type."""
        for where, ours in _spoken(shape, loc).items():
            try:
                converted(ours, type_)
            except ValueError as error:
                self.wrong(f"{loc[-1]}: {error}", where)

    def history(self, kind: Kind, shape: HistoryShape, loc: Loc) -> HistoryMapping:
        if shape.origin == "timestamps" and not shape.dates:
            mend = "as in dates: {state: {new: opened_at, resolved: resolved_at}}"
            self.wrong("`history`: timestamps need the `dates` they are told by", (*loc, "history"), mend)
        for name, dates in shape.dates.items():
            known = kind.fields.get(name)
            if known is None:
                self.unknown(kind, name, (*loc, "history", "dates", name))
                continue
            for value in dates:
                if known.values and value not in known.values:
                    where = (*loc, "history", "dates", name, value)
                    self.wrong(f"{value!r} is no value of {name}", where, suggest(value, known.values))
        return HistoryMapping(shape.origin, MappingProxyType(shape.dates))

    def unknown(self, kind: Kind, name: str, loc: Loc) -> None:
        self.wrong(f"kind {kind.name} has no field {name!r}", loc, suggest(name, kind.fields), at_key=True)

    def authors(self, kind: Kind, shape: AuthorsShape, loc: Loc) -> Mapping[str, AuthorTest]:
        tests: dict[str, AuthorTest] = {}
        for role in ("automation", "requester", "agent"):
            given = getattr(shape, role)
            for index, name in enumerate(given.fields):
                if name not in kind.fields:
                    self.unknown(kind, name, (*loc, "authors", role, "fields", index))
            parts = (tuple(given.users), tuple(given.roles), tuple(given.groups), tuple(given.fields))
            tests[role] = AuthorTest(*parts)
        return MappingProxyType(tests)

    def write(
        self, kind: Kind, shape: WriteShape, fields: Mapping[str, FieldMapping], loc: Loc
    ) -> WriteMapping:
        known = {*kind.fields, *fields, *(DESK_FIELDS if kind.is_ticket else ())}
        if isinstance(shape.fields, list):
            written = {}
            for index, name in enumerate(shape.fields):
                if name in fields:
                    written[name] = fields[name].origin
                else:
                    what = f"`fields` of this record do not say where {name!r} stands"
                    self.wrong(what, (*loc, "write", "fields", index), suggest(name, fields))
        else:
            written = shape.fields
            for name in written:
                if name not in known:
                    hint = suggest(name, known)
                    self.wrong(
                        f"kind {kind.name} has no field {name!r}",
                        (*loc, "write", "fields", name),
                        hint,
                        at_key=True,
                    )
        return WriteMapping(
            shape.key, shape.note, shape.comment, shape.email, MappingProxyType(written), shape.constants
        )


def _spoken(shape: FieldShape, loc: Loc) -> dict[Loc, str]:
    """Our words that a field's mapping gives, by where they stand."""
    spoken: dict[Loc, str] = {(*loc, "values", raw): ours for raw, ours in shape.values.items()}
    spoken |= {(*loc, "by_status", raw): ours for raw, ours in shape.by_status.items()}
    return spoken if shape.default is None else {**spoken, (*loc, "default"): shape.default}


def _options(shape: RecordShape) -> dict[str, Any]:
    """What only the platform's adapter reads."""
    if not isinstance(shape, JiraRecord):
        return shape.options
    own = {"project": shape.project, "issue_type": shape.issue_type, "link": shape.link}
    return {**shape.options, **own}


def _provisioned(shape: ProvisionShape | None) -> Provisioned | None:
    if shape is None:
        return None
    columns = {
        name: Column(name, given.type, given.length, given.unique, given.label, given.table)
        for name, given in shape.columns.items()
    }
    return Provisioned(shape.label, MappingProxyType(columns))


def _below(document: Document, loc: Loc) -> Iterator[tuple[Loc, Position]]:
    size = len(loc)
    return ((where[size:], place) for where, place in document.values.items() if where[:size] == loc)
