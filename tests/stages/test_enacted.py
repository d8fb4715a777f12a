"""What a changed agreement is told apart by, in a person's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.stages.enacted import differences

leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy", max_size=2), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: 1 → 2"]),
        ({"a": [1, {"b": 1}]}, {"a": [1, {"b": 3}]}, ["a[2].b: 1 → 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: [1] → [1, 2]"]),
        ({"time": {"length": 14_400_000}}, {"time": {"length": 3_600_000}}, ["time.length: 4 h → 1 h"]),
        ({}, {"a": "x"}, ['a: absent → "x"']),
        ({"a": 1, "b": 2}, {"a": 3, "b": 4}, ["a: 1 → 3", "b: 2 → 4"]),
        ({"a": "x" * 99}, {"a": None}, [f'a: "{"x" * 56}… → absent']),
    ],
)
def test_each_difference_is_named_by_its_path(before: Any, after: Any, told: list[str]) -> None:
    assert list(differences(before, after)) == told


@given(documents, documents)
def test_there_is_a_difference_to_tell_exactly_where_two_texts_differ(before: Any, after: Any) -> None:
    def known(value: Any) -> Any:
        """A key without a value is as no key."""
        if isinstance(value, dict):
            return {key: known(inner) for key, inner in value.items() if inner is not None}
        return [known(inner) for inner in value] if isinstance(value, list) else value

    differ = repr(known(before)) != repr(known(after)) and known(before) != known(after)
    assert bool(list(differences(before, after))) == differ
