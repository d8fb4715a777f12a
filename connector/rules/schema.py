"""How values that the rule reader types itself look in the JSON Schema for editors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema


def _mapping(data: Any) -> Any:
    if data is not None and not isinstance(data, dict):
        raise ValueError("a mapping of keys is expected here")
    return data


def _list(data: Any) -> Any:
    if data is not None and not isinstance(data, list):
        raise ValueError("a list is expected here")
    return data


def _texts(data: Any) -> Any:
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, list) and all(isinstance(item, str) for item in data):
        return data
    raise ValueError("a text or a list of texts is expected here")


ANY = Annotated[Any, WithJsonSchema({})]
IS_CONDITION = "x-condition"  # `jsonschema` puts the schema of conditions where this stands
CONDITION = Annotated[Any, WithJsonSchema({IS_CONDITION: True})]
NAMES = Annotated[
    Any,
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
NOTE = Annotated[str | None, WithJsonSchema({"type": ["string", "boolean", "null"]})]
LENGTH = Annotated[Any, WithJsonSchema({"type": "string", "description": "15m, 4h, 1h30m, 90s"})]
SHARE = Annotated[Any, WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?%$"})]
DATE = Annotated[Any, WithJsonSchema({"type": "string", "format": "date"})]
MAPPING = Annotated[Any, BeforeValidator(_mapping), WithJsonSchema({"type": "object"})]
LIST = Annotated[Any, BeforeValidator(_list), WithJsonSchema({"type": "array"})]
PART = Annotated[Any, WithJsonSchema({"type": "object"})]  # checked by a form of its own
ROWS = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "object"}})]  # row by row
LINES = Annotated[
    Any, WithJsonSchema({"type": "object", "additionalProperties": {"type": ["array", "null"]}})
]
BOUND = Annotated[
    Any,
    WithJsonSchema({"type": ["string", "number", "array"], "description": "a value, or rows of {when, is}"}),
]
