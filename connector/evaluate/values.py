"""Raw values of records and histories as values of a field's declared type. One value at a time, for
dictionaries.

How values compare is not decided here (see `judge`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector.model.instant import parse_instant, parse_length
from connector.model.kind import FieldType
from connector.model.record import Reference, Value

_TRUE_OR_FALSE = {"true": True, "1": True, "false": False, "0": False}


def typed(raw: Value, kind: FieldType, names: Mapping[str, str] | None = None) -> Value:
    """*raw* as a value of *kind*: None where empty; what does not fit stays text, a datetime or length that
    cannot be read is None. *names* gives the names of references that a history tells by id alone."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, Mapping):
        id_or_name = raw.get("id") or raw.get("name")
        if not id_or_name:
            return None
        name = raw.get("name")
        raw = Reference(str(id_or_name), None if name is None else str(name))
    return _READERS.get(kind, _text)(raw) if kind is not FieldType.REFERENCE else _reference(raw, names or {})


def _text(raw: Any) -> Value:
    if isinstance(raw, str | Reference):
        return raw
    if isinstance(raw, list | tuple):
        return tuple(map(str, raw))
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _reference(raw: Any, names: Mapping[str, str]) -> Value:
    if isinstance(raw, Reference):
        return raw if raw.name else Reference(raw.id, names.get(raw.id))
    return Reference(str(raw), names.get(str(raw)))


def _number(raw: Any) -> Value:
    if isinstance(raw, int | float):
        return raw
    text = str(raw).strip()
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _boolean(raw: Any) -> Value:
    return raw if isinstance(raw, bool) else _TRUE_OR_FALSE.get(str(raw).lower(), str(raw))


def _instant(raw: Any) -> Value:
    if isinstance(raw, int):
        return raw
    try:
        return parse_instant(str(raw))
    except (ValueError, OverflowError):
        return None


def length(raw: Any) -> Value:
    """A length of time in milliseconds (`4h`, `PT4H`, or a number of them already); None where it is none."""
    if isinstance(raw, int):
        return raw
    try:
        return parse_length(str(raw))
    except (ValueError, OverflowError):
        return None


def _list(raw: Any) -> Value:
    if isinstance(raw, str) and raw.startswith("["):  # as text tells a list: in columns of text
        try:
            raw = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return (raw,)
    members = raw if isinstance(raw, list | tuple) else (raw,)
    return tuple(member if isinstance(member, Reference) else str(member) for member in members) or None


_READERS = {
    FieldType.INTEGER: _number,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATETIME: _instant,
    FieldType.DURATION: length,
    FieldType.LIST: _list,
}


def fault(raw: Value, kind: FieldType) -> str | None:
    """Why *raw*, as a file gives it, is no value of *kind*; None where it is one."""
    if kind is FieldType.LIST:
        return None if isinstance(raw, list | str | int | float) else f"{raw!r} is not a list"
    if isinstance(raw, dict):
        expected = f"{_a(kind)} is expected here, not a mapping"
        return fault_of_reference(raw) if kind is FieldType.REFERENCE else expected
    if isinstance(raw, list):
        return f"{_a(kind)} is expected here, not a list"
    if kind in (FieldType.DATETIME, FieldType.DURATION):
        return _unreadable(raw, kind)
    if kind in (FieldType.INTEGER, FieldType.NUMBER):
        return f"{raw!r} is not a number" if isinstance(_number(raw), str | bool) else None
    if kind is FieldType.BOOLEAN and not isinstance(_boolean(raw), bool):
        return f"{raw!r} is neither true nor false"
    return None


def fault_of_reference(raw: Mapping[str, Value]) -> str | None:
    """Why a mapping is no reference; None where it is one."""
    if not {"id", "name"} & raw.keys():
        return "a reference needs an id or a name"
    odd = [key for key in ("id", "name") if isinstance(raw.get(key), list | dict | bool)]
    return f"the {odd[0]} of a reference is text, not {raw[odd[0]]!r}" if odd else None


def _a(kind: FieldType) -> str:
    return f"{'an' if kind is FieldType.INTEGER else 'a'} {kind}"


def _unreadable(raw: Value, kind: FieldType) -> str | None:
    try:
        parse_instant(str(raw)) if kind is FieldType.DATETIME else parse_length(str(raw))
    except (ValueError, OverflowError) as error:
        return str(error)
    return None
