"""The people that a ticket knows: whom words such as `assignee` mean, for mentions and mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.errors import AccordError
from connector.mappings.catalogue import RecordMapping
from connector.model.cycle import TicketId
from connector.platforms.jira.answers import Gone
from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.richtext import Mention, Part

# Words that only the ticket resolves → our field. Groups have no manager here.
_WORDS = {"assignee": "assignee", "requester": "requester", "assignment_group": "assignment_group"}
_MANAGER = "assignment_group.manager"
OF_GROUPS = ("assignment_group", _MANAGER)
_PAGE = 50


@dataclass(frozen=True, slots=True)
class People:
    """Looks people up, on tickets and by their names. *resolved* gives a kind's mapping with ids."""

    client: Client
    resolved: Callable[[str], RecordMapping]

    def mentions(self, words: Iterable[str], kind: str, issue: str) -> list[Part]:
        """Those people, mentioned where the ticket tells who they are; else the word as it stands. The note
        goes out all the same where the ticket cannot be asked."""
        asked = list(words)
        try:
            found = self._on(asked, kind, issue)
        except AccordError:
            found = {}
        return [_mention(found.get(word), word) for word in asked]

    def groups(self, words: Iterable[str], ticket: TicketId) -> list[str]:
        """The names of the groups that words of the ticket stand for."""
        return [str(one["name"]) for one in self._on(list(words), ticket.kind, ticket.id).values()]

    def addresses(self, words: Iterable[str], ticket: TicketId | None) -> dict[str, str]:
        """The mail addresses of those who show one: of words of the ticket, of users, and of groups, whose
        members' are given with commas between them."""
        asked = list(words)
        on_ticket = self._on(asked, ticket.kind, ticket.id) if ticket else {}
        found = {word: self._address(word, on_ticket.get(word)) for word in asked}
        return {word: address for word, address in found.items() if address}

    def _address(self, word: str, one: Raw | None) -> str:
        if one is None and (word in _WORDS or word == _MANAGER):
            return ""  # nobody is meant by it there
        one = one or self._user(word)
        if one is None:
            return ", ".join(self._members(word))
        if "displayName" not in one:  # a group: people always have one
            return ", ".join(self._members(str(one.get("name"))))
        return str(one.get("emailAddress") or "")

    def _user(self, word: str) -> Raw | None:
        """The user of that id (on Data Center: user name), else the only one so called."""
        api = self.client.api
        name = "accountId" if self.client.is_cloud else "username"
        try:
            found: Raw = self.client.get(f"{api}/user", "looking up a user", {name: word})
            return found
        except Gone:
            asked = {"query" if self.client.is_cloud else "username": word}
            users = self.client.get(f"{api}/user/search", "looking up a user", asked)
        called = [one for one in users if str(one.get("displayName")).casefold() == word.casefold()]
        return called[0] if len(called) == 1 else None

    def _members(self, group: str) -> Iterator[str]:
        """The addresses of a group's members; none where there is no such group."""
        start, is_last = 0, False
        while not is_last:
            asked = {"groupname": group, "startAt": str(start), "maxResults": str(_PAGE)}
            try:
                page = self.client.get(f"{self.client.api}/group/member", "reading a group", asked)
            except Gone:
                return
            values = page.get("values") or []
            yield from (str(one["emailAddress"]) for one in values if one.get("emailAddress"))
            start += len(values)
            is_last = bool(page.get("isLast")) or not values

    def _on(self, words: list[str], kind: str, issue: str) -> dict[str, Mapping[str, Any]]:
        mapping = self.resolved(kind)
        origins = {
            word: mapping.fields[name].origin.partition(".")[0]
            for word in words
            if (name := _WORDS.get(word)) is not None and name in mapping.fields
        }
        if not origins:
            return {}
        asked = {"fields": ",".join(sorted(set(origins.values())))}
        path = f"{self.client.api}/issue/{quote(issue, safe='')}"
        fields = self.client.get(path, "reading a ticket's people", asked).get("fields") or {}
        return {
            word: one for word, origin in origins.items() if isinstance(one := fields.get(origin), Mapping)
        }


def _mention(one: Mapping[str, Any] | None, word: str) -> Part:
    if one is None:
        return word
    name = str(one.get("displayName") or one.get("name") or word)
    id_ = one.get("accountId") or (one.get("name") if "displayName" in one else None)
    return Mention(str(id_), name) if id_ else name
