"""JQL's words, strings and signs, with the place where each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.sandbox.jira.jql.syntax import JqlError

PREFIX = "Error in the JQL Query: "
RESERVED_CHARACTERS = "{}*/%+^$#@?;[]"
_FIELD = re.compile(
    r"cf\[\d+\]|(?:issue|project|user|comment)\.property\[[^\]]+\](?:\.[\w.]+)?", re.IGNORECASE
)
_SIGN = re.compile(r"!=|!~|>=|<=|&&|\|\||[=~<>(),&|!]")
_WORD = re.compile(r"""(?:\\.|[^\s=!<>~(),"'|&{}*/%+^$#@?;\[\]\\])+""")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "'": "'", '"': '"', "\\": "\\", " ": " "}
ILLEGAL = (
    "'{0}' is an illegal JQL escape sequence. The valid escape sequences are"
    " \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX."
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: word, string, field (`cf[1]`) or sign. `place` counts characters from 1."""

    kind: str
    text: str
    place: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs


def tokens(text: str) -> list[Token]:
    """The query's tokens; JqlError for what is none."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _next(text, at)
        found.append(token)
    return found


def _next(text: str, at: int) -> tuple[Token, int]:
    if text[at] in "\"'":
        return _string(text, at)
    for kind, pattern in (("field", _FIELD), ("sign", _SIGN), ("word", _WORD)):
        match = pattern.match(text, at)
        if match:
            held = _unescaped(match[0], at) if kind == "word" else match[0]
            return Token(kind, held, at + 1), match.end()
    sign = text[at]
    raise JqlError(
        f"{PREFIX}The character '{sign}' is a reserved JQL character. You must enclose it in a string or use"
        f" the escape '\\u{ord(sign):04x}' instead."
    )


def _string(text: str, at: int) -> tuple[Token, int]:
    quote, end = text[at], at + 1
    while end < len(text) and text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        held = text[at + 1 :]
        raise JqlError(
            f"{PREFIX}The quoted string '{held}' has not been completed. (line 1, character {at + 1})"
        )
    return Token("string", _unescaped(text[at + 1 : end], at), at + 1), end + 1


def _unescaped(text: str, at: int) -> str:
    def meant(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPED:
            raise JqlError(f"{PREFIX}{ILLEGAL.format(match[0])} (line 1, character {at + 1})")
        return _ESCAPED[escape]

    return _ESCAPE.sub(meant, text) if "\\" in text else text
