"""Text as Jira takes it: documents (ADF) on Cloud, wiki markup on Data Center; and back to plain text.

Pure. Source: Atlassian Document Format. People are mentioned by their ids, so that they are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody who is named in a text."""

    id: str
    name: str


Part = str | Mention


def written(lines: Iterable[Iterable[Part]], *, as_document: bool) -> Any:
    """*lines*, each of text and mentions, as the platform takes them."""
    return document(lines) if as_document else wiki(lines)


def document(lines: Iterable[Iterable[Part]]) -> dict[str, Any]:
    """An ADF document with a paragraph a line. An empty text may not stand in one."""
    paragraphs = []
    for line in lines:
        nodes = [_node(part) for part in line if part != ""]
        paragraphs.append({"type": "paragraph", "content": nodes} if nodes else {"type": "paragraph"})
    return {"type": "doc", "version": 1, "content": paragraphs or [{"type": "paragraph"}]}


def _node(part: Part) -> dict[str, Any]:
    if isinstance(part, Mention):
        return {"type": "mention", "attrs": {"id": part.id, "text": f"@{part.name}"}}
    return {"type": "text", "text": part}


def wiki(lines: Iterable[Iterable[Part]]) -> str:
    """Wiki markup; what would be markup in plain text is escaped."""
    return "\n".join("".join(_marked(part) for part in line) for line in lines)


def _marked(part: Part) -> str:
    if isinstance(part, Mention):
        return f"[~{part.id}]"
    return "".join(f"\\{letter}" if letter in "{}[]|*_^~!\\" else letter for letter in part)


def lines_of(text: str) -> list[list[Part]]:
    """Plain *text* as lines to be written."""
    return [[line] for line in text.splitlines()]


def plain(body: Any) -> str:
    """The text of a document, without its form; wiki markup is given as it stands."""
    return body if isinstance(body, str) else "\n".join(_lines(body)).strip("\n")


def _lines(node: Any) -> list[str]:
    if not isinstance(node, Mapping):
        return []
    content = node.get("content") or ()
    if node.get("type") in ("paragraph", "heading", "codeBlock"):
        return "".join(_inline(part) for part in content).split("\n")
    return [line for part in content for line in _lines(part)]


def _inline(node: Any) -> str:
    if not isinstance(node, Mapping):
        return ""
    if node.get("type") == "hardBreak":
        return "\n"
    if node.get("type") in ("mention", "emoji", "status", "date"):
        attributes = node.get("attrs") or {}
        return str(attributes.get("text") or attributes.get("shortName") or "")
    return str(node.get("text") or "") + "".join(_inline(part) for part in node.get("content") or ())
