"""The mark that a note of Accord carries, so that it can be found again: a short key in brackets."""

from __future__ import annotations

import re

_SHORT = 12
_MARK = re.compile(r"\[[0-9a-f]{12}\]")


def mark(key: str) -> str:
    """The mark of an effect's *key*, as it stands in a note's text."""
    return f"[{key[:_SHORT]}]"


def is_ours(text: str) -> bool:
    """Whether a note carries any such mark."""
    return bool(_MARK.search(text))
