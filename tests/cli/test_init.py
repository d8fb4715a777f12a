"""`accord init` gives a site that is right as it stands and never overwrites anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli import main
from connector.errors import EXIT_FINE, EXIT_WRONG
from connector.model.instant import parse_instant
from connector.site import load_site
from connector.world import World

WORLD = World(environ={}, now=lambda: parse_instant("2026-11-01T00:00:00Z"))


def test_a_fresh_site_is_valid_and_needs_no_secret_to_be_read(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "site")]) == EXIT_FINE
    site = load_site(tmp_path / "site" / "config.yaml", WORLD)
    assert [source.platform for source in site.config.sources.values()] == ["servicenow"]
    assert site.book.agreements


def test_a_fresh_site_writes_nothing_to_the_platform_yet(tmp_path: Path) -> None:
    main(["init", str(tmp_path)])
    (source,) = load_site(tmp_path / "config.yaml", WORLD).config.sources.values()
    outputs = ("fields", "achievement", "note", "notify", "create.problem", "create.improvement_input")
    assert {source.switch(output) for output in outputs} == {"plan"}


def test_what_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("mine\n")
    main(["init", str(tmp_path)])
    assert (tmp_path / "config.yaml").read_text() == "mine\n"
    assert f"kept     {tmp_path / 'config.yaml'}" in capsys.readouterr().out


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    main(["init", str(tmp_path)])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    assert main(["init", str(tmp_path)]) == EXIT_FINE
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")} == before


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "site")]) == EXIT_WRONG
    assert "cannot be written" in capsys.readouterr().err


def test_an_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--platform", "remedy"]) == EXIT_WRONG
    assert "'jira', 'servicenow'" in capsys.readouterr().err
