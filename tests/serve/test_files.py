"""Files are read again when a run starts; wrong ones are kept out whole, and everybody is told so."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from connector.cli import cli
from connector.errors import AccordError, Wrong
from connector.model.instant import MINUTE
from connector.serve import open_service
from tests.journeys.place import RULES
from tests.serve.office import SERVED, Office, figures, health_of

LAXER = RULES.replace("{time: 4h}", "{time: 8h}")


def test_changed_rules_are_in_force_with_the_next_run(desk: Office) -> None:
    desk.service.run_once()
    before = health_of(desk.service)[1]["files"]["rules_hash"]
    desk.place.write(RULES + "---" + RULES.replace("agreement: desk", "agreement: more"))
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    after = health_of(desk.service)[1]["files"]
    assert after["rules_hash"] != before
    assert after["refused"] is None
    assert figures(desk.service)[f'accord_rules_info{{hash="{after["rules_hash"]}"}}'] == 1


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("rules/desk.yaml", RULES.replace("within", "withhin"), "desk.yaml:8:5: `within` is missing"),
        ("rules/desk.yaml", LAXER, "desk version 1 is enacted and no longer says what it said"),
        ("config.yaml", SERVED.replace("rules:", "ruled:"), "ruled"),
        ("config.yaml", SERVED.replace("env:HOOK", "env:NOWHERE"), "NOWHERE is not set"),
        ("config.yaml", SERVED.replace("accord.db", "other.db"), "`store` changed; restart the service"),
    ],
    ids=["a rule misspelt", "an enacted version changed", "a key misspelt", "a secret gone", "another store"],
)
def test_wrong_files_stay_out_and_the_old_ones_in_force(
    desk: Office, file: str, text: str, words: str
) -> None:
    path = desk.place.folder / file
    good = path.read_text()
    desk.service.run_once()
    sound = health_of(desk.service)[1]["files"]

    path.write_text(text)
    desk.place.open()
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    status, told = health_of(desk.service)
    assert status == 200, "it does its work, by the old files"
    assert told["files"]["rules_hash"] == sound["rules_hash"]
    assert told["files"]["in_force_since"] == sound["in_force_since"]
    assert words in told["files"]["refused"]
    assert figures(desk.service)["accord_files_refused"] == 1
    assert [row["u_time_s"] for row in desk.place.rows("u_accord_achievement")] == [str(4 * 3600)]
    path_of_config = desk.place.folder / "config.yaml"
    if path != path_of_config:
        shown = CliRunner().invoke(cli, ["status", "--config", str(path_of_config)], obj=desk.place.world)
        assert words in shown.output, shown.output

    path.write_text(good)
    desk.place.pass_(30 * MINUTE)
    desk.service.run_once()
    assert health_of(desk.service)[1]["files"]["refused"] is None
    assert figures(desk.service)["accord_files_refused"] == 0
    shown = CliRunner().invoke(cli, ["status", "--config", str(path_of_config)], obj=desk.place.world)
    assert words not in shown.output


def test_a_service_does_not_start_on_wrong_files(desk: Office) -> None:
    desk.place.write(RULES.replace("within", "withhin"))
    with pytest.raises(Wrong):
        open_service(desk.place.folder / "config.yaml", desk.place.world)


def test_a_service_does_not_start_on_a_changed_version(desk: Office) -> None:
    desk.service.run_once()
    desk.place.write(LAXER)
    with pytest.raises(AccordError, match="no longer says what it said"):
        open_service(desk.place.folder / "config.yaml", desk.place.world)
