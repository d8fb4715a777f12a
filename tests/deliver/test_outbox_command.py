"""`accord outbox` as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli.outbox import command
from tests.deliver.conftest import Shop
from tests.deliver.test_exactly_once import note, once, problem

Accord = Callable[..., Result]
CONFIG = """
sources:
  acme:
    platform: servicenow
    url: https://acme.service-now.com
    auth: {{type: basic, user: accord, password: env:SN_PASSWORD}}
rules: []
store: sqlite:///{path}
"""


@pytest.fixture
def accord(shop: Shop, tmp_path: Path) -> Accord:
    shop.want(problem, note)
    shop.desk.trouble = once("rejected")
    shop.deliver()
    (tmp_path / "config.yaml").write_text(CONFIG.format(path=shop.path))

    def run(*words: str) -> Result:
        arguments = [*words, "--config", str(tmp_path / "config.yaml")]
        return CliRunner().invoke(command, arguments, obj=shop.clock.world(), standalone_mode=False)

    return run


def test_the_outbox_shows_what_did_not_go_out_and_why(accord: Accord) -> None:
    result = accord("list")
    assert "problem  set aside  create.problem   T1" in result.output
    assert "aborted by a business rule" in result.output
    assert "1 not arrived" in result.output


def test_the_outbox_is_told_as_json(accord: Accord) -> None:
    (one,) = json.loads(accord("list", "--format", "json").output)
    assert (one["key"], one["state"], one["why"]) == ("problem", "set_aside", "aborted by a business rule")


def test_a_retry_has_it_sent_by_the_next_sync(accord: Accord, shop: Shop) -> None:
    result = accord("retry", "T1")
    assert result.output == "1 to be sent again by the next sync\n"
    shop.calm_down()
    assert shop.desk.created == ["problem"]


def test_what_is_dropped_is_not_shown_any_more(accord: Accord) -> None:
    assert accord("drop", "problem").output == "1 dropped\n"
    assert accord("list").output == "everything has arrived\n"


def test_a_name_that_nothing_has_is_told(accord: Accord) -> None:
    result = accord("drop", "INC404")
    assert "nothing in the outbox is called 'INC404'" in str(result.exception)
