"""Atlassian Document Format: telling one, what it says in plain words, and plain words as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Text = str | dict[str, Any]
BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "listItem", "codeBlock", "blockquote", "rule",
    "panel", "table", "tableRow", "tableCell", "tableHeader", "mediaSingle", "mediaGroup", "expand",
    "nestedExpand", "taskList", "taskItem", "decisionList", "decisionItem", "layoutSection", "layoutColumn",
    "blockCard",
}  # fmt: skip
INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "media", "mediaInline"}


def is_document(value: Any) -> bool:
    """Whether Jira would take this for a document."""
    if not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1:
        return False
    content = value.get("content")
    return isinstance(content, list) and all(_is_node(node, BLOCKS) for node in content)


def _is_node(node: Any, allowed: set[str]) -> bool:
    if not isinstance(node, dict) or node.get("type") not in allowed:
        return False
    if node["type"] == "text":
        return isinstance(node.get("text"), str) and node["text"] != ""
    content = node.get("content", [])
    return isinstance(content, list) and all(_is_node(one, BLOCKS | INLINE) for one in content)


def document(text: str) -> dict[str, Any]:
    """Plain text as a document, a paragraph a line."""
    lines = [{"type": "paragraph", "content": _line(line)} for line in text.split("\n")]
    return {"type": "doc", "version": 1, "content": lines}


def _line(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []


def as_document(value: Text) -> dict[str, Any]:
    return document(value) if isinstance(value, str) else value


def as_text(value: Text) -> str:
    """What a document says, a line a block; the wiki text of Data Center."""
    if isinstance(value, str):
        return value
    return "\n".join(_words(block) for block in value.get("content", ()))


def _words(node: dict[str, Any]) -> str:
    return "".join(_pieces(node))


def _pieces(node: dict[str, Any]) -> Iterator[str]:
    match node.get("type"):
        case "text":
            yield node["text"]
        case "hardBreak":
            yield "\n"
        case "mention":
            yield str(node.get("attrs", {}).get("text", ""))
        case _:
            for one in node.get("content", ()):
                yield from _pieces(one)
