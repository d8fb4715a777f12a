"""Who a notice goes to: words of the ticket are left to the platform, people and roles come from the
register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.rules.rulebook import Document, Rulebook

# What only the platform can resolve, and only when the notice goes out.
OF_THE_TICKET = ("assignee", "assignment_group", "assignment_group.manager", "requester")


@dataclass(frozen=True, slots=True)
class Recipient:
    """*name* identifies the recipient for ever (it is part of the notice's key); *address* is what the
    channel takes: a word of the ticket, an address, a user's name."""

    name: str
    address: str
    timezone: str | None = None
    language: str | None = None
    digest: Mapping[str, Any] | None = None  # when notices go together, over the framework's


def recipients(words: tuple[str, ...], book: Rulebook, channel: str) -> list[Recipient]:
    """Everyone that *words* name, each once, in order; a role stands for all who have it."""
    found = {one.name: one for word in words for one in _named(word, book, channel)}
    return list(found.values())


def _named(word: str, book: Rulebook, channel: str) -> Iterator[Recipient]:
    if word in OF_THE_TICKET:
        yield Recipient(word, word)
        return
    people = [one for one in book.of_kind("stakeholder") if word == one.name or word in _roles(one.data)]
    for person in people:
        yield _person(person, channel)
    if not people:
        yield Recipient(word, word)  # a user or a group that only the platform knows


def _person(document: Document, channel: str) -> Recipient:
    contact = document.data.get("contact") or {}
    address = contact.get(channel) or contact.get("email") or document.name
    data = document.data
    return Recipient(
        document.name, str(address), data.get("timezone"), data.get("language"), data.get("digest")
    )


def _roles(data: Mapping[str, Any]) -> tuple[str, ...]:
    role = data.get("role") or ()
    return (role,) if isinstance(role, str) else tuple(role)
