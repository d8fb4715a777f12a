"""What a rule author is told: every file in `wrong/` beside the messages it gives, word for word.

The expected messages lie beside each file, as `accord validate` prints them. After a deliberate change of
words run `python -m tests.rules.test_messages` and read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import Wrong
from connector.rules.explanations import EXPLANATIONS
from connector.rules.loader import load_rulebook
from tests.rules.given import KINDS, NOW

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(path.stem for path in WRONG.glob("*.yaml"))


def messages(name: str) -> str:
    """Everything that is told about the file *name*, a problem a line."""
    path = WRONG / f"{name}.yaml"
    try:
        found = load_rulebook([path], KINDS, at=NOW).warnings
    except Wrong as wrong:
        found = tuple(wrong.problems)
    assert {problem.code for problem in found} <= EXPLANATIONS.keys()
    return "".join(f"{problem}\n" for problem in found).replace(f"{path}:", "")


@pytest.mark.parametrize("name", FILES)
def test_every_mistake_is_told_with_its_place(name: str) -> None:
    assert messages(name).splitlines() == (WRONG / f"{name}.txt").read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    for each in FILES:
        (WRONG / f"{each}.txt").write_text(messages(each), encoding="utf-8")
