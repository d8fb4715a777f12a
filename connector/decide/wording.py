"""The texts people read, from templates that a site may replace, by language.

Templates run in Jinja's sandbox: they come from rule files and site folders, and see nothing but the facts of
`facts.py`. A text that cannot be made as written is replaced by the shipped one and told as a problem, for a
broken sentence must not keep anyone from hearing of a breach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.errors import AccordError, Position, Problem
from connector.yamldoc import suggest

SHIPPED = Path(__file__).parent / "texts"
LANGUAGE = "en"
LONGEST = 4_000  # characters: what a journal entry and a subject's body take everywhere

_sandbox = ImmutableSandboxedEnvironment(
    loader=BaseLoader(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of all languages, by (language, name), a site's own over the shipped ones."""

    texts: Mapping[tuple[str, str], str]
    shipped: Mapping[tuple[str, str], str]

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


def load_wording(site: Path | None = None) -> Wording:
    """The shipped texts with those of the folder *site* (`LANGUAGE/NAME.txt`) over them.

    Raises AccordError for a file whose name is none of the texts, which would otherwise never be used.
    """
    shipped = _read(SHIPPED)
    own = _read(site) if site is not None and site.is_dir() else {}
    names = sorted({name for _, name in shipped})
    for language, name in own:
        if name not in names:
            raise AccordError(
                f"{site}/{language}/{name}.txt is not one of the texts",
                hint=suggest(name, names) or f"they are {', '.join(names)}",
            )
    return Wording({**shipped, **own}, shipped)


def _read(folder: Path) -> dict[tuple[str, str], str]:
    return {(path.parent.name, path.stem): path.read_text("utf-8") for path in sorted(folder.glob("*/*.txt"))}


def _with_fallback(
    written: str, plain: str, facts: Mapping[str, Any], place: Position
) -> tuple[str, Problem | None]:
    try:
        return _render(written, facts), None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as failure:
        what = f"the text cannot be made ({failure}); the standard one is used instead"
        return _render(plain, facts), Problem(what, place, severity="warning")


def _render(written: str, facts: Mapping[str, Any]) -> str:
    text = _template(written).render(facts).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@lru_cache(maxsize=512)
def _template(written: str) -> Template:
    return _sandbox.from_string(written)
