"""Stories end well, are the same when told again, meet every fault at every boundary, and would be found out
if they did not end well (see `test_mutants`)."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path

import pytest

from tests.sim.__main__ import be_quiet
from tests.sim.coverage import SEEDS, Coverage
from tests.sim.story import tell

BLOCKS = 50  # parts of about equal length, for several workers


@pytest.mark.parametrize("block", range(BLOCKS))
def test_stories_end_as_they_must(block: int, coverage_of_all: Path) -> None:
    """However runs fail and die, in the end every due effect is there once and none that is not due. The
    block that is told last also sees that under each seed some act was due, and that every fault was met at
    every boundary often enough."""
    coverage = Coverage()
    for seed in range(block, SEEDS, BLOCKS):
        story = tell(seed)
        assert not story.wrong, f"\n{story}\nplay it again: make simulate SEED={seed}"
        coverage.add(story)
    gc.collect()
    whole_file = coverage_of_all / f"{block}.json"
    whole_file.with_suffix(".part").write_text(json.dumps(coverage.as_json()))
    whole_file.with_suffix(".part").rename(whole_file)  # another worker may be counting
    told = sorted(coverage_of_all.glob("*.json"))
    if len(told) == BLOCKS:
        whole = Coverage.of([json.loads(one.read_text()) for one in told])
        assert list(whole.lacking()) == [], f"\n{whole.table()}"


@pytest.fixture
def coverage_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "coverage"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("seed", [4, 5])
def test_a_seed_tells_the_same_story_again(seed: int) -> None:
    assert str(tell(seed)) == str(tell(seed))


def test_a_seed_can_be_told_alone(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.sim.__main__ import main

    be_quiet()
    assert main(["--seed", "3"]) == 0
    assert capsys.readouterr().out.rstrip("\n") == str(tell(3))
