"""A process killed at any of its boundaries, one by one, leaves nothing that two runs in peace do not
mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import pytest

from tests.sim.checks import wrong
from tests.sim.deployment import Deployment
from tests.sim.model import History
from tests.sim.mortal import Dead

MINUTES = 60.0
SEED = 7


def first_contact(deployment: Deployment) -> Mapping[str, History]:
    """Work was there before the first run, some of it late: it is recorded, and nobody is told."""
    late = deployment.open()
    histories = {late: [(deployment.now, "1")]}
    deployment.pass_by(70 * MINUTES)
    fresh = deployment.open(state="2")
    histories[fresh] = [(deployment.now, "2")]
    deployment.pass_by(1 * MINUTES)
    return histories


def everything_at_once(deployment: Deployment) -> Mapping[str, History]:
    """Between two runs one ticket is late, one half, one resolved, one on hold and one new."""
    deployment.sync()
    histories: dict[str, History] = {}
    for wait in (20, 20, 1, 1, 0):
        histories[deployment.open()] = [(deployment.now, "1")]
        deployment.pass_by(wait * MINUTES + 1)
    _late, _half, resolved, held, _new = histories
    deployment.sync()
    deployment.pass_by(22 * MINUTES)
    _move(deployment, histories, resolved, "6", close_code="Solved")
    _move(deployment, histories, held, "3", hold_reason="1")
    deployment.pass_by(1 * MINUTES)
    return histories


def a_second_opinion(deployment: Deployment) -> Mapping[str, History]:
    """What has been written before changes: records are written to, not made, and a ticket begins anew."""
    histories = dict(everything_at_once(deployment))
    deployment.sync()
    late, _half, resolved, *_ = histories
    _move(deployment, histories, resolved, "2")
    _move(deployment, histories, late, "6", close_code="Solved")
    deployment.pass_by(40 * MINUTES)
    return histories


def _move(
    deployment: Deployment, histories: dict[str, History], sys_id: str, state: str, **values: str
) -> None:
    deployment.change(sys_id, state=state, **values)
    histories[sys_id].append((deployment.now, state))


STORIES: dict[str, Callable[[Deployment], Mapping[str, History]]] = {
    "first contact": first_contact,
    "everything at once": everything_at_once,
    "a second opinion": a_second_opinion,
}


@lru_cache
def boundaries(story: str) -> tuple[str, ...]:
    """What the story's last run crosses when nobody kills it."""
    deployment = Deployment(SEED)
    STORIES[story](deployment)
    deployment.sync()
    return tuple(deployment.lives[-1].crossed)


def outcome(story: str, dies_at: int | None) -> list[str]:
    """What is wrong two runs after a run that died there."""
    deployment = Deployment(SEED)
    histories = STORIES[story](deployment)
    before = len(deployment.lives)
    try:
        deployment.sync(dies_at)
        assert dies_at is None
    except Dead:
        assert len(deployment.lives) == before + 1
    for _ in range(2):
        deployment.pass_by(400)
        deployment.sync()
    return wrong(deployment, histories, deployment.first_run)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_without_a_death_ends_well(story: str) -> None:
    assert outcome(story, None) == []


def points() -> list[tuple[str, int, str]]:
    """Every boundary of every story's last run, by its place and name."""
    return [
        (story, place, name) for story in STORIES for place, name in enumerate(boundaries(story), start=1)
    ]


@pytest.mark.parametrize("part", range(16))
def test_a_death_at_any_boundary_is_mended_by_two_runs(part: int) -> None:
    """Every sixteenth boundary each, so that the parts run beside each other."""
    found: dict[str, list[str]] = {}
    for story, place, name in points()[part::16]:
        if problems := outcome(story, place):
            found[f"{story}, death {place}: {name}"] = problems
    assert found == {}


@pytest.mark.parametrize("story", STORIES)
def test_the_boundaries_of_a_story_are_those_of_all_stages(story: str) -> None:
    """A story that did not get as far as delivering would prove nothing about it."""
    crossed = boundaries(story)
    assert any("GET /api/now/table/sys_audit" in name for name in crossed)
    assert any("POST" in name or "PATCH" in name for name in crossed)
    assert crossed.count("store commit") > 10
