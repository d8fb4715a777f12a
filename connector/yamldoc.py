"""Files that users write, read by their nodes: every key and value keeps its place, no value is guessed.

Plain scalars stay text (`17:30`, `no`, `on`, `012` mean what is written); only a plain `null`, `~` or
nothing is None. Typing is the reader's business (the schema's), never YAML's. Doubled keys, tags, merge
keys and files beyond the limits are refused. What a document means is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from connector.errors import Position, Problem, Wrong

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 200_000  # counted with every alias spelt out, so that an alias bomb is refused

Loc = tuple[str | int, ...]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What the parser itself makes of a node without a tag.
_PLAIN = frozenset({"!"}) | {
    f"tag:yaml.org,2002:{name}"
    for name in ("bool", "int", "float", "null", "timestamp", "str", "value", "merge", "map", "seq")
}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: *data* is made of dict, list, str and None; places are found by path."""

    file: str
    data: Any
    keys: dict[Loc, Position]
    values: dict[Loc, Position]

    def place(self, *loc: str | int) -> Position:
        """Where the value at *loc* was written, else its nearest parent's place."""
        return self._nearest(loc, self.values)

    def key_place(self, *loc: str | int) -> Position:
        """Where the key at the end of *loc* was written, else the value's place."""
        return self.keys.get(loc) or self.place(*loc)

    def _nearest(self, loc: Loc, marks: dict[Loc, Position]) -> Position:
        while loc and loc not in marks:
            loc = loc[:-1]
        return marks.get(loc) or Position(self.file, 1, 1)


def read_file(path: Path, *, shown_as: str | None = None) -> list[Document]:
    """All documents of the file at *path*; Wrong with a position where it is no YAML we accept."""
    name = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Wrong([Problem(f"the file is larger than {MAX_BYTES // 1024**2} MiB", Position(name, 1))])
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Wrong([Problem("there is no such file", Position(name, 1))]) from None
    except UnicodeDecodeError as error:
        raise Wrong(
            [Problem(f"the file is not UTF-8 text (byte {error.start})", Position(name, 1))]
        ) from None
    except OSError as error:
        raise Wrong([Problem(f"the file cannot be read: {error.strerror}", Position(name, 1))]) from None
    return read_text(text, name)


def read_text(text: str, name: str) -> list[Document]:
    """All documents in *text*; empty ones are left out."""
    try:
        nodes = list(yaml.compose_all(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name, 1)
        raise Wrong([Problem(f"not YAML: {error.problem or error.context}", place)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Wrong([Problem(f"not YAML: {str(error).splitlines()[0]}", Position(name, 1))]) from None
    return [_Walk(name).document(node) for node in nodes if node is not None and not _is_empty(node)]


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


class _Walk:
    """One pass over a document's nodes that gathers values, places and everything wrong with its form."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Loc, Position] = {}
        self.values: dict[Loc, Position] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def document(self, node: yaml.Node) -> Document:
        data = self.value(node, ())
        if self.problems:
            raise Wrong(self.problems)
        return Document(self.file, data, self.keys, self.values)

    def position(self, node: yaml.Node) -> Position:
        mark = node.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self.count += 1
        if self.count > MAX_NODES or len(loc) > MAX_DEPTH:
            raise Wrong(
                [Problem("the document is too large or too deep (aliases count)", self.position(node))]
            )
        self.values[loc] = self.position(node)
        self.refuse_tag(node)
        if isinstance(node, yaml.MappingNode):
            return dict(self.items(node, loc))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*loc, i)) for i, item in enumerate(node.value)]
        return self.scalar(node)

    def items(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Position] = {}
        for key_node, value_node in node.value:
            place = self.position(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem("a key must be plain text", place))
                continue
            key = str(key_node.value)
            if key in seen:
                what = f"the key {key!r} stands here a second time (first at line {seen[key].line})"
                self.problems.append(Problem(what, place, hint="keep one of them"))
            seen[key] = place
            self.keys[(*loc, key)] = place
            yield key, self.value(value_node, (*loc, key))

    def scalar(self, node: yaml.Node) -> str | None:
        text = str(node.value)
        plain = not getattr(node, "style", None)  # the C parser says "", the Python one None
        return None if plain and text in _NOTHING else text

    def refuse_tag(self, node: yaml.Node) -> None:
        """A tag asks for more than what is written, which nobody here gives."""
        if node.tag not in _PLAIN:
            self.problems.append(Problem(f"the tag {node.tag} is not allowed", self.position(node)))


def suggest(word: str, known: Iterable[str]) -> str | None:
    """`did you mean …?` for a misspelt *word*, or None when nothing known is near."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:  # a word that differs only in case or separators
        folded = {name.lower().replace("-", "_"): name for name in names}
        match = folded.get(word.lower().replace("-", "_"))
        near = [match] if match else []
    return f"did you mean {near[0]!r}?" if near else None
