"""What people are told, from templates that a site may replace, by language.

They see nothing but the facts of `facts.py`. A text that cannot be made as written is replaced by the shipped
one and told as a problem, for a broken sentence must not keep anyone from hearing of a breach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError

from connector.errors import Position, Problem
from connector.texts import Texts, sandbox, shipped

LANGUAGE = "en"
# What a template may come to, whatever stands in it.
FAILURES = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, MemoryError,
    RecursionError,
)  # fmt: skip
LONGEST = 4_000  # characters: what a journal entry and a subject's body take everywhere


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of all languages, by (language, name), a site's own over the shipped ones."""

    texts: Texts
    shipped: Texts

    def say(
        self, name: str, facts: Mapping[str, Any], language: str = LANGUAGE
    ) -> tuple[str, Problem | None]:
        """The text *name* (`note`, `notice`, `subject`, `title`, `description`) about *facts*."""
        plain = self.shipped[LANGUAGE, name]
        for spoken in (language, language.partition("-")[0], LANGUAGE):
            if (written := self.texts.get((spoken, name))) is not None:
                return _with_fallback(written, plain, facts, Position(f"{spoken}/{name}.txt", 1))
        raise KeyError(name)

    def say_written(
        self, written: str, facts: Mapping[str, Any], place: Position, instead: str = "note"
    ) -> tuple[str, Problem | None]:
        """A text that stands in a rule file at *place*; where it is broken, the shipped text *instead*."""
        return _with_fallback(written, self.shipped[LANGUAGE, instead], facts, place)


def load_wording(own: Texts | None = None) -> Wording:
    """The shipped texts with a site's *own* over them."""
    return Wording({**shipped(), **(own or {})}, shipped())


def _with_fallback(
    written: str, plain: str, facts: Mapping[str, Any], place: Position
) -> tuple[str, Problem | None]:
    try:
        return _render(written, facts), None
    except FAILURES as failure:
        what = f"the text cannot be made ({failure}); the standard one is used instead"
        return _render(plain, facts), Problem(what, place, severity="warning")


def _render(written: str, facts: Mapping[str, Any]) -> str:
    text = _template(written).render(facts).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@lru_cache(maxsize=512)
def _template(written: str) -> Template:
    return sandbox.from_string(written)
