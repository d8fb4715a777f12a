"""Histories of issues put together: pages merged by issue, twins taken out, instants read in any form.

Pure. Source: Jira Cloud platform REST API, bulk fetch changelogs. One issue's histories may be split over
pages, a page may repeat the last history of the one before, and `created` comes as text or as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.model.instant import Instant
from connector.platforms.jira.client import Raw
from connector.platforms.jira.facts import JiraField
from connector.platforms.jira.spelling import parse_instant

_NAMED = (
    "priority",
    "status",
    "resolution",
    "issuetype",
    "project",
    "group",
    "option",
    "component",
    "version",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One field's change as told: ids and names before and after. *author*: None for nobody in particular."""

    at: Instant
    author: str | None
    field: str  # its id, or its name where the site does not tell ids
    old: tuple[str | None, str | None]
    new: tuple[str | None, str | None]


def author_of(told: Any) -> str | None:
    """Who did it: the account id on Cloud, the user name on Data Center."""
    if not isinstance(told, Mapping):
        return None
    id_ = told.get("accountId") or told.get("name") or told.get("key")
    return str(id_) if id_ else None


class Changelogs:
    """Histories by issue, gathered page by page."""

    def __init__(self) -> None:
        self._found: dict[str, dict[tuple[str, int], tuple[Instant, Item]]] = {}

    def add(self, issue: str, histories: Iterable[Raw]) -> None:
        """Take in *histories* of an issue, in whatever order and however often."""
        found = self._found.setdefault(issue, {})
        for history in histories:
            at = parse_instant(history.get("created"))
            author = author_of(history.get("author"))
            for place, item in enumerate(history.get("items") or ()):
                found.setdefault((str(history.get("id")), place), (at, _item(at, author, item)))

    def __contains__(self, issue: object) -> bool:
        return issue in self._found

    def of(self, issue: str) -> list[Item]:
        """The items of an issue, oldest first; those of one history stay in its order."""
        found = self._found.get(issue, {})
        ordered = sorted(found.items(), key=lambda one: (one[1][0], _number(one[0][0]), one[0]))
        return [item for _, (_, item) in ordered]


def _number(id_: str) -> int:
    return int(id_) if id_.isdigit() else 0


def _item(at: Instant, author: str | None, told: Raw) -> Item:
    field = str(told.get("fieldId") or told.get("field") or "")
    old = (_text(told.get("from")), _text(told.get("fromString")))
    new = (_text(told.get("to")), _text(told.get("toString")))
    return Item(at, author, field, old, new)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def raw_of(field: JiraField, told: tuple[str | None, str | None]) -> Any:
    """What a field held, as an issue would show it, from the id and the name in a history."""
    id_, name = told
    if id_ is None and name is None:
        return None
    if field.type == "array":
        return _several(field, id_, name)
    if field.type == "user":
        return {"accountId": id_ or name, "displayName": name or id_}
    if field.type in ("date", "datetime"):
        return _date(id_, name)
    if field.type in _NAMED or (id_ is not None and field.type not in ("string", "number")):
        return {"id": id_, "name": name or id_}
    return name if name is not None else id_


def _several(field: JiraField, id_: str | None, name: str | None) -> Any:
    """Labels are told with spaces between them, others with commas, their ids in brackets."""
    if field.items == "string":
        return (name or "").split()
    ids = [part.strip() for part in (id_ or "").strip("[]").split(",") if part.strip()]
    names = [part.strip() for part in (name or "").split(",") if part.strip()]
    if len(ids) != len(names):
        return [{"id": ids[0] if len(ids) == 1 else None, "name": name or id_}]
    return [{"id": one, "name": other} for one, other in zip(ids, names, strict=True)]


def _date(id_: str | None, name: str | None) -> str | None:
    """The form with an offset, where there is one: the other is for people."""
    for written in (id_, name):
        try:
            parse_instant(written)
        except ValueError:
            continue
        return written
    return None
