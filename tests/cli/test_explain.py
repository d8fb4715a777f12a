"""`accord explain`: one ticket's clocks, from the store as of the last sync."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.cli import main
from connector.errors import EXIT_FINE, EXIT_WRONG
from connector.store import open_store
from connector.store.schema import sources
from tests.cli.conftest import WORLD


def explain(config: Path, *args: str) -> int:
    return main(["explain", *args, "--config", str(config)], world=WORLD)


def test_a_clock_is_told_step_by_step_with_the_rules_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(config, "INC1") == EXIT_FINE
    told = capsys.readouterr().out
    assert "desk · resolution" in told
    assert "desk.yaml:4" in told
    assert "breached" in told


def test_json_is_for_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(config, "INC1", "--format", "json") == EXIT_FINE
    assert json.loads(capsys.readouterr().out)["key"] == "INC1"


def test_html_is_a_page(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(config, "INC1", "--format", "html") == EXIT_FINE
    assert "<svg" in capsys.readouterr().out


def test_an_unknown_ticket_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(config, "INC404") == EXIT_WRONG
    assert "no ticket INC404 is known" in capsys.readouterr().err


def test_a_source_that_was_never_read_as_a_whole_is_not_explained(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(f"sqlite:///{config.parent}/accord.db", WORLD)
    with store.begin() as tx:
        tx.execute(sources.update().values(watermark=None))
    store.close()
    assert explain(config, "INC1") == EXIT_WRONG
    assert "run `accord sync`" in capsys.readouterr().err
