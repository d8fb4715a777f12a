"""What a value of each kind of field is: how it is sent, how it is stored and what the changelog says of it.

Stored are ids (status, priority, users …), epoch milliseconds (datetimes), names (groups) and plain texts or
documents. Rendering for an answer is in `present`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from connector.sandbox.jira import adf, dates
from connector.sandbox.jira.errors import NOT_A_DOCUMENT, NOT_A_STRING, NOT_ON_SCREEN
from connector.sandbox.jira.setup import Field

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site


class Unfit(ValueError):
    """A value that a field does not take; the message is the site's."""


def accepted(site: Site, one: Field, value: Any, *, documents: bool) -> Any:
    """What is stored for a value that was sent. `documents`: rich text is ADF (REST 3), not wiki text."""
    if value is None:
        return None
    if one.kind == "rich":
        return _rich(value, documents)
    reader = READERS.get(one.kind)
    if reader is None:
        raise Unfit(NOT_ON_SCREEN.format(one.id))
    return reader(site, one, value)


def _rich(value: Any, documents: bool) -> Any:
    if documents and not adf.is_document(value):
        raise Unfit(NOT_A_DOCUMENT)
    if not documents and not isinstance(value, str):
        raise Unfit(NOT_A_STRING)
    return value or None


def _line(_: Site, one: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise Unfit(NOT_A_STRING)
    if "\n" in value and one.id == "summary":
        raise Unfit("The summary is invalid because it contains newline characters.")
    if len(value) > 255:
        name = "Summary" if one.id == "summary" else "The entered text"
        raise Unfit(f"{name} is too long. It exceeds the allowed limit of 255 characters.")
    return value or None


def _number(_: Site, __: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("Operation value must be a number")
    return float(value)


def _datetime(_: Site, __: Field, value: Any) -> int:
    at = dates.accepted(value) if isinstance(value, str) else None
    if at is None:
        raise Unfit(f"Error parsing date string: {value}")
    return at


def _date(_: Site, __: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise Unfit(f"Error parsing date string: {value}") from None


def _option(_: Site, one: Field, value: Any) -> str:
    if not isinstance(value, dict):
        raise Unfit("Specify a valid 'id' or 'name' for the field")
    if str(value.get("id", "")) in one.options:
        return str(value["id"])
    wanted = value.get("value")
    found = next((key for key, text in one.options.items() if text == wanted), None)
    if found is None:
        raise Unfit(f"Specify a valid value for {one.name}")
    return found


def _options(site: Site, one: Field, value: Any) -> list[str]:
    return [_option(site, one, part) for part in _listed(value)]


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Unfit("data was not an array")
    return value


def _user(site: Site, _: Field, value: Any) -> str:
    if not isinstance(value, dict):
        raise Unfit("expected Object containing a `accountId` property")
    if site.quirks.cloud:
        person = site.accounts.people.get(str(value.get("accountId", value.get("id"))))
    else:
        person = site.accounts.named(str(value.get("name")))
    if person is None:
        shown = value.get("accountId", value.get("name"))
        raise Unfit(f"User '{shown}' does not exist.")
    return person.account_id


def _users(site: Site, one: Field, value: Any) -> list[str]:
    return [_user(site, one, part) for part in _listed(value)]


def _group(site: Site, _: Field, value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else None
    if isinstance(value, dict) and value.get("groupId"):
        name = next((n for n, key in site.accounts.groups.items() if key == value["groupId"]), None)
    if name not in site.accounts.groups:
        raise Unfit(f"Could not find group with name: {name}")
    return str(name)


def _groups(site: Site, one: Field, value: Any) -> list[str]:
    return [_group(site, one, part) for part in _listed(value)]


def _labels(_: Site, __: Field, value: Any) -> list[str]:
    for label in _listed(value):
        if not isinstance(label, str):
            raise Unfit("Operation value must be a string")
        if re.search(r"\s", label):
            raise Unfit(f"The label '{label}' contains spaces which is invalid.")
    return sorted(set(value))


def _priority(site: Site, _: Field, value: Any) -> str:
    return _of(site.setup.priorities, value, "Priority")


def _resolution(site: Site, _: Field, value: Any) -> str:
    return _of(site.setup.resolutions, value, "Resolution")


def _of(known: dict[str, str], value: Any, what: str) -> str:
    if isinstance(value, dict):
        if str(value.get("id")) in known:
            return str(value["id"])
        found = next((key for key, name in known.items() if name == value.get("name")), None)
        if found:
            return found
        if "name" in value:
            raise Unfit(f"{what} name '{value['name']}' is not valid")
    raise Unfit(f"Specify a valid '{what.lower()}' id or name")


def _organizations(site: Site, _: Field, value: Any) -> list[int]:
    ids = [int(part) for part in _listed(value) if str(part).isdigit()]
    if len(ids) != len(value) or any(one not in site.organizations for one in ids):
        raise Unfit("Organization does not exist or you do not have permission to see it.")
    return ids


def _request_type(site: Site, _: Field, value: Any) -> str:
    if str(value) not in site.setup.request_types:
        raise Unfit(f"The specified request type {value} is not valid")
    return str(value)


def _components(_: Site, __: Field, value: Any) -> list[str]:
    if _listed(value):
        raise Unfit("Component name is not valid")
    return []


Reader = Callable[["Site", Field, Any], Any]
READERS: dict[str, Reader] = {
    "line": _line, "number": _number, "datetime": _datetime, "date": _date, "option": _option,
    "options": _options, "user": _user, "users": _users, "group": _group, "groups": _groups,
    "labels": _labels,
    "priority": _priority, "resolution": _resolution, "organizations": _organizations,
    "requesttype": _request_type, "components": _components,
}  # fmt: skip


# -- what the changelog says


def told(site: Site, one: Field, value: Any) -> tuple[str | None, str | None]:
    """A stored value as a changelog item shows it: its id (`from`, `to`) and its text."""
    if value is None or value == []:
        return None, None if one.kind != "labels" else ""
    if one.kind in {"status", "priority", "resolution", "user", "option", "requesttype", "group"}:
        return str(value), name_of(site, one, value)
    if one.kind == "datetime":
        return None, dates.jira(value, site.zone)
    if one.kind in {"options", "users", "groups", "organizations"}:
        names = [name_of(site, _single(one), part) for part in value]
        return f"[{', '.join(map(str, value))}]", ", ".join(names)
    if one.kind == "labels":
        return None, " ".join(value)
    if one.kind == "links":
        key, words = value
        return str(key), str(words)
    return None, text_of(value)


def _single(one: Field) -> Field:
    kinds = {"options": "option", "users": "user", "groups": "group"}
    return Field(one.id, one.name, kinds.get(one.kind, one.kind), options=one.options)


def name_of(site: Site, one: Field, value: Any) -> str:
    """How people know a stored value."""
    setup = site.setup
    match one.kind:
        case "status":
            return setup.statuses[value].name
        case "priority":
            return setup.priorities[value]
        case "resolution":
            return setup.resolutions[value]
        case "issuetype":
            return setup.types[value].name
        case "user":
            person = site.accounts.people.get(value)
            return person.display if person else "Former user"
        case "option":
            return one.options.get(value, str(value))
        case "organizations":
            return site.organizations[value].name
        case "requesttype":
            return setup.request_types[value]["name"]
    return str(value)


def text_of(value: Any) -> str:
    """A plain value as text; whole numbers without a fraction."""
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else str(int(value))
    return adf.as_text(value) if isinstance(value, dict) else str(value)
