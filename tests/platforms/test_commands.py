"""`accord check` and `accord setup` as somebody runs them: what they print, and how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connector.cli import main
from tests.platforms.site import Site

CONFIG = """
sources:
  acme:
    platform: servicenow
    url: https://acme.service-now.com
    auth: {type: basic, user: accord, password: env:SN_PASSWORD}
    limits: {requests_per_second: 1000}
rules: [rules/]
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return str(tmp_path / "config.yaml")


def test_check_ends_with_1_where_something_is_missing_and_with_0_once_it_is_made(
    site: Site, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", config], world=site.world()) == 1
    assert "accord setup --apply" in capsys.readouterr().out
    assert main(["setup", "--apply", "--config", config], world=site.world()) == 0
    assert "made     acme  table u_accord_achievement" in capsys.readouterr().out
    assert main(["check", "--config", config], world=site.world()) == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if line.startswith("problem ")]


def test_check_ends_with_3_where_the_login_is_refused(
    site: Site, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site.sandbox.servicenow.instance.accounts.add("accord", "another-word", ("itil",))
    assert main(["check", "--config", config, "--format", "json"], world=site.world()) == 3
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["fine"] is False
    assert "login was refused" in line["detail"]


def test_setup_shows_before_it_makes(site: Site, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--config", config], world=site.world()) == 0
    assert "missing  acme  column u_accord_achievement.u_key" in capsys.readouterr().out
    assert "u_accord_achievement" not in site.sandbox.servicenow.tables


def test_setup_takes_away_only_when_told_twice(
    ready: Site, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "--remove", "--yes", "--config", config], world=ready.world()) == 0
    assert "removed  acme  table u_accord_achievement" in capsys.readouterr().out
    assert "u_accord_achievement" not in ready.sandbox.servicenow.tables


def test_setup_writes_an_update_set_without_asking_the_platform(
    site: Site, config: str, tmp_path: Path
) -> None:
    file = tmp_path / "accord.xml"
    assert main(["setup", "--update-set", str(file), "--config", config], world=site.world()) == 0
    assert "u_accord_achievement" in file.read_text()
    assert site.sandbox.requests.total() == 0


def test_an_unknown_source_is_told(site: Site, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--source", "acm", "--config", config], world=site.world()) == 2
    assert "known here: acme" in capsys.readouterr().err


def test_check_ends_with_2_where_a_secret_is_not_there(
    site: Site, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = replace(site.world(), environ={})
    assert main(["check", "--config", config], world=world) == 2
    assert f"{config}:6:49: the environment variable SN_PASSWORD is not set" in capsys.readouterr().out
    assert site.sandbox.requests.total() == 0
