"""The shapes of files: pydantic models that tell a user's mistakes with file, line, column and a guess.

A shape says which keys a mapping may have and of what type each is; what they mean together is checked where
they are read. Shapes also give the JSON Schema for editors.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from connector.errors import Problem
from connector.yamldoc import Document, suggest


class Shape(BaseModel):
    """A mapping of known keys; anything else is an error with a suggestion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # commands need few of the shapes: each is built when first something is fitted
    )


S = TypeVar("S")


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Building one is dear, using it is not."""
    return TypeAdapter(shape)


@overload
def fit(shape: type[S], document: Document, *loc: str | int) -> tuple[S | None, list[Problem]]: ...


@overload
def fit(shape: Any, document: Document, *loc: str | int) -> tuple[Any, list[Problem]]: ...


def fit(shape: Any, document: Document, *loc: str | int) -> tuple[Any, list[Problem]]:
    """What stands at *loc* of *document* as *shape*, or None and every problem found, each with its place."""
    data = document.data
    for part in loc:
        data = data[part]
    try:
        return _adapter(shape).validate_python(data), []
    except ValidationError as failure:
        problems = [
            _problem(shape, document, loc, dict(error)) for error in failure.errors(include_url=False)
        ]
        return None, list(dict.fromkeys(problems))


def _problem(shape: Any, document: Document, base: tuple[str | int, ...], error: dict[str, Any]) -> Problem:
    loc = (*base, *_in_document(document, base, error["loc"]))
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(shape, error["loc"][:-1])
        return Problem(f"unknown key {loc[-1]!r}", document.key_place(*loc), _guess(str(loc[-1]), known))
    if kind == "missing":
        return Problem(f"{_name(loc[-1])} is missing", document.place(*loc[:-1]))
    what, hint = _words(kind, context, error)
    subject = f"{_name(loc[-1])}: " if loc else ""
    return Problem(subject + what, document.place(*loc), hint)


def _words(kind: str, context: dict[str, Any], error: dict[str, Any]) -> tuple[str, str | None]:
    """What pydantic found, in words for an admin, and a hint."""
    given = error.get("input")
    if kind in ("literal_error", "enum"):
        known = [
            word.strip("'") for word in str(context.get("expected", "")).replace(" or ", ", ").split(", ")
        ]
        return f"{given!r} is not one of {', '.join(known)}", suggest(str(given), known)
    if kind == "value_error":
        return str(context.get("error", error["msg"])), None
    plain = {
        "int_parsing": f"{given!r} is not a whole number",
        "int_type": f"{given!r} is not a whole number",
        "float_parsing": f"{given!r} is not a number",
        "bool_parsing": f"{given!r} is neither true nor false",
        "greater_than_equal": f"{given!r} is less than {context.get('ge')}",
        "less_than_equal": f"{given!r} is more than {context.get('le')}",
        "string_type": "a text is expected here" if given is not None else "nothing is written here",
        "dict_type": "a mapping of keys is expected here",
        "model_type": "a mapping of keys is expected here",
        "model_attributes_type": "a mapping of keys is expected here",
        "list_type": "a list is expected here",
    }
    return plain.get(
        kind, str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    ), None


def _guess(word: str, known: list[str]) -> str | None:
    guess = suggest(word, known)
    return guess or (f"known here: {', '.join(sorted(known))}" if 0 < len(known) <= 12 else None)


def _name(part: str | int) -> str:
    return f"item {part + 1}" if isinstance(part, int) else f"`{part}`"


def _in_document(
    document: Document, base: tuple[str | int, ...], loc: tuple[Any, ...]
) -> Iterator[str | int]:
    """*loc* without the names that pydantic puts in for the branches of a union."""
    data = document.data
    for part in base:
        data = data[part]
    for index, part in enumerate(loc):
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data = data[part]
            yield part
        elif index == len(loc) - 1 and isinstance(data, dict) and isinstance(part, str):
            yield part  # a key that is missing


def _keys_at(shape: Any, loc: tuple[Any, ...]) -> list[str]:
    """The keys that *shape* knows at *loc*; empty where it takes any."""
    candidates = list(_models(shape))
    for part in loc:
        below: list[Any] = []
        for model in candidates:
            if isinstance(model, type) and issubclass(model, BaseModel):
                below += [f.annotation for name, f in model.model_fields.items() if part in (name, f.alias)]
            elif get_origin(model) in (dict, list, tuple):
                below += get_args(model)[-1:]
        named = [m for m in candidates if getattr(m, "__name__", None) == part]  # a branch of a union
        candidates = [deep for model in (named or below) for deep in _models(model)] or candidates
    return [
        field.alias or name
        for model in candidates
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    ]


def _models(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, unions and Annotated unfolded."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _models(part)
    elif origin is Annotated:
        yield from _models(get_args(annotation)[0])
    elif annotation is not type(None):
        yield annotation
