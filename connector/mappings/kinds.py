"""The canonical kinds, read from `kinds/*.yaml`: their work product, fields, types and meanings.

A kind may extend another and states only what differs. How a platform spells a field is not said here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field as Key
from pydantic import model_validator

from connector.errors import Problem, Wrong
from connector.model.kind import Field, FieldType, Kind
from connector.paths import shipped
from connector.shape import Shape, fit
from connector.yamldoc import Document, read_file, suggest


class FieldShape(Shape):
    """A field of a kind; a type alone may be written for it."""

    type: FieldType
    values: list[str] = Key(default_factory=list)
    meaning: str = ""
    moves: bool = False

    @model_validator(mode="before")
    @classmethod
    def _type_alone(cls, given: Any) -> Any:
        return {"type": given} if isinstance(given, str) else given


class KindShape(Shape):
    """A file in `kinds/`."""

    kind: str
    extends: str | None = None
    abstract: bool = False
    ticket: bool = False
    work_product: str = ""
    fields: dict[str, FieldShape] = Key(default_factory=dict)


@cache
def shipped_kinds() -> Mapping[str, Kind]:
    """The kinds that come with this copy, by name; only tickets run clocks."""
    return MappingProxyType(read_kinds([shipped("mappings") / "kinds"]))


def read_kinds(folders: list[Path]) -> dict[str, Kind]:
    """The kinds of all *folders*; a later folder may extend or replace what an earlier one declares.

    Raises Wrong with every problem of every file, each with its place.
    """
    shapes: dict[str, tuple[KindShape, Document]] = {}
    problems: list[Problem] = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        for document in read_file(path, shown_as=shown_name(path)):
            shape, found = fit(KindShape, document)
            problems += found
            if shape is not None:
                shapes[shape.kind] = (shape, document)
    if problems:
        raise Wrong(problems)
    kinds = {name: _resolve(name, shapes, problems) for name in shapes}
    if problems:
        raise Wrong(dict.fromkeys(problems))
    return {name: kind for name, kind in sorted(kinds.items()) if not shapes[name][0].abstract}


def shown_name(path: Path) -> str:
    """How messages name a file: one that shipped by its path within the copy, another as it is."""
    root = shipped("mappings").parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _resolve(
    name: str,
    shapes: Mapping[str, tuple[KindShape, Document]],
    problems: list[Problem],
    below: tuple[str, ...] = (),
) -> Kind:
    """The kind *name* with what it extends laid under it; *below* are the kinds that led here."""
    shape, document = shapes[name]
    fields: dict[str, Field] = {}
    is_ticket = shape.ticket
    if shape.extends is not None:
        place = document.place("extends")
        if shape.extends not in shapes:
            problems.append(
                Problem(f"there is no kind {shape.extends!r}", place, suggest(shape.extends, shapes))
            )
        elif shape.extends in (name, *below):
            problems.append(Problem(f"the kind {name!r} extends itself", place))
        else:
            parent = _resolve(shape.extends, shapes, problems, (name, *below))
            fields, is_ticket = dict(parent.fields), is_ticket or parent.is_ticket
    fields |= {
        field: Field(field, given.type, given.meaning, tuple(given.values), given.moves)
        for field, given in shape.fields.items()
    }
    return Kind(name, shape.work_product, MappingProxyType(fields), is_ticket)
