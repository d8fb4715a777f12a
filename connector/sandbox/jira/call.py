"""One request on its way through the site: who calls, what for, and how its parameters are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from connector.sandbox.jira import errors
from connector.sandbox.jira.accounts import Login, Person
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql.match import Asker
from connector.sandbox.jira.present import Presenter
from connector.sandbox.jira.setup import Field
from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site


@dataclass(slots=True)
class Call:
    """An admitted request. `root` is the site's address as the caller reached it; `args` are of the path."""

    site: Site
    request: Request
    login: Login
    root: str
    version: str
    args: Mapping[str, str]
    present: Presenter = field(init=False)
    _given: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.present = Presenter(self.site, self.login.person, self.root, self.version)
        self._given = parse_qsl(self.request.query, keep_blank_values=True)

    # -- who

    @property
    def person(self) -> Person:
        """The caller; endpoints that nobody may call without a login ask for this."""
        self.need_login()
        assert self.login.person is not None
        return self.login.person

    @property
    def asker(self) -> Asker:
        return Asker(self.login.person, self.present.zone, self.site.now())

    @property
    def documents(self) -> bool:
        """Whether rich text is ADF here."""
        return self.version == "3"

    def need_login(self) -> None:
        if self.login.person is None:
            raise errors.unauthenticated()

    def need_admin(self) -> None:
        if not self.person.admin:
            raise errors.forbidden("Only Jira administrators can do this.")

    # -- parameters

    def text(self, name: str, default: str = "") -> str:
        return next((value for key, value in self._given if key == name), default)

    def many(self, name: str) -> list[str]:
        """A parameter given several times, or as a comma list, or both."""
        return [
            part.strip() for key, value in self._given if key == name for part in value.split(",") if part
        ]

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self.text(name, str(default)).lower() == "true"

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            detail = f"Failed to convert '{name}' with value: '{text}'"
            raise errors.problem(400, "Bad Request", detail) from None

    # -- bodies

    def body(self) -> Any:
        """The body as JSON; 400 where it is none."""
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise errors.refused(400, errors.BAD_PAYLOAD) from None

    def record(self) -> dict[str, Any]:
        """The body as a JSON object."""
        body = self.body()
        if not isinstance(body, dict):
            raise errors.refused(400, errors.BAD_PAYLOAD)
        return body

    def strict(self, known: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
        """The body as an object of known members only, each of its type."""
        body = self.record()
        for name, value in body.items():
            if name not in known or (value is not None and not _is(value, known[name])):
                raise errors.refused(400, errors.BAD_PAYLOAD)
        return body

    # -- what is asked for

    def issue(self, name: str = "key") -> Issue:
        """The issue that the path names; 404 where there is none for the caller."""
        found = self.site.find(self.args[name])
        if found is None or not self.site.visible(found, self.login.person):
            raise errors.no_issue()
        return found

    def paged(
        self, found: Sequence[Any], render: Callable[[Any], Any], most: int, default: int = 50
    ) -> Response:
        """A page of values in the platform's startAt form."""
        start, size = max(0, self.number("startAt", 0)), min(most, max(0, self.number("maxResults", default)))
        shown = [render(one) for one in found[start : start + size]]
        link = f"{self.root}{self.request.path.partition('?')[0]}"
        last = start + len(shown) >= len(found)
        page: dict[str, Any] = {"self": f"{link}?startAt={start}&maxResults={size}"}
        if not last:
            page["nextPage"] = f"{link}?startAt={start + size}&maxResults={size}"
        page |= {"maxResults": size, "startAt": start, "total": len(found), "isLast": last, "values": shown}
        return Response.json(200, page)


Handler = Callable[[Call], Response]
Route = tuple[str, str, Handler]


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, bool) and kind in (int, (int,)):
        return False
    return isinstance(value, kind)


def chosen_fields(site: Site, names: Sequence[str], default: str) -> list[Field]:
    """The fields that a `fields` parameter names: `*all`, `*navigable`, names, `-name` to leave one out."""
    wanted = [name for name in names if not name.startswith("-")]
    if not wanted and any(name.startswith("-") for name in names):
        wanted = [default]
    chosen: dict[str, Field] = {}
    for name in wanted or [default]:
        for one in _fields_of(site, name):
            chosen[one.id] = one
    for name in names:
        chosen.pop(name.removeprefix("-"), None) if name.startswith("-") else None
    return list(chosen.values())


def _fields_of(site: Site, name: str) -> list[Field]:
    if name == "*all":
        return list(site.setup.fields)
    if name == "*navigable":
        return [one for one in site.setup.fields if one.navigable]
    found = site.setup.fields.get(name)
    return [found] if found else []
