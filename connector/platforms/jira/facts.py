"""What a site has: its fields by name, statuses, issue types, service projects, and who we are there.

Each is asked once and kept for the run; an earlier run's answers may be taken over. What the mapping makes of
it is in `fields`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connector.errors import NotReachable, Position, Problem
from connector.platforms.jira.answers import Gone
from connector.platforms.jira.client import Client
from connector.yamldoc import suggest

_PAGE = 50
_NO_JIRA = (
    "check the source's `url`: on Cloud the site alone (by OAuth the gateway with the site's cloud id), on"
    " Data Center with the context path it is installed under, as in https://HOST/jira; and `auth`, which"
    " says which of them it is: `pat` is for Data Center, the others for Cloud"
)


@dataclass(frozen=True, slots=True)
class JiraField:
    """One field of the site. *type* and *items* are the schema's; *custom* the kind of custom field."""

    id: str
    name: str
    type: str = "string"
    items: str = ""
    custom: str = ""

    @property
    def is_sla(self) -> bool:
        """Whether it holds the cycles of the site's own SLA engine."""
        return self.custom == "com.atlassian.servicedesk:sd-sla-field"


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are there: the account id on Cloud, the user name on Data Center."""

    id: str
    name: str
    zone: str


class Facts:
    """Asked when first needed; safe to use from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._told: dict[str, Any] = {}
        self._fields: Mapping[str, JiraField] | None = None
        self._lock = threading.RLock()

    def told(self) -> Mapping[str, Any]:
        """Everything found out so far, as JSON."""
        with self._lock:
            return dict(self._told)

    def recall(self, told: Mapping[str, Any]) -> None:
        """Take over what an earlier run found out."""
        with self._lock:
            self._told, self._fields = dict(told), None

    def forget(self, *names: str) -> None:
        """Ask anew for those when they are needed again: the site was changed."""
        with self._lock:
            self._fields = None
            for name in [one for one in self._told if one.partition(" in ")[0] in names]:
                del self._told[name]

    def _once(self, name: str, ask: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._told:
                self._told[name] = ask()
            return self._told[name]

    @property
    def account(self) -> Account:
        """Ourselves. Every stranger is refused here, so it also tries the login."""
        return Account(**self._once("account", self._ask_account))

    def _ask_account(self) -> dict[str, str]:
        try:
            told = self._client.get(f"{self._client.api}/myself", "reading our own account")
        except Gone as error:  # everybody may ask it: there is no Jira, or another sort
            raise NotReachable(error.problem.what, hint=_NO_JIRA) from None
        id_ = told.get("accountId") or told.get("name") or told.get("key") or ""
        return {
            "id": str(id_),
            "name": str(told.get("displayName") or id_),
            "zone": str(told.get("timeZone") or ""),
        }

    @property
    def zone(self) -> tzinfo:
        """The time zone in which the site reads dates that we write without one."""
        return ZoneInfo(self.account.zone or "UTC")

    @property
    def fields(self) -> Mapping[str, JiraField]:
        """The fields by id."""
        with self._lock:
            if self._fields is None:
                told = self._once("fields", self._ask_fields)
                self._fields = {one["id"]: JiraField(**one) for one in told}
            return self._fields

    def _ask_fields(self) -> list[dict[str, str]]:
        told = self._client.get(f"{self._client.api}/field", "reading its fields")
        return [asdict(_field(one)) for one in told]

    @property
    def categories(self) -> Mapping[str, str]:
        """Each status, by id and by name, and the category it belongs to: new, indeterminate or done."""
        found: Mapping[str, str] = self._once("statuses", self._ask_statuses)
        return found

    def _ask_statuses(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self._client.get(f"{self._client.api}/status", "reading its statuses"):
            category = str((one.get("statusCategory") or {}).get("key") or "")
            found |= {str(one.get("id")): category, str(one.get("name")): category}
        return found

    @property
    def types(self) -> Mapping[str, list[str]]:
        """The ids of the issue types by name: projects may have their own of one name."""
        found: Mapping[str, list[str]] = self._once("types", self._ask_types)
        return found

    def _ask_types(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self._client.get(f"{self._client.api}/issuetype", "reading its issue types"):
            found.setdefault(str(one.get("name")), []).append(str(one.get("id")))
        return found

    def types_in(self, project: str) -> Mapping[str, str]:
        """The ids of the issue types by name that can be made in *project*."""
        found: Mapping[str, str] = self._once(f"types in {project}", lambda: self._ask_types_in(project))
        return found

    def _ask_types_in(self, project: str) -> dict[str, str]:
        path = f"{self._client.api}/project/{quote(project, safe='')}"
        told = self._client.get(path, f"reading the issue types of {project}")
        return {str(one.get("name")): str(one.get("id")) for one in told.get("issueTypes") or ()}

    @property
    def projects(self) -> Mapping[str, str]:
        """The projects that we may see, by key, and what sort each is: `service_desk`, `software`…"""
        found: Mapping[str, str] = self._once("projects", self._ask_projects)
        return found

    def _ask_projects(self) -> dict[str, str]:
        if not self._client.is_cloud:
            whole = self._client.get(f"{self._client.api}/project", "reading its projects")
            return {str(one.get("key")): str(one.get("projectTypeKey") or "") for one in whole}
        found: dict[str, str] = {}
        start, is_last = 0, False
        while not is_last:
            asked = {"startAt": str(start), "maxResults": str(_PAGE)}
            page = self._client.get(f"{self._client.api}/project/search", "reading its projects", asked)
            values = page.get("values") or []
            found |= {str(one.get("key")): str(one.get("projectTypeKey") or "") for one in values}
            start += len(values)
            is_last = bool(page.get("isLast")) or not values
        return found

    def find(self, written: str) -> JiraField | None:
        """The field of that id or name. LookupError where several have the name."""
        fields = self.fields
        if written in fields:
            return fields[written]
        named = [one for one in fields.values() if one.name.casefold() == written.casefold()]
        if len(named) > 1:
            raise LookupError(", ".join(sorted(one.id for one in named)))
        return named[0] if named else None

    def resolved(self, path: str) -> tuple[JiraField, str] | None:
        """The field that *path* begins with, and what of its value is meant (after the dot)."""
        head, rest = path, ""
        while True:
            field = self.find(head)
            if field is not None:
                return field, rest
            head, dot, last = head.rpartition(".")
            if not dot:
                return None
            rest = f"{last}.{rest}" if rest else last

    def problem(self, path: str, place: Position | None, used_for: str) -> Problem | None:
        """What is wrong with naming *path*; nothing where it is one field."""
        try:
            found = self.resolved(path)
        except LookupError as several:
            what = f"{used_for}: the site has several fields named {path!r} ({several})"
            one = str(several).partition(",")[0]
            mend = f"name the one that is meant by its id in your own mapping, as in `from: {one}`"
            return Problem(what, place, mend)
        if found is not None:
            return None
        names = [one.name for one in self.fields.values()]
        hint = suggest(path, names) or "name a field that the site has, by its name or id"
        return Problem(f"{used_for}: the site has no field {path!r}, or does not show it", place, hint)


def _field(told: Mapping[str, Any]) -> JiraField:
    schema = told.get("schema") or {}
    return JiraField(
        id=str(told.get("id")),
        name=str(told.get("name") or told.get("id")),
        type=str(schema.get("type") or "string"),
        items=str(schema.get("items") or ""),
        custom=str(schema.get("custom") or ""),
    )
