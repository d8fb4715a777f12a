"""How a command ends: exit codes and messages, never a traceback for a user's mistake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from connector import cli
from connector.errors import (
    EXIT_ACTS_LEFT,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_PLATFORM,
    EXIT_WRONG,
    AccordError,
    NotAllowed,
    Position,
    Problem,
    Wrong,
    remember_secret,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Run a command that does what is given, and tell the exit code."""

    def run(body: Callable[[], object]) -> int:
        command = click.command()(body)
        monkeypatch.setattr(cli, "import_module", lambda _: SimpleNamespace(command=command))
        return cli.main(["status"])

    return run


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> object:
        raise error

    return body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (lambda: None, EXIT_FINE),
        (lambda: EXIT_ACTS_LEFT, EXIT_ACTS_LEFT),
        (raising(AccordError("no")), EXIT_WRONG),
        (raising(NotAllowed("no")), EXIT_PLATFORM),
        (raising(click.UsageError("no")), EXIT_WRONG),
        (raising(click.ClickException("no")), EXIT_WRONG),
        (raising(KeyboardInterrupt()), EXIT_INTERRUPTED),
    ],
)
def test_a_command_ends_with_the_code_that_scripts_rely_on(
    ends: Callable[[Callable[[], object]], int], body: Callable[[], object], code: int
) -> None:
    assert ends(body) == code


def test_all_problems_are_told_on_standard_error(
    ends: Callable[[Callable[[], object]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [
        Problem("unknown key 'a'", Position("x.yaml", 3, 5), hint="did you mean 'b'?"),
        Problem("`c` is missing", Position("x.yaml", 9)),
    ]
    ends(raising(Wrong(problems)))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "x.yaml:3:5: unknown key 'a'; did you mean 'b'?\nx.yaml:9:1: `c` is missing\n"


def test_a_secret_in_a_usage_message_is_scrubbed(
    ends: Callable[[Callable[[], object]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    remember_secret("s3cret-of-the-usage-test")
    ends(raising(click.UsageError("cannot log in with s3cret-of-the-usage-test")))
    assert "s3cret" not in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(ends: Callable[[Callable[[], object]], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        ends(raising(ZeroDivisionError("ours")))


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    code = (
        "import sys, types, click; from connector import cli\n"
        "@click.command()\n"
        "def command():\n"
        "    for i in range(100_000): click.echo('line of output')\n"
        "cli.import_module = lambda _: types.SimpleNamespace(command=command)\n"
        "sys.exit(cli.main(['status']))"
    )
    shell = f'{sys.executable} -c "$CODE" | head -1; echo ended ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"CODE": code, "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout == "line of output\nended 0\n"
    assert done.stderr == ""
