"""What a user is told when something is wrong: where, what, and what to do.

Every message a user can see is built here, so that each one names its place and no secret slips through.
What went wrong inside Accord itself is not handled here: that is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

EXIT_FINE = 0
EXIT_FOUND = 1
EXIT_WRONG = 2
EXIT_PLATFORM = 3
EXIT_ACTS_LEFT = 4
EXIT_INTERRUPTED = 130

_SECRETS: set[str] = set()
_SHOWN_ANYWAY: set[str] = {"accord"}


def remember_secret(value: str) -> None:
    """Have every later message, log line and report print `***` where *value* stood."""
    if len(value) >= 4 and value not in _SHOWN_ANYWAY:
        _SECRETS.add(value)


def show_anyway(value: str) -> None:
    """*value* stands in messages for another reason (a user's name): hiding it there would hide no password
    that is spelt the same, only make the messages useless."""
    _SHOWN_ANYWAY.add(value)
    _SECRETS.discard(value)


def scrub(text: str) -> str:
    """*text* without any secret that `remember_secret` was told of."""
    for secret in sorted(_SECRETS, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


# What steers a terminal instead of standing on it: ESC and its like, their second set (U+0080 to U+009F), and
# the marks that turn the direction of writing. Line ends and tabs do no harm.
_CONTROLS = (*(n for n in range(32) if n not in (9, 10)), *range(127, 160))
_STEERING = (*_CONTROLS, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_AS_PICTURES = {n: chr(0x2400 + n) if n < 32 else "\N{REPLACEMENT CHARACTER}" for n in _STEERING}
_AS_ESCAPES = {n: f"\\u{n:04x}" for n in _STEERING}


def plain(text: str) -> str:
    """*text* with everything that would steer a terminal shown instead of obeyed (ESC as ␛)."""
    return text.translate(_AS_PICTURES)


def unsteered(written: str) -> str:
    """JSON text that means the same and steers no terminal."""
    return written.translate(_AS_ESCAPES)


def number_of(count: int, one: str, many: str | None = None) -> str:
    """`1 ticket`, `2 tickets`; *many* where an s is not enough."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def records_hold(count: int) -> str:
    """`1 record holds`, `2 records hold`."""
    return f"{number_of(count, 'record')} {'holds' if count == 1 else 'hold'}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file that a user wrote; line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def short(self) -> str:
        """`file:line`, as shown beside a rule in notes and explanations."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (or doubtful) in what a user wrote."""

    what: str
    place: Position | None = None
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"
    code: str | None = None  # what `accord validate --explain CODE` tells more about

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        kind = "warning: " if self.severity == "warning" else ""
        code = f" [{self.code}]" if self.code else ""
        mend = f"; {self.hint}" if self.hint else ""
        return scrub(f"{head}{kind}{self.what}{mend}{code}")


class AccordError(Exception):
    """Something a user can mend. `exit_code` is what the command ends with."""

    exit_code = EXIT_WRONG

    def __init__(self, what: str, *, hint: str | None = None, place: Position | None = None) -> None:
        self.problem = Problem(what=what, hint=hint, place=place)
        super().__init__(str(self.problem))


class Wrong(AccordError):
    """Several things are wrong in files or settings; all of them are told at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        Exception.__init__(self, "\n".join(str(problem) for problem in self.problems))


class NotReachable(AccordError):
    """A platform did not answer, or not as itself, for as long as we were willing to try."""

    exit_code = EXIT_PLATFORM


class NotAllowed(AccordError):
    """A platform refused: login, licence or a right that is missing."""

    exit_code = EXIT_PLATFORM


class StoreFailed(AccordError):
    """The store's database or its disk did not do what was asked. Nothing is lost."""

    exit_code = EXIT_PLATFORM


class Busy(AccordError):
    """Another run works on this source."""

    exit_code = EXIT_PLATFORM
