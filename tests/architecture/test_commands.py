"""The command line as a whole: every command is there, helps, is documented, and starts quickly."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import click
import pytest
from click.testing import CliRunner

from connector.cli import COMMANDS, cli, main, module_of
from connector.errors import EXIT_WRONG
from tests.architecture.manual import MANUAL, manual

ROOT = Path(__file__).parents[2]
HEAVY = (
    "numpy",
    "sqlalchemy",
    "pysnow",
    "requests",
    "pydantic",
    "alembic",
    "jinja2",
    "yaml",
    "msgspec",
    "structlog",
)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from connector.cli import main; main(['--help']);"
        f"print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    begun = perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    print(f"accord --help took {perf_counter() - begun:.2f} s")  # told, not asserted: machines differ
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_help_names_every_command() -> None:
    told = CliRunner().invoke(cli, ["--help"]).output
    assert [name for name in COMMANDS if f"\n  {name} " not in told] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_loads_and_says_what_it_does(name: str) -> None:
    command = import_module(module_of(name)).command
    assert isinstance(command, click.Command)
    assert command.help
    undocumented = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert undocumented == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_readme_names_every_command(name: str) -> None:
    assert f"accord {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_manual_says_what_the_commands_say() -> None:
    assert MANUAL.read_text(encoding="utf-8") == manual(), "write it anew: make docs"


def test_every_file_of_a_command_is_in_the_table() -> None:
    files = {path.stem for path in (ROOT / "connector" / "cli").glob("*.py")}
    with_command = {
        name for name in files - {"__init__", "options"} if "def command" in _source(f"connector.cli.{name}")
    }
    assert with_command <= set(COMMANDS)


def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def test_a_misspelt_command_gets_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synk"]) == EXIT_WRONG
    assert "did you mean 'sync'?" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["sync", "--nonsense"], ["sandbox", "--at", "2016-03-01"]])
def test_wrong_usage_ends_with_two_and_no_traceback(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == EXIT_WRONG
    assert "Traceback" not in capsys.readouterr().err


def test_the_door_runs_the_same_program() -> None:
    door = subprocess.run(
        [sys.executable, "cli.py", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    module = CliRunner().invoke(cli, ["--version"])
    assert door.stdout == module.output
