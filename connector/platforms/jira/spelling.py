"""How Jira writes values: JSON objects with ids and names, dates with an offset, rich text as documents.

Pure but for the categories of statuses, which come in. Objects are plain dictionaries, as JSON gives them.
Source: Jira Cloud platform REST API, issue fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from connector.model.instant import Instant, from_datetime, to_datetime
from connector.model.kind import FieldType
from connector.model.record import Reference, Value
from connector.platforms.jira.facts import JiraField
from connector.platforms.jira.richtext import lines_of, plain, written

_ON_TOP = ("id", "key")  # what stands beside an issue's fields
_NAMES = ("displayName", "name", "value", "key", "title", "epochMillis", "millis")
_IDS = ("accountId", "id", "groupId", "key", "name")
_GROUP_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")  # on Cloud; people call groups by name
_SECONDS_END = 100_000_000_000  # a smaller number is seconds: in milliseconds it would be before 1973


def parse_instant(raw: Any) -> Instant:
    """An instant in any form that Jira gives one: ISO 8601 text, a date alone (its midnight in UTC), seconds
    or milliseconds since the epoch, or the service desk's object of all of them; else ValueError."""
    if isinstance(raw, dict):
        raw = raw.get("epochMillis", raw.get("iso8601"))
    if isinstance(raw, bool) or raw is None:
        raise ValueError("no instant")
    if isinstance(raw, int | float):
        return int(raw * 1000) if abs(raw) < _SECONDS_END else int(raw)
    text = str(raw).strip()
    if text.lstrip("-").isdigit() and len(text) > 8:
        return parse_instant(int(text))
    if len(text) == 10:
        return from_datetime(datetime.combine(date.fromisoformat(text), time(), UTC))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return from_datetime(moment)


def format_instant(instant: Instant) -> str:
    """*instant* as a field takes it: exactly three digits of a second and an offset without a colon."""
    return f"{to_datetime(instant).strftime('%Y-%m-%dT%H:%M:%S')}.{instant % 1000:03d}+0000"


class JiraSpelling:
    """Values of issues. *category* tells the category of a status by its id or name."""

    def __init__(self, category: Callable[[str], str] = lambda _: "") -> None:
        self._category = category

    def pick(self, raw: Mapping[str, Any], origin: str) -> Any:
        """What stands under *origin*: `id` and `key` of the issue, else a field and a path into its value."""
        if origin in _ON_TOP:
            return raw.get(origin)
        fields = raw.get("fields") or {}
        head, _, rest = origin.partition(".")
        value = fields.get(head)
        for step in rest.split(".") if rest else ():
            if isinstance(value, list):
                value = value[0] if value else None
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def text(self, raw: Any) -> str:
        """*raw* as text: what people call it, else its id; of several the first."""
        if isinstance(raw, list):
            return self.text(raw[0]) if raw else ""
        if isinstance(raw, dict):
            if raw.get("type") == "doc":
                return plain(raw)
            return _first(raw, _NAMES) or _first(raw, _IDS)
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, float) and raw.is_integer():
            return str(int(raw))
        return "" if raw is None else str(raw)

    def words(self, raw: Any) -> Sequence[str]:
        """Its name; its id as `id:10001`; of a status also its category, as `category:done`."""
        if isinstance(raw, list):
            return self.words(raw[0]) if raw else ()
        if not isinstance(raw, dict):
            return (self.text(raw),)
        found = [self.text(raw)]
        if raw.get("id") is not None:
            found.append(f"id:{raw['id']}")
        category = (raw.get("statusCategory") or {}).get("key") or self._category(str(raw.get("id") or ""))
        return [*found, f"category:{category}"] if category else found

    def parse(self, raw: Any, type_: FieldType) -> Value:
        """*raw* as a value of *type_*; ValueError where it is none."""
        match type_:
            case FieldType.INTEGER:
                return int(float(self.text(raw)))
            case FieldType.NUMBER:
                return float(self.text(raw))
            case FieldType.BOOLEAN:
                return _boolean(self.text(raw))
            case FieldType.DATETIME:
                return parse_instant(raw)
            case FieldType.DURATION:
                return _length(raw)
            case FieldType.LIST:
                return [self.text(raw)]
            case FieldType.REFERENCE:
                return self._reference(raw)
            case _:
                return self.text(raw)

    def _reference(self, raw: Any) -> Reference:
        if isinstance(raw, list):
            raw = raw[0]
        if not isinstance(raw, dict):
            return Reference(self.text(raw))
        name = _first(raw, _NAMES)
        return Reference(_first(raw, _IDS) or name, name or None)

    def write(self, value: Value, type_: FieldType) -> Any:
        """*value* in plain JSON; `shaped` fits it to the field it goes into."""
        if isinstance(value, Reference):
            return value.id
        if isinstance(value, list | tuple):
            return [self.write(item, FieldType.STRING) for item in value]
        if type_ is FieldType.DATETIME and isinstance(value, int):
            return format_instant(value)
        return value


def shaped(field: JiraField, value: Any, *, is_cloud: bool) -> Any:
    """A plain *value* as that field takes it: people by id, options by value, long text as a document."""
    if value is None or value == "":
        return None
    if field.type == "array":
        items = value if isinstance(value, list) else [value]
        if field.items == "string":  # a label is one word
            return ["_".join(str(item).split()) for item in items]
        one = JiraField(field.id, field.name, field.items)
        return [shaped(one, item, is_cloud=is_cloud) for item in items]
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    match field.type:
        case "user":
            return {"accountId" if is_cloud else "name": str(value)}
        case "option":
            return {"id": str(value)} if str(value).isdigit() else {"value": str(value)}
        case "priority" | "resolution" | "component" | "version" | "issuetype" | "securitylevel":
            return {"id": str(value)} if str(value).isdigit() else {"name": str(value)}
        case "group":
            return {"groupId" if is_cloud and _GROUP_ID.fullmatch(str(value)) else "name": str(value)}
        case "project" | "issuelink":
            return {"id": str(value)} if str(value).isdigit() else {"key": str(value)}
        case "number":
            return float(value)
        case "date":
            return str(value)[:10]
        case "datetime":
            return str(value)
        case "sd-customerorganization":
            return int(value) if str(value).isdigit() else str(value)
    is_long = field.id in ("description", "environment") or field.custom.endswith(":textarea")
    if is_long:
        return written(lines_of(str(value)), as_document=is_cloud)
    return str(value)


def _first(raw: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((str(raw[name]) for name in names if raw.get(name) is not None), "")


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "yes", "1"):
        return True
    if text.lower() in ("false", "no", "0"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _length(raw: Any) -> int:
    """Milliseconds; a bare number is seconds, as in Jira's own estimates."""
    if isinstance(raw, dict):
        return int(raw["millis"])
    return int(float(raw) * 1000)
