"""The people that a ticket knows: whom words such as `assignee` mean, for mentions and mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.errors import AccordError
from connector.mappings.catalogue import RecordMapping
from connector.platforms.jira.client import Client
from connector.platforms.jira.richtext import Mention, Part

# Words that only the ticket resolves → our field.
_WORDS = {"assignee": "assignee", "requester": "requester", "assignment_group": "assignment_group"}


@dataclass(frozen=True, slots=True)
class People:
    """Looks people up on tickets. *resolved* gives a kind's mapping with ids."""

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

    def addresses(self, words: Iterable[str], kind: str, issue: str) -> dict[str, str]:
        """The mail addresses of those who show one."""
        found = self._on(list(words), kind, issue)
        return {word: str(one["emailAddress"]) for word, one in found.items() if one.get("emailAddress")}

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
