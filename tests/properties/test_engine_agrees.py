"""The engine, column by column, against the slow evaluator, ticket by ticket: every figure of every cycle."""

from __future__ import annotations

from hypothesis import given, settings

from tests.properties.stories import Story, engine, oracle, stories
from tests.properties.telling import differences


@settings(max_examples=4 * settings().max_examples)
@given(story=stories())
def test_every_figure_is_the_slow_evaluators(story: Story) -> None:
    found = engine(story.tickets, story.book, story.at)
    wanted = oracle(story.tickets, story.book, story.at)
    assert not differences(found, wanted), "\n".join(differences(found, wanted))
