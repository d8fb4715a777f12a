"""How ServiceNow writes values: everything is a string, date-times are UTC without a zone, empty is `""`.

Source: Table API, response shapes. A duration is a date-time that long after 1970 (glide_duration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.model.instant import Instant, from_datetime, to_datetime
from connector.model.kind import FieldType
from connector.model.record import Reference, Value

_FORM = "%Y-%m-%d %H:%M:%S"
EDITION = "sys_mod_count"  # counts every update of a record that changed anything
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def parse_instant(text: str) -> Instant:
    """The instant of `YYYY-MM-DD HH:MM:SS` (or a date alone, its midnight), read as UTC; else ValueError."""
    if len(text) == 19 and text[10] == " ":  # ten times as quick as strptime, and histories are full of them
        return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))
    form = _FORM if len(text) > 10 else "%Y-%m-%d"
    return from_datetime(datetime.strptime(text, form).replace(tzinfo=UTC))


def format_instant(instant: Instant) -> str:
    """*instant* as the platform writes it, cut to the second."""
    return to_datetime(instant // 1000 * 1000).strftime(_FORM)


def edition_of(raw: Mapping[str, Any]) -> int | None:
    """How often a raw record was updated; None where it does not show that."""
    written = str(raw.get(EDITION) or "").replace(",", "")
    return int(written) if written.isdigit() else None


class ServiceNowSpelling:
    """Values of the Table API and of the audit table."""

    def pick(self, raw: Mapping[str, Any], origin: str) -> Any:
        """What stands under *origin*; dot-walked fields come back under one key with the dots."""
        return raw.get(origin)

    def text(self, raw: Any) -> str:
        """*raw* as text; of a reference with its link, the id."""
        if isinstance(raw, Mapping):
            raw = raw.get("value", "")
        return "" if raw is None else str(raw)

    def words(self, raw: Any) -> Sequence[str]:
        """Its one word."""
        return (self.text(raw),)

    def parse(self, raw: Any, type_: FieldType) -> Value:
        """*raw* as a value of *type_*; ValueError where it is none."""
        text = self.text(raw)
        match type_:
            case FieldType.INTEGER:
                return int(text.replace(",", "") or "0")
            case FieldType.NUMBER:
                return float(text.replace(",", "") or "0")
            case FieldType.BOOLEAN:
                return _boolean(text)
            case FieldType.DATETIME | FieldType.DURATION:
                return parse_instant(text)
            case FieldType.LIST:
                return [part.strip() for part in text.split(",") if part.strip()]
            case FieldType.REFERENCE:
                name = raw.get("display_value") if isinstance(raw, Mapping) else None
                return Reference(text, name)
            case _:
                return text

    def write(self, value: Value, type_: FieldType) -> str:
        """*value* as text for a request's body."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Reference):
            return value.id
        if isinstance(value, list | tuple):
            return ",".join(str(self.write(item, FieldType.STRING)) for item in value)
        if type_ in (FieldType.DATETIME, FieldType.DURATION) and isinstance(value, int):
            return format_instant(value)
        return str(value)


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")
