"""Patterns: the same answers as the usual engine on the part of the language they share, and no slow ones."""

from __future__ import annotations

import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.rules.patterns import PatternError, compile_pattern

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\w", "\\s", "^", "$", "\\b", "\\.", "[a-c]", "\\d"])


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = inner.map(lambda text: f"({text})")
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(groups, min_size=2, max_size=3).map("|".join),
        st.tuples(groups, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,}"])).map("".join),
    )


PATTERNS = st.recursive(ATOMS, combined, max_leaves=8)


@given(PATTERNS, st.text("abc1. \n", max_size=12))
def test_a_pattern_finds_what_the_usual_engine_finds(pattern: str, text: str) -> None:
    # `$` of `re` also matches before a last line end; ours is the end only
    usual = re.search(pattern.replace("$", r"\Z"), text, re.IGNORECASE) is not None
    assert compile_pattern(pattern).found_in(text) == usual


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("VPN", "the vpn is down"), ("é", "É"), ("[A-Z]{3}-\\d+", "see abc-12"), ("^re:", "RE: x")],
)  # fmt: skip
def test_patterns_are_found_anywhere_without_case(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).found_in(text)


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "^(a*)*$", "(.*a){20}$", "a{0,50}a{50}$"])
def test_no_pattern_is_slow(pattern: str) -> None:
    text = "a" * 2000 + "b"
    begun = perf_counter()
    assert not compile_pattern(pattern).found_in(text)
    assert perf_counter() - begun < 10  # the usual engine would need longer than the universe has


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("(a", "`(` without `)` at character 3"),
        ("a)", "`)` without `(` at character 2"),
        ("[a", "the pattern ends too early at character 3"),
        ("*a", "nothing to repeat before `*` at character 1"),
        ("a**", "a repeat of a repeat (also lazy and possessive ones) is not allowed at character 3"),
        ("a+?", "a repeat of a repeat (also lazy and possessive ones) is not allowed at character 3"),
        ("a{,3}", "`{` needs counts such as {2} or {2,5} (write \\{ for the character) at character 2"),
        ("a{300}", "counts go up to 200, the smaller one first, at character 7"),
        ("((a{200}){200})", "the pattern is too large when its repeats are spelt out, at character 4"),
        ("(?i)a", "look-arounds, named groups and flags are not allowed, `(?` at character 2"),
        ("(?P<n>a)", "look-arounds, named groups and flags are not allowed, `(?` at character 2"),
        ("(a)\\1", "back-references are not allowed, at character 5"),
        ("\\q", "`\\q` is not known, at character 2"),
        ("[z-a]", "a range in `[ ]` goes from the smaller to the larger character at character 5"),
        ("a" * 501, "a pattern may have 500 characters, this has 501"),
    ],
)
def test_what_is_outside_the_language_is_refused(pattern: str, what: str) -> None:
    with pytest.raises(PatternError) as wrong:
        compile_pattern(pattern)
    assert str(wrong.value) == what


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        compile_pattern(text).found_in("some text 12")
    except PatternError as wrong:
        assert str(wrong)  # noqa: PT017 (both ways are right)
