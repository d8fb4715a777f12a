"""Single stories that ended wrong once, told by hand."""

from __future__ import annotations

import pytest

from tests.sim import plot
from tests.sim.aim import Shot
from tests.sim.checks import wrong
from tests.sim.databases import database
from tests.sim.deployment import Deployment

MINUTES = 60.0


@pytest.mark.parametrize("platform", plot.PLATFORMS)
def test_what_a_nudge_announced_is_not_taken_back_by_a_back_fill_of_an_earlier_instant(platform: str) -> None:
    """A sweep that was cut short goes on, and is true of when it began: before the nudge."""
    deployment = Deployment(1, platform, has_run=True)
    first = deployment.open()
    histories = {first: [(deployment.now, "new")]}
    deployment.pass_by(1 * MINUTES)
    deployment.rules = "two"
    deployment.aim.shots = [Shot("401", "history")]
    deployment.sync()
    deployment.aim.clear()
    deployment.pass_by(30 * MINUTES)
    nudged = deployment.open()
    histories[nudged] = [(deployment.now, "new")]
    deployment.pass_by(10)
    deployment.nudge([nudged])
    deployment.sync()
    _two_runs(deployment)
    assert wrong(deployment, histories)[0] == []


@pytest.mark.parametrize("platform", plot.PLATFORMS)
def test_a_restored_store_empties_fields_that_it_never_knew_to_be_filled(platform: str) -> None:
    deployment = Deployment(1, platform, has_run=True)
    backup = database().keep_backup()
    id_ = deployment.open()
    histories = {id_: [(deployment.now, "new")]}
    deployment.pass_by(5 * MINUTES)
    deployment.sync()
    assert deployment.desk.shown(id_)[0] == "running"
    deployment.desk.change(id_, "resolved")
    histories[id_].append((deployment.now, "resolved"))
    database().put_back(backup)
    _two_runs(deployment)
    assert wrong(deployment, histories)[0] == []


def _two_runs(deployment: Deployment) -> None:
    for _ in range(2):
        deployment.pass_by(400)
        deployment.sync()
