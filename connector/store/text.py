"""How values are kept as text in the store: JSON with sorted keys, references as `{"id", "name"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector.model.cycle import TicketId
from connector.model.record import Reference, Value

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()


def dump(value: Any) -> str:
    """*value* (JSON, with frozen dataclasses as objects) as text; equal values give equal text."""
    return _encoder.encode(value).decode()


def load(text: str) -> Any:
    """What `dump` was given, dataclasses as mappings."""
    return _decoder.decode(text)


def load_value(text: str) -> Value:
    """A field's value; a mapping is a reference, for no other value of a record is one."""
    return _referenced(_decoder.decode(text))


def load_fields(text: str) -> dict[str, Value]:
    """A record's fields."""
    return {name: _referenced(value) for name, value in _decoder.decode(text).items()}


def load_ticket(text: str | None) -> TicketId | None:
    """The ticket that an effect is about."""
    return None if text is None else msgspec.json.decode(text, type=TicketId)


def _referenced(value: Any) -> Value:
    if isinstance(value, Mapping):
        return Reference(value["id"], value.get("name"))
    if isinstance(value, list):
        return [_referenced(one) for one in value]
    return value
