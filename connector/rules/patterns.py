"""Patterns for `matches`, matched in time linear in the text: an own small automaton that never backtracks.

The language is a part of the usual regular expressions: literals, `.`, `[a-z]`, `[^…]`, `\\d \\w \\s` (and
upper case), `^ $ \\b`, groups `( )` and `(?: )`, `|`, `* + ? {2} {2,5}`. Back-references, look-arounds, lazy
and possessive repeats, named groups and flags are refused. Everything is without case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MAX_PATTERN = 500
MAX_STATES = 5_000
MAX_REPEAT = 200

Test = Callable[[str], bool]


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CLASSES: dict[str, Test] = {"d": str.isdigit, "w": _is_word, "s": str.isspace}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class PatternError(ValueError):
    """A pattern outside the language."""


@dataclass(slots=True)
class _Node:
    """One state: consumes a character that passes *test*, or checks *anchor* and goes on without one."""

    test: Test | None = None
    anchor: str | None = None
    next: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Pattern:
    """A compiled pattern."""

    text: str
    nodes: list[_Node]
    start: int
    end: int

    def found_in(self, text: str) -> bool:
        """Does the pattern occur anywhere in *text*? Takes at most len(text) × number of states."""
        text = text.lower()
        states: set[int] = set()
        for position in range(len(text) + 1):
            states = self._closure(states | {self.start}, text, position)
            if self.end in states:
                return True
            if position < len(text):
                states = self._step(states, text[position])
        return False

    def _step(self, states: set[int], char: str) -> set[int]:
        nodes = self.nodes
        return {after for s in states if (test := nodes[s].test) and test(char) for after in nodes[s].next}

    def _closure(self, states: set[int], text: str, position: int) -> set[int]:
        todo, seen = list(states), set(states)
        while todo:
            node = self.nodes[todo.pop()]
            if node.test or (node.anchor and not _anchored(node.anchor, text, position)):
                continue
            fresh = [after for after in node.next if after not in seen]
            seen.update(fresh)
            todo += fresh
        return seen


def _anchored(anchor: str, text: str, position: int) -> bool:
    if anchor == "^":
        return position == 0
    if anchor == "$":
        return position == len(text)
    before = position > 0 and _is_word(text[position - 1])
    after = position < len(text) and _is_word(text[position])
    return (before != after) == (anchor == "b")


def compile_pattern(text: str) -> Pattern:
    """The pattern *text*; PatternError says what is not allowed in it and where."""
    if len(text) > MAX_PATTERN:
        raise PatternError(f"a pattern may have {MAX_PATTERN} characters, this has {len(text)}")
    return _Parser(text).pattern()


_Part = tuple[int, int]  # first and last state


class _Parser:
    """Recursive descent over the pattern, building the automaton (Thompson's construction)."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.nodes: list[_Node] = []

    def pattern(self) -> Pattern:
        start, end = self.choice()
        if self.at < len(self.text):
            raise self.error("`)` without `(`")
        return Pattern(self.text, self.nodes, start, end)

    def error(self, what: str) -> PatternError:
        return PatternError(f"{what} at character {self.at + 1}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise self.error("the pattern ends too early")
        self.at += 1
        return char

    def node(self, test: Test | None = None, anchor: str | None = None) -> int:
        if len(self.nodes) >= MAX_STATES:
            raise self.error("the pattern is too large when its repeats are spelt out,")
        self.nodes.append(_Node(test, anchor))
        return len(self.nodes) - 1

    def link(self, a: int, b: int) -> None:
        self.nodes[a].next.append(b)

    def choice(self) -> _Part:
        self.depth += 1
        if self.depth > 30:
            raise self.error("groups are nested too deep")
        parts = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.sequence())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else self.fork(parts)

    def fork(self, parts: list[_Part]) -> _Part:
        start, end = self.node(), self.node()
        for first, last in parts:
            self.link(start, first)
            self.link(last, end)
        return start, end

    def sequence(self) -> _Part:
        start = end = self.node()
        while self.peek() not in ("", "|", ")"):
            first, last = self.repeated()
            self.link(end, first)
            end = last
        return start, end

    def repeated(self) -> _Part:
        begin = self.at
        part = self.atom()
        low, high = self.repeat()
        if (low, high) == (1, 1):
            return part
        after, copies = self.at, [part]
        for _ in range(max(low, high or 0, 1) - 1):
            self.at = begin
            copies.append(self.atom())
        self.at = after
        return self.chain(copies, low, high)

    def chain(self, copies: list[_Part], low: int, high: int | None) -> _Part:
        start = end = self.node()
        stop = self.node()
        for index, (first, last) in enumerate(copies):
            if index >= low:
                self.link(end, stop)
            if high == 0:
                break
            self.link(end, first)
            end = last
        self.link(end, stop)
        if high is None:
            self.link(copies[-1][1], copies[-1][0])
        return start, stop

    def repeat(self) -> tuple[int, int | None]:
        symbol = self.peek()
        if symbol and symbol in "*+?":
            self.at += 1
            counts: tuple[int, int | None] = {"*": (0, None), "+": (1, None), "?": (0, 1)}[symbol]
        elif symbol == "{":
            counts = self.counts()
        else:
            return 1, 1
        if self.peek() and self.peek() in "*+?{":
            raise self.error("a repeat of a repeat (also lazy and possessive ones) is not allowed")
        return counts

    def counts(self) -> tuple[int, int | None]:
        inside, closed, _ = self.text[self.at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        numbers = [n for n in (low, high) if n]
        if not closed or not low or not all(n.isascii() and n.isdigit() and len(n) < 5 for n in numbers):
            raise self.error("`{` needs counts such as {2} or {2,5} (write \\{ for the character)")
        self.at += len(inside) + 2
        most = int(high) if high else (None if comma else int(low))
        if int(low) > MAX_REPEAT or (most or 0) > MAX_REPEAT or (most is not None and most < int(low)):
            raise self.error(f"counts go up to {MAX_REPEAT}, the smaller one first,")
        return int(low), most

    def atom(self) -> _Part:
        char = self.take()
        if char == "(":
            return self.group()
        if char in "*+?{":
            self.at -= 1
            raise self.error(f"nothing to repeat before `{char}`")
        if char in "^$":
            return self.single(anchor=char)
        if char == "[":
            return self.single(self.set_of_characters())
        if char == ".":
            return self.single(lambda c: c != "\n")
        if char == "\\":
            return self.escape()
        return self.single(_literal(char))

    def single(self, test: Test | None = None, anchor: str | None = None) -> _Part:
        first, last = self.node(test, anchor), self.node()
        self.link(first, last)
        return first, last

    def group(self) -> _Part:
        if self.peek() == "?":
            if self.text[self.at : self.at + 2] != "?:":
                raise self.error("look-arounds, named groups and flags are not allowed, `(?`")
            self.at += 2
        part = self.choice()
        if self.peek() != ")":
            raise self.error("`(` without `)`")
        self.at += 1
        return part

    def escape(self) -> _Part:
        if self.peek() in ("b", "B"):
            return self.single(anchor=self.take())
        return self.single(self.escaped())

    def escaped(self) -> Test:
        char = self.take()
        if char.lower() in _CLASSES:
            test = _CLASSES[char.lower()]
            return test if char.islower() else lambda c: not test(c)
        if char in _ESCAPES:
            return _literal(_ESCAPES[char])
        if char.isalnum():
            self.at -= 1
            what = "back-references are not allowed," if char.isdigit() else f"`\\{char}` is not known,"
            raise self.error(what)
        return _literal(char)

    def set_of_characters(self) -> Test:
        negated = self.peek() == "^"
        self.at += negated
        tests: list[Test] = []
        while self.peek() != "]" or not tests:
            tests.append(self.member())
        self.at += 1
        return lambda c: any(test(c) for test in tests) != negated

    def member(self) -> Test:
        char = self.take()
        if char == "\\":
            return self.escaped()
        if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            last = self.take()
            if last == "\\" or last < char:
                raise self.error("a range in `[ ]` goes from the smaller to the larger character")
            return _between(char, last)
        return _literal(char)


def _literal(char: str) -> Test:
    folded = char.lower()
    return lambda c: c == folded


def _between(first: str, last: str) -> Test:
    return lambda c: first <= c <= last or first <= c.upper() <= last
