"""Mapping files laid over each other: folders and files gathered, `extends` resolved, places kept.

The result is one document whose every key still knows the file and line it came from. What the keys mean is
not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.errors import Position, Problem, Wrong
from connector.mappings.kinds import shown_name
from connector.paths import shipped
from connector.yamldoc import Document, Loc, read_file, suggest

ROOT = "mapping.yaml"


@dataclass(frozen=True, slots=True)
class Layers:
    """A mapping with everything it extends merged under it, and the folders that may declare kinds."""

    document: Document
    kind_folders: tuple[Path, ...]


def gather(name_or_path: str, base: Path, place: Position | None = None) -> Layers:
    """The mapping *name_or_path*: a shipped one by name, else a folder or file relative to *base*; *place* is
    where it is named.

    Raises Wrong where a file is missing or no mapping, or where mappings extend each other in a circle.
    """
    layers = _gather(_find(name_or_path, base, place), ())
    return Layers(_without_nulls(_extended(layers.document)), layers.kind_folders)


def _gather(path: Path, below: tuple[Path, ...]) -> Layers:
    own = _read(path)
    kinds = (path if path.is_dir() else path.parent) / "kinds"
    under = own.data.get("extends")
    if under is None:
        return Layers(own, (shipped("mappings") / "kinds", kinds))
    place = own.place("extends")
    if not isinstance(under, str):
        raise Wrong([Problem("`extends`: the name or path of one mapping is expected here", place)])
    parent = _find(under, kinds.parent, place)
    if parent in (path, *below):
        raise Wrong([Problem(f"the mapping extends itself through {under!r}", place)])
    deeper = _gather(parent, (path, *below))
    platform, lower = own.data.get("platform"), deeper.document.data.get("platform")
    if platform is not None and platform != lower:
        what = f"`platform` is {platform!r}, but {under!r}, which it extends, is a mapping for {lower!r}"
        raise Wrong([Problem(what, own.place("platform"), "let both name the same platform")])
    return Layers(_over(deeper.document, own), (*deeper.kind_folders, kinds))


def shipped_names() -> list[str]:
    """The mappings that come with this copy."""
    return sorted(path.parent.name for path in shipped("mappings").glob(f"*/{ROOT}"))


def _find(name: str, base: Path, place: Position | None) -> Path:
    if name in shipped_names():
        return shipped("mappings") / name
    path = (base / Path(name).expanduser()).resolve()
    if path.is_file() or (path / ROOT).is_file():
        return path
    if path.is_dir():
        what = f"the folder {path} is no mapping: it has no {ROOT}"
        raise Wrong(
            [Problem(what, place, f"write one with `mapping:`, `platform:` and `extends:` into {ROOT}")]
        )
    hint = suggest(name, shipped_names()) or f"shipped ones: {', '.join(shipped_names())}"
    raise Wrong([Problem(f"there is no mapping {name!r}, neither shipped nor at {path}", place, hint)])


def _read(path: Path) -> Document:
    if path.is_file():
        return _one(path)
    root = _one(path / ROOT)
    for file in sorted(path.glob("*.yaml")):
        if file.name != ROOT:
            root = _over(root, _lifted(_one(file), file.stem))
    return root


def _one(path: Path) -> Document:
    shown = shown_name(path)
    documents = read_file(path, shown_as=shown)
    if len(documents) != 1 or not isinstance(documents[0].data, dict):
        raise Wrong([Problem("one document with a mapping of keys is expected here", Position(shown, 1))])
    return documents[0]


def _lifted(document: Document, kind: str) -> Document:
    """A file of a folder: `records:` as in a whole mapping, or the one record it is named after."""
    if "records" in document.data:
        return document
    head: Loc = ("records", kind)
    keys = {head + loc: place for loc, place in document.keys.items()}
    values = {head + loc: place for loc, place in document.values.items()}
    keys[head] = values[head] = Position(document.file, 1)
    return Document(document.file, {"records": {kind: document.data}}, keys, values)


def _over(under: Document, over: Document) -> Document:
    data = _merged(under.data, over.data)
    return Document(over.file, data, under.keys | over.keys, under.values | over.values)


def _merged(under: Any, over: Any) -> Any:
    """*over* laid over *under*, key by key at every level; a list or scalar replaces what was there."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    both = {key: _merged(under[key], over[key]) if key in over else under[key] for key in under}
    return both | {key: value for key, value in over.items() if key not in under}


def _extended(document: Document) -> Document:
    """*document* with every record laid over the record that it extends; abstract ones are left out."""
    records = document.data.get("records")
    if not isinstance(records, dict):
        return document
    keys, values = dict(document.keys), dict(document.values)
    whole = {kind: _record(document, records, kind, keys, values) for kind in records}
    kept = {
        kind: {key: value for key, value in body.items() if key not in ("extends", "abstract")}
        if isinstance(body, dict)
        else body
        for kind, body in whole.items()
        if not (isinstance(records[kind], dict) and records[kind].get("abstract") == "true")
    }
    return Document(document.file, document.data | {"records": kept}, keys, values)


def _record(
    document: Document,
    records: dict[str, Any],
    kind: str,
    keys: dict[Loc, Position],
    values: dict[Loc, Position],
    below: tuple[str, ...] = (),
) -> Any:
    """One record with what it extends under it; *keys* and *values* learn where the inherited parts stand."""
    body = records[kind]
    under = body.get("extends") if isinstance(body, dict) else None
    if under is None:
        return body
    place = document.place("records", kind, "extends")
    if under not in records:
        raise Wrong([Problem(f"there is no record {under!r} to extend", place, suggest(str(under), records))])
    if under in (kind, *below):
        raise Wrong([Problem(f"the record {kind!r} extends itself", place)])
    deeper = _record(document, records, under, keys, values, (kind, *below))
    for places in (keys, values):
        inherited = {
            ("records", kind, *loc[2:]): at for loc, at in places.items() if loc[:2] == ("records", under)
        }
        for loc, at in inherited.items():
            places.setdefault(loc, at)
    return _merged(deeper, body)


def _without_nulls(document: Document) -> Document:
    return Document(document.file, _stripped(document.data), document.keys, document.values)


def _stripped(data: Any) -> Any:
    """*data* without the keys that hold null: laid over others, null removes."""
    if isinstance(data, dict):
        return {key: _stripped(value) for key, value in _items(data)}
    return data


def _items(data: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((key, value) for key, value in data.items() if value is not None)
