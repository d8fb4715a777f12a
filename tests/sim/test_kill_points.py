"""A process killed at any of its boundaries, one by one, leaves nothing that two runs in peace do not
mend."""

from __future__ import annotations

import pytest

from tests.sim.kills import STORIES, boundaries, outcome, points

PARTS = 24


@pytest.mark.parametrize("story", STORIES)
def test_a_story_without_a_death_ends_well(story: str) -> None:
    assert outcome(story, None) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_death_at_any_boundary_is_mended_by_two_runs(part: int) -> None:
    """Every so-many-th boundary each, so that the parts run beside each other."""
    found: dict[str, list[str]] = {}
    for story, place, name in points()[part::PARTS]:
        if problems := outcome(story, place):
            found[f"{story}, death {place}: {name}"] = problems
    assert found == {}


@pytest.mark.parametrize(
    ("story", "touched"),
    [
        (
            "first contact",
            {"before metadata", "before history", "commit page", "commit state", "after send batch"},
        ),
        ("everything at once", {"before pull page", "commit claim", "after send batch", "commit answer"}),
        ("everything at once, on Jira", {"after send note", "after send ticket", "after send record"}),
        ("a second opinion", {"before history", "after send batch", "commit answer"}),
        ("another rule", {"commit back-fill", "commit judged", "commit state"}),
        ("a nudge", {"before read again", "commit record again", "commit state", "after send batch"}),
        ("a nudge, on Jira", {"after read again", "after comments", "after send note"}),
        ("a notice by mail", {"before mail", "after mail"}),
        ("a notice by webhook", {"before webhook", "after webhook"}),
    ],
)
def test_a_story_gets_as_far_as_it_means_to(story: str, touched: set[str]) -> None:
    """A story that did not reach what it is about would prove nothing of it."""
    assert touched <= set(boundaries(story))
