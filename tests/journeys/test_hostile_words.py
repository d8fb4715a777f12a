"""Whatever people and programs have written into tickets: it is shown, and steers nobody's terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.cli import main
from connector.model.instant import HOUR
from tests.journeys.place import CONFIG, Place

# Sets the terminal's title, wipes the screen, colours by one character, turns the writing round, goes back.
HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m red \u202edeneb\u2066 \x7f gone\rover it"
STEERS = set("\x1b\x07\x7f\x9b\r\u202e\u2066")
RULES = """
agreement: desk
type: sla
applies_to: {record: incident}
targets:
  resolution:
    is: resolution
    within: [{time: 1h}]
    on: {breached: [{note: "late: {{ ticket.title }}"}, {create: problem}]}
objectives: {in-time: {attained: resolution, each: title, per: month, at_least: 95%}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "site", rules=RULES, config=CONFIG.replace("note: on", "note: plan"))
    made.setup()
    made.sync()
    group = made.as_person().post(
        "http://localhost/api/now/table/sys_user_group", json={"name": HOSTILE}
    ).json()["result"]["sys_id"]  # fmt: skip
    made.open(short_description=HOSTILE, assignment_group=group, state=HOSTILE[:20], category=HOSTILE)
    made.pass_(2 * HOUR)
    return made


COMMANDS = [
    "plan", "plan --format json", "sync", "sync --format json", "status", "status --format json",
    "outbox list", "outbox list --format json", "check", "check --format json",
    "explain INC0010001", "explain INC0010001 --format json",
    "report --period 2026-03 --format json", "report --period 2026-03 --format csv",
]  # fmt: skip


def test_no_command_lets_a_ticket_steer_the_terminal(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    shown = []
    for command in COMMANDS:
        words, config = command.split(), ["--config", str(place.folder / "config.yaml")]
        name, rest = (words[:2], words[2:]) if words[0] == "outbox" else (words[:1], words[1:])
        code = main([*name, *config, *rest], world=place.world)
        out, err = capfd.readouterr()
        assert code in (0, 1, 4), (command, err)
        assert not set(out.replace("\r\n", "") + err) & STEERS, command
        if "json" in command and command != "check --format json":
            json.loads(out)
        shown += [command] if "␛]0;owned" in out else []
    assert {"plan", "explain INC0010001"} <= set(shown)
