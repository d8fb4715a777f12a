"""Who may import whom, and how big a file may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_FILES = sorted(
    path
    for folder in ("connector", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "_shipped" not in path.parts
)


def test_layers_import_only_those_below_them() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_longer_than_a_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PYTHON_FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


@pytest.mark.parametrize(
    "drawer", ["utils", "util", "helpers", "helper", "common", "misc", "manager", "base"]
)
def test_no_file_is_a_drawer_that_everything_falls_into(drawer: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in PYTHON_FILES
        if drawer in (path.stem, *path.stem.split("_"), path.parent.name)
    ]
    assert found == []


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in PYTHON_FILES
        if (text := path.read_text(encoding="utf-8").strip()) and not text.startswith(('"""', 'r"""'))
    ]
    assert silent == []
