"""What is wrong with a site on Jira, or with how it is described, is told by the command line: what, where
and what to do; and nothing is taken for an empty desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connector.cli import main
from connector.errors import EXIT_FOUND, EXIT_PLATFORM, EXIT_WRONG
from connector.sandbox import JiraQuirks
from connector.sandbox.jira.oauth import cloud_id
from tests.journeys.test_sync_on_jira import CONFIG, Desk

Told = Callable[..., str]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "site")
    for number in range(3):
        made.jira.create("it broke", priority=str(1 + number))
    return made


@pytest.fixture
def accord(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Told:
    """What a command prints, however it ends; *ends* is its exit code."""

    def run(*args: str, ends: int) -> str:
        capsys.readouterr()
        code = main([*args, "--config", str(desk.folder / "config.yaml")], world=desk.world)
        told = "".join(capsys.readouterr())

        assert code == ends, told
        return told

    return run


def mapped(desk: Desk, incident: str) -> None:
    """Have a mapping of the site's own, with *incident* laid over the shipped one."""
    ours = desk.folder / "mapping"
    ours.mkdir()
    (ours / "mapping.yaml").write_text("mapping: ours\nplatform: jira\nextends: jira\n")
    (ours / "incident.yaml").write_text(incident)
    configured(desk, pull="mapping: mapping/\n    pull")


def configured(desk: Desk, **replaced: str) -> None:
    text = CONFIG
    for old, new in replaced.items():
        text = text.replace(old, new)
    (desk.folder / "config.yaml").write_text(text)


def test_a_field_that_is_gone(desk: Desk, accord: Told) -> None:
    mapped(desk, "fields:\n  plan: customfield_99999\n")
    told = accord("check", ends=EXIT_FOUND)
    assert "incident.plan: the site has no field 'customfield_99999'" in told
    assert "mapping/incident.yaml:2:9" in told
    assert "mapping/incident.yaml:2:9" in accord("sync", ends=EXIT_WRONG)


def test_a_misspelt_field(desk: Desk, accord: Told) -> None:
    mapped(desk, "fields:\n  category: Categry\n")
    assert "did you mean 'Category'?" in accord("check", ends=EXIT_FOUND)
    assert "did you mean 'Category'?" in accord("sync", ends=EXIT_WRONG)


def test_a_name_that_two_fields_have(desk: Desk, accord: Told) -> None:
    desk.jira.site.setup.add_field("Category", "textfield", "another")
    for command, code in (("check", EXIT_FOUND), ("sync", EXIT_WRONG)):
        told = accord(command, ends=code)
        assert "several fields named 'Category' (customfield_10043" in told
        assert "`from: customfield_10043`" in told


def test_an_issue_type_that_is_not_there(desk: Desk, accord: Told) -> None:
    mapped(desk, "issue_type: [Ticket]\n")
    for command, code in (("check", EXIT_FOUND), ("sync", EXIT_WRONG)):
        told = accord(command, ends=code)
        assert "the site has no issue type 'Ticket'" in told
        assert "mapping/incident.yaml:1:13" in told


def test_a_project_that_is_no_service_project(desk: Desk, accord: Told) -> None:
    mapped(desk, "project: OPS\n")
    for command, code in (("check", EXIT_FOUND), ("sync", EXIT_WRONG)):
        told = accord(command, ends=code)
        assert "the project OPS is no service project but software" in told
        assert "name a service project" in told


def test_a_project_that_is_not_there(desk: Desk, accord: Told) -> None:
    mapped(desk, "project: HELP\n")
    told = accord("sync", ends=EXIT_WRONG)
    assert "there is no project 'HELP' here, or Accord's user may not browse it" in told


def test_a_user_without_a_licence(desk: Desk, accord: Told) -> None:
    desk.world = replace(desk.world, environ={"JIRA_TOKEN": "reader"})
    configured(desk, **{"accord@example.com": "reader@example.com"})
    told = accord("check", ends=EXIT_FOUND)
    assert "agent licence" in told
    assert "give Accord's user a Jira Service Management licence and the role Service Desk Team" in told


def test_a_user_who_may_browse_nothing(desk: Desk, accord: Told) -> None:
    desk.jira.person("accord").projects = frozenset()
    for command, code in (("check", EXIT_FOUND), ("sync", EXIT_WRONG)):
        told = accord(command, ends=code)
        assert "Accord's user sees no service project" in told
        assert "give Accord's user the right to browse it" in told


@pytest.mark.parametrize("word", ["wrong", "expired"])
def test_a_token_that_is_wrong_or_has_ended_is_never_an_empty_desk(
    desk: Desk, accord: Told, word: str
) -> None:
    desk.world = replace(desk.world, environ={"JIRA_TOKEN": word})
    for command in ("check", "sync"):
        told = accord(command, ends=EXIT_PLATFORM)
        assert "the login was refused" in told
        assert "tokens expire" in told


def test_a_token_that_ends_while_the_desk_is_read(desk: Desk, accord: Told) -> None:
    """A search is answered to strangers too, with nothing in it."""
    accord("sync", ends=0)
    desk.jira.site.accounts.tokens.pop("accord")
    told = accord("sync", ends=EXIT_PLATFORM)
    assert "the login was refused" in told
    assert "0 read" not in told


def test_a_variable_that_is_not_set(desk: Desk, accord: Told) -> None:
    desk.world = replace(desk.world, environ={})
    told = accord("sync", ends=EXIT_WRONG)
    assert "the environment variable JIRA_TOKEN is not set" in told
    assert "config.yaml:6:" in told


def test_the_hours_points_are_spent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path / "site", JiraQuirks())
    for _ in range(30):
        desk.jira.create("it broke")
    desk.jira.quirks.quota_points = 20
    auth = "{type: oauth, client_id: accord-client, client_secret: env:SECRET, refresh_token: env:REFRESH}"
    configured(
        desk,
        **{
            "{type: token, user: accord@example.com, token: env:JIRA_TOKEN}": auth,
            "https://acme.atlassian.net": f"http://localhost/ex/jira/{cloud_id(desk.jira.site)}",
        },
    )
    desk.world = replace(desk.world, environ={"SECRET": "accord-secret", "REFRESH": "accord-refresh"})
    code = main(["sync", "--config", str(desk.folder / "config.yaml")], world=desk.world)
    told = "".join(capsys.readouterr())

    assert code == EXIT_PLATFORM
    assert "the points of this hour are spent until 2026-03-02T09:00:00Z" in told
    assert "use an API token: it costs no points" in told
