"""From nothing to a first sync on Jira, by the commands that a new user is told to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli import main
from connector.errors import EXIT_FINE, EXIT_FOUND
from connector.model.instant import MINUTE
from tests.journeys.test_sync_on_jira import Desk, cycles

YOURS = "https://YOUR-SITE.atlassian.net"


def test_what_init_writes_is_valid_checks_and_syncs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path / "other", is_set_up=False)
    issue = desk.jira.create("it broke", priority="1")
    desk.pass_(5 * MINUTE)
    environ = {"JIRA_USER": "accord@example.com", "JIRA_TOKEN": "accord"}
    desk.world.environ.update(environ)  # type: ignore[attr-defined]
    folder = tmp_path / "site"

    def accord(*args: str) -> int:
        return main([*args, "--config", str(folder / "config.yaml")], world=desk.world)

    assert main(["init", str(folder), "--platform", "jira"], world=desk.world) == EXIT_FINE
    config = (folder / "config.yaml").read_text()
    assert YOURS in config
    config = config.replace(YOURS, "https://acme.atlassian.net")
    (folder / "config.yaml").write_text(config)

    assert accord("validate") == EXIT_FINE
    assert accord("check") == EXIT_FOUND  # its fields are not there
    assert "accord setup --apply" in capsys.readouterr().out
    assert accord("setup", "--apply") == EXIT_FINE
    assert accord("check") == EXIT_FINE, capsys.readouterr().out
    assert accord("plan") == EXIT_FINE
    assert accord("sync") == EXIT_FINE
    assert cycles(issue) == []  # until somebody says `on`

    (folder / "config.yaml").write_text(config.replace("achievement: plan", "achievement: on"))
    desk.pass_(5 * MINUTE)
    assert accord("sync") == EXIT_FINE
    assert {one["agreement"] for one in cycles(issue)} == {"service-desk"}
