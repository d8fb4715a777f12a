"""The texts people read: templates by language that ship here (`LANGUAGE/NAME.txt`), and those of a site's
own folder in their place.

Templates run in Jinja's sandbox: they come from rule files and site folders, and see nothing but the facts
they are given. Which facts those are and when a text is used is decided in `connector.decide`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.errors import Position, Problem, Wrong
from connector.yamldoc import suggest

SHIPPED = Path(__file__).parent
LARGEST = 64 * 1024  # bytes of a template

Texts = Mapping[tuple[str, str], str]  # (language, name) → template


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's own sandbox, without the sums by which a short template asks for all memory there is."""

    intercepted_binops = frozenset({"**", "*"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """What an operator gives. SecurityError for a power, and for a text taken very often."""
        numbers = [one for one in (left, right) if isinstance(one, int | float)]
        if operator == "**" or (len(numbers) == 1 and abs(numbers[0]) > LARGEST):
            raise SecurityError(f"{operator} is not for that")
        return super().call_binop(context, operator, left, right)


sandbox = _Sandbox(
    loader=BaseLoader(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)


@cache
def shipped() -> Texts:
    """The texts that came with this copy, in English at least."""
    return {_name(path): path.read_text("utf-8") for path in sorted(SHIPPED.glob("*/*.txt"))}


def read_texts(folder: Path) -> Texts:
    """A site's own texts. Raises Wrong for each that would never be used, or cannot be read as a template."""
    paths = sorted(folder.glob("*/*.txt"))
    if problems := [problem for path in paths for problem in _problems(path)]:
        raise Wrong(problems)
    return {_name(path): path.read_text("utf-8") for path in paths}


def _name(path: Path) -> tuple[str, str]:
    return path.parent.name, path.stem


def _problems(path: Path) -> Iterator[Problem]:
    names = sorted({name for _, name in shipped()})
    if path.stem not in names:
        hint = suggest(path.stem, names) or f"they are {', '.join(names)}"
        yield Problem(f"{path.stem} is not one of the texts", Position(str(path), 1), hint)
        return
    if path.stat().st_size > LARGEST:
        yield Problem(f"a text has at most {LARGEST // 1024} kB", Position(str(path), 1))
        return
    try:
        sandbox.parse(path.read_text("utf-8"))
    except UnicodeDecodeError:
        yield Problem("the text is not UTF-8", Position(str(path), 1), "save it as UTF-8")
    except TemplateSyntaxError as wrong:
        hint = "texts are Jinja templates; look at the shipped one of that name"
        yield Problem(f"the text cannot be read: {wrong.message}", Position(str(path), wrong.lineno), hint)
