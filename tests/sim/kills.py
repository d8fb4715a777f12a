"""Short stories whose last run is killed at each of its boundaries, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from connector.stages.summary import SourceSummary, Summary
from tests.sim.checks import wrong
from tests.sim.deployment import Deployment, Happens
from tests.sim.model import History
from tests.sim.mortal import Dead, Life

MINUTES = 60.0
SEED = 7
Run = Callable[[Deployment, Happens], Summary | list[SourceSummary]]
Told = tuple[Mapping[str, History], Run]


def _sync(deployment: Deployment, happens: Happens) -> Summary:
    return deployment.sync(happens)


def first_contact(deployment: Deployment) -> Told:
    """Work was there before the first run, some of it late: it is recorded, and nobody is told."""
    late = deployment.open()
    histories = {late: [(deployment.now, "new")]}
    deployment.pass_by(70 * MINUTES)
    fresh = deployment.open("in progress")
    histories[fresh] = [(deployment.now, "in progress")]
    deployment.pass_by(1 * MINUTES)
    return histories, _sync


def everything_at_once(deployment: Deployment) -> Told:
    """Between two runs one ticket is late, one half, one resolved, one on hold and one new."""
    deployment.sync()
    histories: dict[str, History] = {}
    for wait in (20, 20, 1, 1, 0):
        histories[deployment.open()] = [(deployment.now, "new")]
        deployment.pass_by(wait * MINUTES + 1)
    _late, _half, resolved, held, _new = histories
    deployment.sync()
    deployment.pass_by(22 * MINUTES)
    _move(deployment, histories, resolved, "resolved")
    _move(deployment, histories, held, "on hold")
    deployment.pass_by(1 * MINUTES)
    return histories, _sync


def a_second_opinion(deployment: Deployment) -> Told:
    """What has been written before changes: records are written to, not made, and a ticket begins anew."""
    found, _ = everything_at_once(deployment)
    histories = dict(found)
    deployment.sync()
    late, _half, resolved, *_ = histories
    _move(deployment, histories, resolved, "in progress")
    _move(deployment, histories, late, "resolved")
    deployment.pass_by(40 * MINUTES)
    return histories, _sync


def another_rule(deployment: Deployment) -> Told:
    """A second agreement comes into force: the past is evaluated anew, in silence."""
    deployment.sync()
    histories: dict[str, History] = {}
    for wait in (25, 10, 1):
        histories[deployment.open()] = [(deployment.now, "new")]
        deployment.pass_by(wait * MINUTES)
    deployment.sync()
    deployment.rules = "two"
    deployment.pass_by(5 * MINUTES)
    _move(deployment, histories, list(histories)[1], "on hold")
    deployment.pass_by(1 * MINUTES)
    return histories, _sync


def a_nudge(deployment: Deployment) -> Told:
    """A webhook names two tickets, of which one has just been resolved and one is late."""
    deployment.sync()
    histories: dict[str, History] = {}
    for _ in range(3):
        histories[deployment.open()] = [(deployment.now, "new")]
        deployment.pass_by(20)
    deployment.sync()
    deployment.pass_by(61 * MINUTES)
    late, resolved, _other = histories
    _move(deployment, histories, resolved, "resolved")
    deployment.pass_by(15)

    def nudge(nudged: Deployment, happens: Happens) -> list[SourceSummary]:
        return nudged.nudge([late, resolved], happens)

    return histories, nudge


def a_notice(deployment: Deployment) -> Told:
    """Somebody is told of two late tickets by a way on which nothing can be looked up."""
    deployment.rules = "told"
    deployment.sync()
    histories: dict[str, History] = {}
    for _ in range(2):
        histories[deployment.open()] = [(deployment.now, "new")]
        deployment.pass_by(1 * MINUTES)
    deployment.sync()
    deployment.pass_by(61 * MINUTES)
    return histories, _sync


def _move(deployment: Deployment, histories: dict[str, Any], id_: str, state: str) -> None:
    deployment.desk.change(id_, state)
    histories[id_].append((deployment.now, state))


# By name: the story, the platform, and the way of notices.
STORIES: dict[str, tuple[Callable[[Deployment], Told], str, str]] = {
    "first contact": (first_contact, "servicenow", "platform"),
    "everything at once": (everything_at_once, "servicenow", "platform"),
    "everything at once, on Jira": (everything_at_once, "jira", "platform"),
    "a second opinion": (a_second_opinion, "servicenow", "platform"),
    "a second opinion, on Jira": (a_second_opinion, "jira", "platform"),
    "another rule": (another_rule, "servicenow", "platform"),
    "another rule, on Jira": (another_rule, "jira", "platform"),
    "a nudge": (a_nudge, "servicenow", "platform"),
    "a nudge, on Jira": (a_nudge, "jira", "platform"),
    "a notice by mail": (a_notice, "servicenow", "smtp"),
    "a notice by webhook": (a_notice, "jira", "webhook"),
}


@lru_cache
def boundaries(story: str) -> tuple[str, ...]:
    """What the story's last run crosses when nobody kills it."""
    deployment, (_, last) = _begun(story)
    last(deployment, lambda _life, _boundary: None)
    return tuple(deployment.lives[-1].crossed)


def outcome(story: str, dies_at: int | None) -> list[str]:
    """What is wrong two runs after a run that died at that boundary (from 1; None: it did not)."""
    deployment, (histories, last) = _begun(story)

    def happens(life: Life, _boundary: str) -> None:
        if len(life.crossed) == dies_at:
            life.die()

    try:
        last(deployment, happens)
    except Dead:
        pass
    else:
        assert dies_at is None, "it was to die, and did not"
    for _ in range(2):
        deployment.pass_by(400)
        deployment.sync()
    return wrong(deployment, histories)[0]


def points() -> list[tuple[str, int, str]]:
    """Every boundary of every story's last run, by its place and name."""
    return [
        (story, place, name) for story in STORIES for place, name in enumerate(boundaries(story), start=1)
    ]


def _begun(story: str) -> tuple[Deployment, Told]:
    tell, platform, notify = STORIES[story]
    deployment = Deployment(SEED, platform, notify=notify)
    return deployment, tell(deployment)
