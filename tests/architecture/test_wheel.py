"""What is shipped: one import name, with the data inside, and it runs anywhere without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout with what is installed here."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_brings_one_import_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"connector"}


def test_the_wheel_carries_every_data_file_of_the_checkout(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    yaml = {
        f"connector/_shipped/{path.relative_to(ROOT)}"
        for folder in ("mappings", "rules")
        for path in (ROOT / folder).rglob("*.yaml")
    }
    own = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "connector").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert (yaml | own | {"connector/_shipped/config.example.yaml"}) - inside == set()


def test_the_licence_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    (licence,) = [name for name in names if name.endswith("/LICENSE") and ".dist-info/" in name]
    assert "Apache License" in zipfile.ZipFile(wheel).read(licence).decode()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `accord` of an empty environment into which only the wheel and what it needs were installed."""
    folder = tmp_path_factory.mktemp("venv")
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    locked = ["--require-hashes", "-r", str(ROOT / "requirements" / "runtime.lock")]
    got = subprocess.run([*pip, "--retries", "1", *locked], capture_output=True, text=True, check=False)
    if got.returncode and "hash" not in got.stderr.lower():
        pytest.skip(f"the package index is not reachable: {got.stderr.strip().splitlines()[-1]}")
    assert got.returncode == 0, got.stderr
    _run([*pip, "--no-deps", str(wheel)])
    return folder / "bin" / "accord"


@pytest.mark.timeout(600)
def test_the_installed_wheel_tells_the_whole_story_in_another_folder(installed: Path, tmp_path: Path) -> None:
    told = _run([str(installed), "demo", "--into", str(tmp_path / "story")], cwd=tmp_path)
    assert "Where to look" in told
    assert list((tmp_path / "story").glob("*.html"))


@pytest.mark.timeout(600)
def test_the_installed_wheel_writes_a_site_that_validates(installed: Path, tmp_path: Path) -> None:
    _run([str(installed), "init", "site"], cwd=tmp_path)
    _run([str(installed), "validate"], cwd=tmp_path / "site")


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    # The environment of an ordinary user: nothing that points at this checkout.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
