"""`accord demo`: the story runs to its end, and what it tells is true of both platforms and of its site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.cli import main
from connector.cli.demo import MONTH, REPORT
from connector.errors import EXIT_FINE, EXIT_WRONG
from connector.site import load_site
from connector.store import open_store, runs
from connector.world import World


@pytest.mark.timeout(300)
def test_the_story_is_told_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "story"
    assert main(["demo", "--into", str(folder)]) == EXIT_FINE
    told = capsys.readouterr().out
    assert "■ Where to look" in told
    assert "as the agent sees it on ServiceNow" in told
    assert "the same on Jira" in told
    assert MONTH in (folder / REPORT).read_text(encoding="utf-8")
    _both_platforms_came_to_the_same(told)
    _three_runs_ended_well(folder)


def _both_platforms_came_to_the_same(told: str) -> None:
    figures = re.findall(r"· ([a-z-]+) \((jira|servicenow)\) +(.+?)  promised .* of +(\d+) cycles", told)
    by_platform = {
        platform: sorted((name, value, count) for name, of, value, count in figures if of == platform)
        for platform in ("jira", "servicenow")
    }
    assert len(by_platform["jira"]) == 2
    assert by_platform["jira"] == by_platform["servicenow"]
    notes = [line for line in told.splitlines() if line.startswith("   │ note:")]
    assert len(notes) == 2
    assert notes[0] == notes[1]


def _three_runs_ended_well(folder: Path) -> None:
    world = World()
    store = open_store(load_site(folder / "config.yaml", world).config.store, world)
    with store.read() as tx:
        assert [run.exit_code for run in runs.last(tx, 10)] == [EXIT_FINE] * 3
    store.close()


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main(["demo", "--into", str(tmp_path)]) == EXIT_WRONG
    assert "is not empty; name a new folder with --into" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
