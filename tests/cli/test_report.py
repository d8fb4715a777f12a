"""`accord report`: the same figures as a page, a sheet or JSON, to a file or to standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.cli import main
from connector.errors import EXIT_FINE, EXIT_WRONG
from tests.cli.conftest import WORLD


def report(config: Path, *args: str) -> int:
    return main(["report", "--config", str(config), *args], world=WORLD)


def test_json_goes_to_standard_output(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--format", "json") == EXIT_FINE
    (told,) = json.loads(capfd.readouterr().out)
    assert (told["agreement"], told["period"], told["verdict"]) == ("desk", "2026-10", "missed")


@pytest.mark.parametrize(
    ("form", "start"),
    [("html", b"<!doctype html>"), ("csv", b"\xef\xbb\xbfagreement,"), ("json", b"["), ("xlsx", b"PK")],
)
def test_each_form_can_be_written_to_a_file(config: Path, form: str, start: bytes) -> None:
    if form == "xlsx":
        pytest.importorskip("xlsxwriter", reason="the extra [xlsx] is not installed")
    out = config.parent / f"report.{form}"
    assert report(config, "--format", form, "--out", str(out)) == EXIT_FINE
    assert out.read_bytes().startswith(start)


def test_a_file_that_cannot_be_written_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--out", str(config.parent / "no" / "where.html")) == EXIT_WRONG
    assert "cannot be written" in capsys.readouterr().err


def test_an_unknown_agreement_gets_a_guess(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--agreement", "dsek") == EXIT_WRONG
    assert "did you mean 'desk'?" in capsys.readouterr().err
