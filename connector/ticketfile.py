"""Ticket files: JSON Lines, one record a line, read in a stream with errors that name the line.

Parquet with the same columns is the bulk form (see `connector.evaluate.arrow`). What the rules make of
the records is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from connector.errors import AccordError, Position, Problem, Wrong
from connector.evaluate.values import fault, fault_of_reference, typed
from connector.model.instant import Instant, is_reckoned_with, parse_moment
from connector.model.kind import FieldType, Kind
from connector.model.record import Change, Record, Value
from connector.yamldoc import suggest

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors and exports put one before the first line
LONGEST_LINE = 64 << 20  # bytes; a ticket with a hundred thousand changes has ten million
NO_OPENED = "the ticket has no `opened`"


class ChangeLine(msgspec.Struct, forbid_unknown_fields=True):
    """A change as written."""

    at: str
    field: str
    old: Any = msgspec.field(default=None, name="from")
    new: Any = msgspec.field(default=None, name="to")
    by: str | None = None


class TicketLine(msgspec.Struct, forbid_unknown_fields=True):
    """A record as written."""

    kind: str
    fields: dict[str, Any]
    source: str = "file"
    id: str | None = None
    key: str | None = None
    url: str | None = None
    updated: str | None = None
    history: str = "file"
    changes: list[ChangeLine] = []


_DECODER = msgspec.json.Decoder(TicketLine)
_KEYS = tuple(info.encode_name for info in msgspec.structs.fields(TicketLine))
_CHANGE_KEYS = tuple(info.encode_name for info in msgspec.structs.fields(ChangeLine))


Lines = Iterable[tuple[Position, bytes]]


def read_ticket_file(
    path: Path,
    kinds: Mapping[str, Kind],
    *,
    skip_bad: bool = False,
    extra: Mapping[str, FieldType] | None = None,
) -> Iterator[Record]:
    """The records of *path*, one line at a time. *extra*: types of fields that the kinds do not declare.

    Raises Wrong at the first bad line; with *skip_bad* such lines are left out (`inspect_ticket_file`
    counts them).
    """
    return read_lines(lines_of(path), kinds, skip_bad=skip_bad, extra=extra or {})


def read_lines(
    lines: Lines, kinds: Mapping[str, Kind], *, skip_bad: bool, extra: Mapping[str, FieldType]
) -> Iterator[Record]:
    """As `read_ticket_file`, of *lines* with their places."""
    types = types_of(kinds, extra)
    for place, line in lines:
        if not line.strip():
            continue
        try:
            yield record_of(decoded(line, place), place, kinds, types)
        except BadLine as bad:
            if not skip_bad:
                raise Wrong([bad.problem]) from None


def fault_of_line(
    line: bytes, place: Position, kinds: Mapping[str, Kind], extra: Mapping[str, FieldType]
) -> Problem | None:
    """What is wrong with one line at *place*; None where it is a ticket."""
    try:
        record_of(decoded(line, place), place, kinds, types_of(kinds, extra))
    except BadLine as bad:
        return bad.problem
    return None


class BadLine(Exception):
    """What is wrong with a line."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def lines_of(path: Path) -> Iterator[tuple[Position, bytes]]:
    """Every line, blank ones too; of a Parquet file, every row as such a line."""
    if path.suffix == ".parquet":
        from connector.evaluate.bulk import rows  # needs pyarrow

        for number, row in enumerate(rows(path), 1):
            yield Position(str(path), number), msgspec.json.encode(row)
        return
    try:
        with path.open("rb") as file:
            for number, line in enumerate(bounded(file), 1):
                if number == 1:
                    line = line.removeprefix(BYTE_ORDER_MARK)
                yield Position(str(path), number), line
    except OSError as error:
        raise AccordError(f"{path} cannot be read: {error.strerror}") from None


def bounded(file: BinaryIO) -> Iterator[bytes]:
    """The lines of *file*; of one that is too long only its beginning, so that memory stays bounded."""
    while line := file.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
        yield line


def decoded(line: bytes, place: Position) -> TicketLine:
    """The ticket that *line* is; raises BadLine where it is none."""
    if len(line) == LONGEST_LINE:
        what = f"this line is longer than {LONGEST_LINE >> 20} MiB"
        raise BadLine(Problem(what, place, "one ticket a line, not a list of them"))
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise BadLine(_shape_problem(str(error), place)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLine(Problem(f"this line is not JSON: {error}", place, "one ticket a line")) from None


def _shape_problem(message: str, place: Position) -> Problem:
    what, _, where = message.partition(" - at `$")
    where = where.rstrip("`").lstrip(".")
    if not where and what.startswith("Expected `object`"):
        return Problem(f"a ticket is an object, {{…}}, not {what.rpartition('got ')[2]}", place)
    if "unknown field" in what:
        name = what.split("`")[1]
        known = _CHANGE_KEYS if where.startswith("changes") else _KEYS
        hint = suggest(name, known) or f"known: {', '.join(known)}; what the ticket holds goes under `fields`"
        return Problem(f"unknown key {name!r}" + (f" in {where}" if where else ""), place, hint)
    if "missing required field" in what:
        name = what.split("`")[1]
        return Problem(f"`{name}` is missing" + (f" in {where}" if where else ""), place)
    if what.endswith("got `null`"):
        return Problem(f"{where} is empty", place)
    return Problem(f"{where}: {what[0].lower()}{what[1:]}" if where else what, place)


Types = Mapping[str, Mapping[str, FieldType]]  # of each kind's fields


def types_of(kinds: Mapping[str, Kind], extra: Mapping[str, FieldType]) -> Types:
    """The types of the fields of *kinds* and of the *extra* ones."""
    return {
        name: {**extra, **{field.name: field.type for field in kind.fields.values()}}
        for name, kind in kinds.items()
    }


def record_of(ticket: TicketLine, place: Position, kinds: Mapping[str, Kind], types: Types) -> Record:
    """The record that *ticket* tells of; raises BadLine where something in it is wrong."""
    kind = kinds.get(ticket.kind)
    if kind is None:
        hint = suggest(ticket.kind, kinds) or f"known: {', '.join(sorted(kinds))}"
        raise BadLine(Problem(f"unknown kind {ticket.kind!r}", place, hint))
    if not (ticket.id or ticket.key):
        raise BadLine(Problem("`id` is missing", place))

    known = types[ticket.kind]
    fields = {
        name: _value(raw, known.get(name), place, "fields", name) for name, raw in ticket.fields.items()
    }
    opened = fields.get("opened")
    if isinstance(opened, int) and not is_reckoned_with(opened):
        _instant(str(ticket.fields["opened"]), place, "fields", "opened")  # says what is wrong
    if kind.is_ticket and fields.get("opened") is None:
        raise BadLine(Problem(NO_OPENED, place, "without it no clock can be judged"))
    changes = []
    for number, change in enumerate(ticket.changes):
        of_field = known.get(change.field)
        old = _value(change.old, of_field, place, number, "from")
        new = _value(change.new, of_field, place, number, "to")
        changes.append(
            Change(_instant(change.at, place, number, "at"), change.field, old, new, change.by, number)
        )
    name = ticket.id or ticket.key or ""
    updated = None if ticket.updated is None else _instant(ticket.updated, place, "updated", "")
    return Record(
        kind=ticket.kind, source=ticket.source, id=name, key=ticket.key or name, fields=fields,
        changes=tuple(changes), url=ticket.url, updated=updated, history=ticket.history,
    )  # fmt: skip


_AS_WRITTEN: Mapping[type, frozenset[FieldType | None]] = {
    str: frozenset({None, FieldType.STRING, FieldType.TEXT, FieldType.REFERENCE}),
    int: frozenset({None, FieldType.INTEGER, FieldType.NUMBER}),
    float: frozenset({None, FieldType.NUMBER}),
    bool: frozenset({None, FieldType.BOOLEAN}),
}


def _value(raw: Value, kind: FieldType | None, place: Position, part: str | int, name: str) -> Value:
    if raw is None or raw == "":
        return None
    if kind in _AS_WRITTEN.get(raw.__class__, ()):
        return raw
    if isinstance(raw, dict) and (odd := fault_of_reference(raw)):
        raise BadLine(Problem(f"{_where(part, name)}: {odd}", place))
    if kind is None:
        return typed(raw, FieldType.REFERENCE) if isinstance(raw, dict) else raw
    if wrong := fault(raw, kind):
        raise BadLine(Problem(f"{_where(part, name)}: {wrong}", place))
    return typed(raw, kind)


def _where(part: str | int, name: str) -> str:
    """Where in its line a value stands; a number is that of a change."""
    return ".".join(filter(None, (f"changes[{part}]" if isinstance(part, int) else part, name)))


def _instant(text: str, place: Position, part: str | int, name: str) -> Instant:
    try:
        return parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise BadLine(Problem(f"{_where(part, name)}: {error}", place)) from None
