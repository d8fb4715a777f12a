"""Comments of issues, public and internal, and which of them are ours.

Ours are told by our account and the property that they carry. Read from the database, never from the index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.mappings.catalogue import RecordMapping
from connector.model.instant import Instant
from connector.model.record import Record, Reference
from connector.platforms.jira.answers import Gone
from connector.platforms.jira.changelog import author_of
from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.spelling import parse_instant

KEY_PROPERTY = "accord.key"
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. *account*: the sort of its writer's account; *keys*: those of our effects it carries."""

    id: str
    at: Instant
    author: str | None
    account: str
    is_public: bool
    keys: tuple[str, ...] = ()


class Comments:
    """Reads the comments of one site. *own*: our account's id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def of(self, issue: str, own: str) -> list[Comment]:
        """All comments of an issue, oldest first; none where it is gone or hidden."""
        try:
            found = [self._comment(raw, own) for raw in self._all(issue)]
        except Gone:
            return []
        return sorted(found, key=lambda one: (one.at, one.id))

    def _all(self, issue: str) -> Iterator[Raw]:
        path = f"{self._client.api}/issue/{quote(issue, safe='')}/comment"
        start = 0
        while True:
            asked = {"startAt": str(start), "maxResults": str(_PAGE), "expand": "properties"}
            told = self._client.get(path, "reading comments", asked)
            comments = told.get("comments") or []
            yield from comments
            start += len(comments)
            if not comments or start >= int(told.get("total") or 0):
                return

    def _comment(self, raw: Raw, own: str) -> Comment:
        author, writer = author_of(raw.get("author")), raw.get("author") or {}
        keys = self._keys(raw) if author == own else ()
        is_public = raw.get("jsdPublic")
        if is_public is None:
            is_public = not raw.get("visibility")
        at = parse_instant(raw.get("created"))
        return Comment(
            str(raw.get("id")), at, author, str(writer.get("accountType") or ""), bool(is_public), keys
        )

    def _keys(self, raw: Raw) -> tuple[str, ...]:
        """The keys that a comment of ours carries; asked for where the list does not show properties."""
        if "properties" in raw:
            values = [one.get("value") for one in raw["properties"] if one.get("key") == KEY_PROPERTY]
            return keys_in(values[0]) if values else ()
        path = f"{self._client.api}/comment/{quote(str(raw.get('id')), safe='')}/properties/{KEY_PROPERTY}"
        try:
            return keys_in(self._client.get(path, "reading a comment's property").get("value"))
        except Gone:
            return ()


def keys_in(value: Any) -> tuple[str, ...]:
    """The effects' keys in the value of our property."""
    keys = value.get("keys") if isinstance(value, dict) else None
    return tuple(str(key) for key in keys) if isinstance(keys, list) else ()


def role(mapping: RecordMapping, record: Record, comment: Comment, own: str) -> str:
    """In which role somebody wrote a comment on *record*, by the tests of the mapping. `roles` are the sorts
    of accounts: `customer` (of the portal), `atlassian` (with a licence), `app`."""
    if comment.author == own:
        return "automation"
    for name, test in mapping.authors.items():
        if comment.author in test.users or (comment.account and comment.account in test.roles):
            return name
        if any(_is(record.fields.get(field), comment.author) for field in test.fields):
            return name
    return mapping.otherwise


def _is(value: object, author: str | None) -> bool:
    if isinstance(value, Reference):
        return bool(author) and author == value.id
    return bool(author) and value == author
