"""Walking through a rule document: a place in it, what stands there, and everything found wrong on the way.

Readers go on after a mistake, so that one run tells all of them. What a document means is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, TypeVar, cast

from pydantic import ConfigDict

from connector.errors import Position, Problem
from connector.shape import Shape, fit
from connector.yamldoc import Document, Loc, suggest


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document. With an *origin* (presets) every place below is told as that one."""

    document: Document
    loc: Loc = ()
    origin: Position | None = None

    @property
    def data(self) -> Any:
        """What is written here: dict, list, str or None."""
        data = self.document.data
        for part in self.loc:
            data = data[part]
        return data

    def __truediv__(self, part: str | int) -> Spot:
        return Spot(self.document, (*self.loc, part), self.origin)

    @property
    def place(self) -> Position:
        """Where the value stands."""
        return self.origin or self.document.place(*self.loc)

    @property
    def key_place(self) -> Position:
        """Where the key of this value stands."""
        return self.origin or self.document.key_place(*self.loc)

    def has(self, key: str) -> bool:
        """Is this a mapping with *key*?"""
        return isinstance(self.data, dict) and key in self.data

    def pairs(self) -> Iterator[tuple[str, Spot]]:
        """The keys of the mapping here, each with its value's spot; none where this is no mapping."""
        if isinstance(self.data, dict):
            for key in self.data:
                yield key, self / key

    def items(self) -> Iterator[Spot]:
        """The items of the list here; none where this is no list."""
        if isinstance(self.data, list):
            for index in range(len(self.data)):
                yield self / index


@dataclass(slots=True)
class Reading:
    """What one reading of the rules has found wrong or doubtful so far."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, where: Spot | Position, what: str, hint: str | None = None) -> None:
        """Note an error."""
        self._note(code, where, what, hint, "error")

    def doubt(self, code: str, where: Spot | Position, what: str, hint: str | None = None) -> None:
        """Note a warning."""
        self._note(code, where, what, hint, "warning")

    def _note(
        self,
        code: str,
        where: Spot | Position,
        what: str,
        hint: str | None,
        severity: Literal["error", "warning"],
    ) -> None:
        place = where.place if isinstance(where, Spot) else where
        problem = Problem(what, place, hint, severity, code)
        self.problems.append(problem)

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


class Form(Shape):
    """A shape whose keys are all optional to the parser; *needs* names those that must be there."""

    model_config = ConfigDict(populate_by_name=False)
    needs: ClassVar[tuple[str, ...]] = ()

    def __contains__(self, key: object) -> bool:
        """Was something written for this key (and understood)?"""
        names = {str(key), f"{key}_"} & self.model_fields_set
        return any(getattr(self, name) is not None for name in names)


F = TypeVar("F", bound=Form)


def shaped(reading: Reading, spot: Spot, form: type[F]) -> F | None:
    """What stands at *spot* as *form*, without the keys that are wrong (each noted); None for no mapping."""
    if not isinstance(spot.data, dict):
        reading.wrong("wrong-type", spot, "a mapping of keys is expected here")
        return None
    for key in form.needs:
        if spot.data.get(key) is None:
            reading.wrong("missing-key", spot, f"`{key}` is missing")
    found, problems = fit(form, spot.document, *spot.loc)
    reading.problems += [replace(problem, code=_code(problem)) for problem in problems]
    if problems:
        good = _without_wrong(spot, problems)
        found, _ = fit(form, Document(spot.document.file, good, {}, {}))
    if found is not None:
        return found
    return cast(F, form.model_construct(set()))


def _without_wrong(spot: Spot, problems: Iterable[Problem]) -> dict[str, Any]:
    wrong = {problem.place for problem in problems}
    depth = len(spot.loc)
    marked: set[str | int] = set()
    for marks in (spot.document.keys, spot.document.values):
        for loc, place in marks.items():
            if len(loc) > depth and loc[:depth] == spot.loc and place in wrong:
                marked.add(loc[depth])
    return {key: value for key, value in spot.data.items() if key not in marked}


def _code(problem: Problem) -> str:
    if problem.what.startswith("unknown key"):
        return "unknown-key"
    return "missing-key" if problem.what.endswith("is missing") else "wrong-type"


def unknown(word: str, known: Iterable[str]) -> str | None:
    """A hint for a *word* that is not *known*: the nearest one, or all of them where they are few."""
    names = sorted(known)
    few = f"known here: {', '.join(names)}" if 0 < len(names) <= 12 else None
    return suggest(word, names) or few


def text_list(value: str | list[str] | None) -> tuple[str, ...]:
    """One text or a list of texts as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
