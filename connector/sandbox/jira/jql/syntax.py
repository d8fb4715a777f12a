"""What a JQL query consists of."""

from __future__ import annotations

from dataclasses import dataclass


class JqlError(ValueError):
    """The query is refused; `messages` are the site's own."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    quoted: bool = True


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """`EMPTY` or `NULL`."""


Single = Value | Function | Empty


@dataclass(frozen=True, slots=True)
class Listed:
    values: tuple[Single, ...]


Operand = Single | Listed


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition. `operator` is in lower case: `=`, `not in`, `is`, `was` …"""

    field: str
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Words:
    """Bare words: a search in all texts."""

    text: str


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    part: Node


Node = Clause | Words | Both | Either | Negated


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool | None = None  # None: the field's own way round


@dataclass(frozen=True, slots=True)
class Query:
    where: Node | None
    order: tuple[Order, ...] = ()
