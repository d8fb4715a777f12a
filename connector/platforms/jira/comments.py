"""Comments of issues, public and internal, and which of them are ours.

Ours are told by our account and the property that they carry. Read from the database, never from the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.mappings.catalogue import RecordMapping
from connector.model.instant import Instant
from connector.model.record import Record, Reference
from connector.platforms.jira.answers import Gone
from connector.platforms.jira.changelog import author_of
from connector.platforms.jira.client import Client, Raw
from connector.platforms.jira.search import Search
from connector.platforms.jira.spelling import parse_instant

KEY_PROPERTY = "accord.key"
AUDIENCE_PROPERTY = "sd.public.comment"  # {"internal": true} hides a comment from customers
_PAGE = 100
_IDS_AT_ONCE = 1000


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

    def __init__(self, client: Client, search: Search) -> None:
        self._client = client
        self._search = search

    def of(self, issues: Sequence[str], own: str) -> dict[str, list[Comment]]:
        """All comments of each issue, oldest first; none where it is gone or hidden."""
        found: dict[str, list[Raw]] = {issue: [] for issue in issues}
        for raw in self._search.named(issues, ["comment"]):
            held, id_ = (raw.get("fields") or {}).get("comment"), str(raw.get("id"))
            comments = list(held.get("comments") or ()) if held else []
            is_whole = held is not None and len(comments) >= int(held.get("total") or 0)  # or the newest only
            found[id_] = comments if is_whole and all(map(_tells_for_whom, comments)) else self._all(id_)
        keys = self._keys(found, own)
        return {issue: self._ordered(raws, keys) for issue, raws in found.items()}

    def _all(self, issue: str) -> list[Raw]:
        """Every comment of one issue, with its properties."""
        path = f"{self._client.api}/issue/{quote(issue, safe='')}/comment"
        found: list[Raw] = []
        while True:
            asked = {"startAt": str(len(found)), "maxResults": str(_PAGE), "expand": "properties"}
            try:
                told = self._client.get(path, "reading comments", asked)
            except Gone:
                return found
            comments = told.get("comments") or []
            found += comments
            if not comments or len(found) >= int(told.get("total") or 0):
                return found

    def _keys(self, found: Mapping[str, Sequence[Raw]], own: str) -> dict[str, tuple[str, ...]]:
        """The keys that comments of ours carry, by comment; asked for where a comment does not show them."""
        ours = [
            (issue, raw)
            for issue, raws in found.items()
            for raw in raws
            if author_of(raw.get("author")) == own
        ]
        bare = {str(raw.get("id")): issue for issue, raw in ours if "properties" not in raw}
        told = [raw for _, raw in ours if "properties" in raw]
        try:
            told += self._by_ids(list(bare))
        except Gone:
            issues = dict.fromkeys(bare.values())
            told += [raw for issue in issues for raw in self._all(issue) if str(raw.get("id")) in bare]
        return {str(raw.get("id")): self._keys_of(raw) for raw in told}

    def _by_ids(self, ids: Sequence[str]) -> list[Raw]:
        """Those comments with their properties. Gone where the site has no such question (Data Center)."""
        if ids and not self._client.is_cloud:
            raise Gone("Data Center reads comments issue by issue")
        found: list[Raw] = []
        for start in range(0, len(ids), _IDS_AT_ONCE):
            body = {"ids": [int(id_) for id_ in ids[start : start + _IDS_AT_ONCE]]}
            path = f"{self._client.api}/comment/list?expand=properties"
            found += self._client.ask(path, body, "reading our comments").get("values") or ()
        return found

    def _keys_of(self, raw: Raw) -> tuple[str, ...]:
        """The keys in a comment's property; asked for where its list shows none (old Data Center)."""
        if "properties" in raw:
            values = [one.get("value") for one in raw["properties"] if one.get("key") == KEY_PROPERTY]
            return keys_in(values[0]) if values else ()
        path = f"{self._client.api}/comment/{quote(str(raw.get('id')), safe='')}/properties/{KEY_PROPERTY}"
        try:
            return keys_in(self._client.get(path, "reading a comment's property").get("value"))
        except Gone:
            return ()

    def _ordered(self, raws: Iterable[Raw], keys: Mapping[str, tuple[str, ...]]) -> list[Comment]:
        found = [_comment(raw, keys.get(str(raw.get("id")), ())) for raw in raws]
        return sorted(found, key=lambda one: (one.at, int(one.id) if one.id.isdigit() else 0))


def _tells_for_whom(raw: Raw) -> bool:
    """Whether a comment says if customers see it. Cloud does; Data Center only among its properties."""
    return "jsdPublic" in raw or "properties" in raw or bool(raw.get("visibility"))


def _is_public(raw: Raw) -> bool:
    """Whether customers see a comment: unless it says otherwise, or is for one group or role, they do."""
    if raw.get("jsdPublic") is not None:
        return bool(raw["jsdPublic"])
    said = [one.get("value") for one in raw.get("properties") or () if one.get("key") == AUDIENCE_PROPERTY]
    is_internal = any(isinstance(one, dict) and one.get("internal") for one in said)
    return not is_internal and not raw.get("visibility")


def _comment(raw: Raw, keys: tuple[str, ...]) -> Comment:
    writer = raw.get("author") or {}
    at = parse_instant(raw.get("created"))
    account = str(writer.get("accountType") or "")
    return Comment(str(raw.get("id")), at, author_of(raw.get("author")), account, _is_public(raw), keys)


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
