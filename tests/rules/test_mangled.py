"""However a rule file is mangled, its author is told what is wrong; nothing else ever comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import Wrong
from connector.rules.effective import effective
from connector.rules.explanations import EXPLANATIONS
from tests.rules.given import load

HERE = Path(__file__).parent
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((HERE / "agreements").glob("*.yaml"))]
TEXTS += [path.read_text(encoding="utf-8") for path in sorted((HERE / "wrong").glob("*.yaml"))]
BITS = st.sampled_from(
    ["", "null", "[]", "{}", "true", "1", "-1", "9999999999999999", "4h", "2d", "2bd", "95%", "%", "24:00",
     "'", '"', "{", "]", ":", "- ", "\n", "---\n", "\x00", "ü", "&a ", "*a", "!!int 1", "is", "when", "state",
     "{field: state}", "[[]]", "{a: {b: c}}", "~", "2026-01-01", "0", "always", "changed"]
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A valid (or already wrong) file with some of its words replaced, removed or doubled."""
    words = (
        draw(st.sampled_from(TEXTS)).replace(",", " , ").replace("}", " } ").replace("{", " { ").split(" ")
    )
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(words) - 1))
        change = draw(st.sampled_from(["replace", "remove", "double", "swap"]))
        if change == "replace":
            words[at] = draw(BITS)
        elif change == "remove":
            words[at : at + draw(st.integers(1, 5))] = [""]
        elif change == "double":
            words.insert(at, words[at])
        else:
            other = draw(st.integers(0, len(words) - 1))
            words[at], words[other] = words[other], words[at]
    return " ".join(words)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(mangled())
def test_a_mangled_file_is_read_or_told_of(text: str) -> None:
    try:
        book = load(text)
    except Wrong as wrong:
        problems = list(wrong.problems)
        assert any(problem.severity == "error" for problem in problems)
    else:
        problems = list(book.warnings)
        assert {found.hash for found in load(effective(book)).agreements} == {a.hash for a in book.agreements}
    assert all(problem.place is not None and problem.code in EXPLANATIONS for problem in problems)


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "\ufeff"])
def test_a_file_without_documents_is_no_error(text: str) -> None:
    assert load(text).agreements == ()
