"""What words stand for: the values a field can have, and the texts of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.jira import adf
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.setup import CATEGORIES, Field

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site


def candidates(site: Site, one: Field) -> list[tuple[Any, set[str]]]:
    """The values a field can have, each with the words that stand for it."""
    setup = site.setup
    match one.kind:
        case "status":
            return [(s.id, {s.id, s.name.lower()}) for s in setup.statuses.values()]
        case "category":
            return [
                (s.id, {s.category, CATEGORIES[s.category][1].lower(), str(CATEGORIES[s.category][0])})
                for s in setup.statuses.values()
            ]
        case "priority":
            return [(key, {key, name.lower()}) for key, name in setup.priorities.items()]
        case "resolution":
            return [(key, {key, name.lower()}) for key, name in setup.resolutions.items()]
        case "issuetype":
            return [(key, {key, kind.name.lower()}) for key, kind in setup.types.items()]
        case "project":
            return [(key, {key.lower(), p.id, p.name.lower()}) for key, p in setup.projects.items()]
        case "user" | "users":
            return [(p.account_id, {p.account_id.lower(), p.name.lower(), p.email.lower(), p.display.lower()})
                    for p in site.accounts.people.values()]  # fmt: skip
        case "option" | "options":
            return [(key, {key, text.lower()}) for key, text in one.options.items()]
        case "group" | "groups":
            return [(name, {name.lower(), key}) for name, key in site.accounts.groups.items()]
        case "organizations":
            return [(key, {str(key), o.name.lower()}) for key, o in site.organizations.items()]
        case "requesttype":
            return [(key, {key, kind["name"].lower()}) for key, kind in setup.request_types.items()]
    return []


def all_texts(issue: Issue) -> str:
    """Everything an issue says, for a search in all of it."""
    own = [
        plain(issue.fields[name])
        for name in ("summary", "description", "environment")
        if name in issue.fields
    ]
    custom = [
        value for name, value in issue.fields.items() if name.startswith("custom") and isinstance(value, str)
    ]
    return "\n".join([*own, *custom, *(adf.as_text(comment.body) for comment in issue.comments)])


def plain(value: Any) -> str:
    """A text or a document in plain words."""
    return adf.as_text(value) if isinstance(value, dict) else str(value)


def says(text: str, wanted: str) -> bool:
    """Whether a text holds all the words, or the phrase between quotation marks."""
    said = text.lower()
    if len(wanted) > 1 and wanted[0] == wanted[-1] == '"':
        return wanted[1:-1].lower() in said
    words = {word.strip('.,;:!?()[]"') for word in said.split()}
    return all(_word_in(word, words) for word in wanted.lower().split())


def _word_in(word: str, words: set[str]) -> bool:
    if word.endswith("*"):
        return any(one.startswith(word[:-1]) for one in words)
    return word.strip('.,;:!?()[]"') in words
