"""What goes in one message: a digest's notices to the same people, and one and the same notice to people who
turn out to be one.

Each keeps its own key; the message carries all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.model.effect import Effect


@dataclass(frozen=True, slots=True)
class Message:
    """Notices that go together to *to*; there is one at least."""

    to: tuple[str, ...]
    notices: Sequence[Effect]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(notice.key for notice in self.notices)

    @property
    def different(self) -> Sequence[Effect]:
        """The notices without those that say the same as one before."""
        return list({_words(notice): notice for notice in reversed(self.notices)}.values())[::-1]

    @property
    def subject(self) -> str:
        """The first one's, with how many more there are."""
        more = len(self.different) - 1
        return f"{self.different[0].payload['subject']}{f' (+{more})' if more else ''}"

    @property
    def text(self) -> str:
        """All of them, each under its own subject where there are several."""
        if len(self.different) == 1:
            return str(self.different[0].payload["text"])
        return "\n\n".join(f"{one.payload['subject']}\n\n{one.payload['text']}" for one in self.different)


def messages(addressed: Iterable[tuple[tuple[str, ...], Effect]]) -> list[Message]:
    """The messages that carry notices, given with whom they go to, in the order of their first."""
    found: dict[tuple[tuple[str, ...], tuple[str, str] | None], list[Effect]] = {}
    for to, notice in addressed:
        words = None if notice.payload.get("digest") else _words(notice)
        found.setdefault((to, words), []).append(notice)
    return [Message(to, notices) for (to, _), notices in found.items()]


def _words(notice: Effect) -> tuple[str, str]:
    return str(notice.payload["subject"]), str(notice.payload["text"])
