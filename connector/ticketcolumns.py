"""What is wrong with the rows of a Parquet file that is evaluated as columns: the same mistakes as in a file
of lines, in the same words, each with its row.

Whole columns are looked at for rows that may be wrong: of a column only its distinct values are read, and a
column whose type can hold nothing wrong is not looked at. What is wrong with such a row is then said by
`ticketfile`, as if it were a line. Needs pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.errors import AccordError, Position, Problem, Wrong
from connector.evaluate.arrays import Bools, Ints
from connector.evaluate.bulk import change_columns, schema_of
from connector.evaluate.values import fault, fault_of_reference
from connector.model.instant import FIRST_YEAR, LAST_YEAR
from connector.model.kind import FieldType, Kind
from connector.ticketfile import fault_of_line
from connector.yamldoc import suggest

Types = Mapping[str, frozenset[FieldType]]  # by field: the types that the kinds and the rules give it

_FITS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.INTEGER: ("is_integer", "is_floating"),
    FieldType.NUMBER: ("is_integer", "is_floating"),
    FieldType.BOOLEAN: ("is_boolean",),
    FieldType.LIST: ("is_string", "is_integer", "is_floating", "is_list"),
    **dict.fromkeys(
        (FieldType.STRING, FieldType.TEXT, FieldType.REFERENCE),
        ("is_string", "is_integer", "is_floating", "is_boolean"),
    ),
}


_COLUMNS = ("kind", "source", "id", "key", "url", "updated", "history", "fields", "changes")
_CHANGE = ("at", "field", "from", "to", "by")
_EXPECTED = {
    "fields": "a struct with a column for each field, or JSON text",
    "changes": "a list of structs with at, field, from and to, or JSON text",
}


def check_schema(path: Path) -> None:
    """Raise Wrong where the columns of *path* are not those of tickets. Columns that a library adds for
    itself (`__…`) are left alone."""
    schema = schema_of(path)
    names = [name for name in schema.names if not name.startswith("__")]
    problems = [
        Problem(f"{path}: unknown column {name!r}", hint=suggest(name, _COLUMNS))
        for name in names
        if name not in _COLUMNS
    ]
    needed = [name for name in ("kind", "fields") if name not in names]
    needed += [] if {"id", "key"} & set(names) else ["id"]
    known = f"the columns of tickets are {', '.join(_COLUMNS)}"
    problems += [Problem(f"{path}: there is no column {name!r}", hint=known) for name in needed]
    for name, expected in _EXPECTED.items():
        column = schema.field(name).type if name in names else pa.string()
        is_text = pa.types.is_string(column) or pa.types.is_large_string(column)
        if not (is_text or _is_shaped(name, column)):
            problems.append(Problem(f"{path}: column {name!r} is {expected}, not {column}"))
        elif name == "changes" and not is_text:
            problems += _of_changes(path, column.value_type)
    if problems:
        raise Wrong(problems)


def _of_changes(path: Path, column: Any) -> Iterator[Problem]:
    names = [each.name for each in column]
    for name in names:
        if name not in _CHANGE:
            yield Problem(f"{path}: unknown column 'changes.{name}'", hint=suggest(name, _CHANGE))
    for name in ("at", "field"):
        if name not in names:
            yield Problem(f"{path}: there is no column 'changes.{name}'")


def _is_shaped(name: str, column: Any) -> bool:
    if name == "fields":
        return bool(pa.types.is_struct(column) or pa.types.is_map(column))
    is_list = pa.types.is_list(column) or pa.types.is_large_list(column)
    return bool(is_list and pa.types.is_struct(column.value_type))


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Finds the wrong rows of the file at *path*. *uses*: as for `inspect_ticket_file`; *columns*: those to
    look at, as far as the file's statistics can tell; *begins*: the number of each row group's first row."""

    path: Path
    kinds: Mapping[str, Kind]
    uses: Mapping[str, FieldType]
    types: Types
    columns: Sequence[str]
    begins: Sequence[int]

    def bad(self, table: Any, group: int, start: int) -> list[tuple[int, Problem]]:
        """The wrong rows of *table*, which begins at row *start* of *group*, and what is wrong with each."""
        rows = np.flatnonzero(_doubtful(table, self.columns, self.kinds, self.types))
        if not len(rows):
            return []
        found = []
        for row, line in zip(rows.tolist(), _as_lines(self.path, group, rows + start), strict=True):
            place = Position(str(self.path), self.begins[group] + start + row + 1)
            problem = fault_of_line(line, place, self.kinds, self.uses)
            if problem is not None:
                found.append((row, problem))
        return found


def row_check(path: Path, kinds: Mapping[str, Kind], uses: Mapping[str, FieldType]) -> RowCheck:
    """What finds the wrong rows of *path*. Raises AccordError for a file without rows."""
    about = pq.read_metadata(path)
    if not about.num_rows:
        raise AccordError(f"{path} is empty", hint="one ticket a row")
    types, schema = _types(kinds, uses), schema_of(path)
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    columns = dict.fromkeys(name for group in groups for name in _columns(group, schema, kinds, types))
    begins = [0, *accumulate(group.num_rows for group in groups)]
    return RowCheck(path, kinds, uses, types, tuple(columns), begins)


def _types(kinds: Mapping[str, Kind], uses: Mapping[str, FieldType]) -> Types:
    found = {name: {kind} for name, kind in uses.items()}
    for kind in kinds.values():
        for name, declared in kind.fields.items():
            found.setdefault(name, set()).add(declared.type)
    return {name: frozenset(several) for name, several in found.items()}


def _columns(about: Any, schema: Any, kinds: Mapping[str, Kind], types: Types) -> list[str]:
    """The columns of a row group that may hold something wrong, as far as the file's statistics can tell."""
    chunks = [about.column(n) for n in range(about.num_columns)]
    told = {chunk.path_in_schema: chunk.statistics for chunk in chunks}
    names = [name for name in ("id", "key") if name in schema.names]
    found = change_columns(schema, ("field", "from", "to"))
    found += [] if any(_is_given(told.get(name)) for name in names) else names
    found += [] if _is_among(told.get("kind"), kinds) else ["kind"]
    instants = [*change_columns(schema, ("at",)), "fields.opened"]
    found += [name for name in instants if not _is_given(told.get(name)) or not _is_in_years(told[name])]
    for each in schema.field("fields").type:
        if each.name != "opened" and not all(_fits(each.type, kind) for kind in types.get(each.name, ())):
            found.append(f"fields.{each.name}")
    return found


def _is_given(told: Any) -> bool:
    """Whether the statistics of a column say that no value is missing or empty."""
    return told is not None and told.has_min_max and told.null_count == 0 and told.min != ""


def _is_among(told: Any, names: Mapping[str, Any]) -> bool:
    return _is_given(told) and told.min == told.max and told.min in names


def _is_in_years(told: Any) -> bool:
    try:
        return bool(told.min.year > FIRST_YEAR and told.max.year < LAST_YEAR)
    except OverflowError:  # later than a datetime can say
        return False


def _fits(column: Any, kind: FieldType) -> bool:
    """Whether a column of that Arrow type can hold values of *kind* only."""
    if pa.types.is_dictionary(column):
        column = column.value_type
    return any(getattr(pa.types, test)(column) for test in _FITS.get(kind, ()))


def _doubtful(table: Any, columns: Sequence[str], kinds: Mapping[str, Kind], types: Types) -> Bools:
    """The rows of *table* that may be wrong, by these *columns* of it."""
    found = _doubtful_changes(table.column("changes"), types, any(c.endswith(".at") for c in columns))
    if "kind" in columns:
        found |= ~_is_one_of(table.column("kind"), set(kinds))
    if names := [table.column(name) for name in ("id", "key") if name in columns]:
        found |= np.logical_and.reduce([_is_nothing(column) for column in names])
    fields = table.column("fields") if "fields" in table.schema.names else pa.array([], pa.struct([]))
    for number, each in enumerate(fields.type):
        if f"fields.{each.name}" in columns:
            column = fields.flatten()[number]
            if each.name == "opened":
                found |= _is_nothing(column) | _out_of_years(column)
            else:
                found |= _unreadable(column, types.get(each.name, frozenset()))
    return found


def _doubtful_changes(lists: Any, types: Types, instants: bool) -> Bools:
    """By ticket, whether one of its changes may be wrong; *instants*: look at when they were too."""
    changes = lists.flatten()
    column = {changes.type.field(n).name: each for n, each in enumerate(changes.flatten())}
    field = _coded(column["field"])
    bad = _is_nothing(column["field"])
    if instants:
        bad |= _is_nothing(column["at"]) | _out_of_years(column["at"])
    names = field.dictionary.to_pylist()
    for name in ("from", "to"):
        told = _coded(column[name])
        values = told.dictionary.to_pylist()
        for number, of_field in enumerate(names):
            wrong = np.array([_is_wrong(each, types.get(of_field, frozenset())) for each in values] + [False])
            if wrong.any():
                rows = np.flatnonzero(_codes(field) == number)
                bad[rows] |= wrong[_codes(told)[rows]]
    if not bad.any():
        return np.zeros(len(lists), np.bool_)
    owner = np.repeat(np.arange(len(lists)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    return np.asarray(np.bincount(owner[bad], minlength=len(lists)) > 0, np.bool_)


def _codes(told: Any) -> Ints:
    """The codes of a dictionary's column; -1 where it is null."""
    return np.asarray(pc.fill_null(told.indices, -1).to_numpy(zero_copy_only=False))


def _is_one_of(column: Any, names: set[str]) -> Bools:
    told = _coded(column)
    known = np.array([each in names for each in told.dictionary.to_pylist()] + [False], np.bool_)
    return np.asarray(known[_codes(told)], np.bool_)


def _is_nothing(column: Any) -> Bools:
    """Null, or text without a letter: no id."""
    nothing = column.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_string(column.type):
        nothing = nothing | pc.fill_null(pc.equal(pc.binary_length(column), 0), True).to_numpy(
            zero_copy_only=False
        )
    return np.asarray(nothing, np.bool_)


def _out_of_years(column: Any) -> Bools:
    years = (FIRST_YEAR, LAST_YEAR + 1)
    ends = [pa.scalar(datetime(year, 1, 1, tzinfo=UTC), column.type) for year in years]
    outside = pc.or_(pc.less(column, ends[0]), pc.greater_equal(column, ends[1]))
    return np.asarray(pc.fill_null(outside, False).to_numpy(zero_copy_only=False), np.bool_)


def _unreadable(column: Any, kinds: frozenset[FieldType]) -> Bools:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None and kinds <= {FieldType.DATETIME}:
        return np.zeros(len(column), np.bool_)
    if pa.types.is_nested(column.type):
        return np.array([_is_wrong(each, kinds) for each in column.to_pylist()], np.bool_)
    told = _coded(column)
    wrong = np.array([_is_wrong(each, kinds) for each in told.dictionary.to_pylist()] + [False], np.bool_)
    return np.asarray(wrong[_codes(told)], np.bool_)


def _is_wrong(value: Any, kinds: frozenset[FieldType]) -> bool:
    if value is None or value == "":
        return False
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, dict) and fault_of_reference(value):
        return True
    return any(fault(value, kind) for kind in kinds)


def _coded(column: Any) -> Any:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _as_lines(path: Path, group: int, rows: Ints) -> Iterator[bytes]:
    """These rows of a group (ascending) as the lines that would say the same."""
    begin = 0
    for batch in pq.ParquetFile(path, buffer_size=1 << 20).iter_batches(
        row_groups=[group], use_threads=False
    ):
        here = rows[(rows >= begin) & (rows < begin + len(batch))] - begin
        begin += len(batch)
        for values in batch.take(pa.array(here)).to_pylist():
            yield msgspec.json.encode({name: value for name, value in values.items() if value is not None})
        if begin > rows[-1]:
            return
