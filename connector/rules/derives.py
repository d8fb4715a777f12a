"""Derived fields: `derive` documents, in the order in which they must be computed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field as Key

from connector.model.kind import FieldType, Kind
from connector.rules.conditions import Scope, fields_in, read_condition
from connector.rules.fields import TEXTS, Fields, fold, typed
from connector.rules.reading import Form, Reading, Spot, shaped
from connector.rules.rulebook import Derive, DeriveRow
from connector.rules.schema import ANY, CONDITION, ROWS
from connector.rules.values import WrongValue, a


class DeriveForm(Form):
    """A field by table."""

    needs: ClassVar[tuple[str, ...]] = ("from",)
    derive: str
    type: FieldType = Key(FieldType.STRING, description="the type of the derived field")
    from_: ROWS = Key(None, alias="from", description="rows of {when, is}; the first that matches counts")
    default: ANY = Key(None, description="a value or {field: F}, where no row matches")


class RowForm(Form):
    when: CONDITION = None
    is_: ANY = Key(None, alias="is")


def type_of(spot: Spot) -> FieldType:
    """The type that the derive at *spot* declares; a string where it says none, or a wrong one."""
    try:
        return FieldType(spot.data.get("type", "string"))
    except ValueError:
        return FieldType.STRING


def words_of(spot: Spot) -> frozenset[str]:
    """The values that the derive at *spot* can take, folded; none where its table does not tell."""
    rows = spot.data.get("from")
    given = [row.get("is") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    given.append(spot.data.get("default"))
    if type_of(spot) not in TEXTS or any(isinstance(each, dict | list) for each in given):
        return frozenset()
    return frozenset(fold(str(each)) for each in given if each is not None)


def read_derive(reading: Reading, spot: Spot, fields: Fields, calendars: Collection[str]) -> Derive | None:
    """The derived field at *spot*; None where nothing can be made of it."""
    form = shaped(reading, spot, DeriveForm)
    if form is None:
        return None
    scope = Scope(fields, calendars, "cannot be asked in `derive`, which is a table of values")
    rows = list(_rows(reading, spot / "from", form.type, scope)) if "from" in form else []
    if "default" in form:
        rows.append(_outcome(reading, spot / "default", form.type, scope, None))
    return Derive(str(spot.data["derive"]), form.type, tuple(rows), spot.place)


def _rows(reading: Reading, spot: Spot, kind: FieldType, scope: Scope) -> Iterator[DeriveRow]:
    if not isinstance(spot.data, list):
        hint = "write from: [{when: {…}, is: …}]"
        reading.wrong("wrong-type", spot, "`from` is a list of rows", hint)
    for item in spot.items():
        if (row := _row(reading, item, kind, scope)) is not None:
            yield row


def _row(reading: Reading, spot: Spot, kind: FieldType, scope: Scope) -> DeriveRow | None:
    form = shaped(reading, spot, RowForm)
    if form is not None and not spot.has("is"):  # null is a value: empty
        reading.wrong("missing-key", spot, "`is` is missing")
    if form is None or not spot.has("is"):
        return None
    when = read_condition(reading, spot / "when", scope) if "when" in form else None
    return _outcome(reading, spot / "is", kind, scope, when)


def _outcome(reading: Reading, spot: Spot, kind: FieldType, scope: Scope, when: Any) -> DeriveRow:
    try:
        if isinstance(spot.data, dict):
            return DeriveRow(when, field=_source(spot.data, kind, scope))
        return DeriveRow(when, value=_value(spot.data, kind))
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return DeriveRow(when)


def _source(data: Mapping[str, Any], kind: FieldType, scope: Scope) -> str:
    name = data.get("field")
    if set(data) != {"field"} or not isinstance(name, str):
        raise WrongValue("a value or {field: F} is expected here", None, "wrong-type")
    found = scope.fields.type_of(name)
    if found is not kind and not (found in TEXTS and kind in TEXTS) and kind not in TEXTS:
        raise WrongValue(f"`{name}` is {a(found)}, the derived field {a(kind)}", None, "wrong-type")
    return name


def _value(data: Any, kind: FieldType) -> Any:
    """The value as it is shown: text keeps its case."""
    if kind is FieldType.LIST and isinstance(data, list):
        return [str(item) for item in data]
    value = typed(data, kind)
    return data if isinstance(value, str) else value


def ordered(reading: Reading, derives: Mapping[str, Derive]) -> tuple[Derive, ...]:
    """*derives* so that each comes after those it reads; circles are errors."""
    done: dict[str, Derive] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done or name not in derives:
            return
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            reading.wrong("circle", derives[name].place, f"derived fields read each other: {circle}")
            return
        for below in sorted(reads(derives[name])):
            visit(below, (*path, name))
        done[name] = derives[name]

    for name in derives:
        visit(name, ())
    return tuple(done.values())


def reads(derive: Derive) -> set[str]:
    """The fields that *derive* is computed from."""
    found = {row.field for row in derive.rows if row.field}
    for row in derive.rows:
        found |= fields_in(row.when)
    return found


def check_name(reading: Reading, spot: Spot, kinds: Mapping[str, Kind]) -> None:
    """A derived field may not carry the name of a field that records have."""
    name = spot.data["derive"]
    owners = [kind.name for kind in kinds.values() if name in kind.fields]
    if owners or name in ("source", "kind"):
        what = f"`{name}` is a field of {owners[0] if owners else 'every record'} already"
        reading.wrong("doubled-name", spot / "derive", what, "choose another name")
