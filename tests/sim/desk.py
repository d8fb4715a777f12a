"""A service desk as its people use it and as it looks afterwards, whichever platform it stands on.

What people do goes to the sandbox directly, and so does what is looked at in the end: nothing here speaks the
API that is under test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from requests import Response

from connector.sandbox import Sandbox


@dataclass(frozen=True)
class Achieved:
    """An achievement record as the platform holds it; instants in milliseconds."""

    ticket: str
    agreement: str
    state: str
    started: int | None
    ended: int | None
    due: int | None
    breached_at: int | None
    time_s: int
    elapsed_s: int


class Desk(ABC):
    """What every platform's desk can do. A ticket is named by its id."""

    platform: str

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def open(self, state: str, at: int | None = None) -> str:
        """Somebody opens a ticket, dated *at* where that is not now; its id."""

    @abstractmethod
    def change(self, id_: str, state: str, at: int | None = None) -> None:
        """Somebody moves a ticket to a state."""

    @abstractmethod
    def touch(self, id_: str, words: str) -> None:
        """Somebody writes on a ticket what no rule reads."""

    @abstractmethod
    def hide(self, id_: str) -> None:
        """Nobody but administrators may see a ticket any more."""

    @abstractmethod
    def expire_tokens(self) -> None:
        """All tokens given out end at once."""

    @abstractmethod
    def number(self, id_: str) -> str:
        """What people call a ticket."""

    @abstractmethod
    def tickets(self) -> list[str]:
        """The ids of all tickets."""

    @abstractmethod
    def shown(self, id_: str) -> tuple[str, int | None]:
        """The state and the due instant that the ticket shows."""

    @abstractmethod
    def is_closed(self, id_: str) -> bool:
        """Whether the ticket is closed for good, so that nothing is written on it."""

    @abstractmethod
    def achievements(self) -> Iterator[Achieved]:
        """All achievement records."""

    @abstractmethod
    def notes(self, id_: str) -> list[str]:
        """The texts of what was noted on a ticket, one for each note."""

    @abstractmethod
    def created(self) -> list[str]:
        """For each record that was created, the ticket that it belongs to."""

    @abstractmethod
    def boundary(self, method: str, path: str, query: str, body: str) -> str:
        """What a request is for, in a word or two."""

    def own_limit(self, response: Response) -> str | None:
        """Which limit of the platform's own refused a request, in words; None where none did."""
        del response
        return None

    @property
    def index_is_behind(self) -> bool:
        """Whether searches see less than there is."""
        return False

    @abstractmethod
    def be_calm(self) -> None:
        """Let the platform have no more limits of its own."""

    @property
    def audit_seconds_later(self) -> int:
        """How much later than the update its history is dated."""
        return 0
