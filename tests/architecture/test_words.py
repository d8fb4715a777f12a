"""What the project says of itself: no reference that is not there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEAR = "../" + "shared"  # reference material beside a checkout: only tests may read it, and skip without it


def tracked() -> list[Path]:
    """The files under version control; in an unpacked archive all but hidden ones."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [
            path
            for path in ROOT.rglob("*")
            if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(".")
        ]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def test_only_tests_know_of_what_lies_beside_the_checkout() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.relative_to(ROOT).parts[0] != "tests"
        for number, line in enumerate(lines(path), start=1)
        if NEAR in line
    ]
    assert found == []


@pytest.mark.parametrize(
    "document", ["README.md", *sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md"))]
)
def test_documents_point_only_at_files_that_are_there(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_marked_todo_is_done() -> None:
    word = "TO" + "DO"
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix in {".py", ".yaml", ".md", ".toml", ".html", ".css"}
        for number, line in enumerate(lines(path), start=1)
        if re.search(rf"\b{word}\b|\bFIX" + r"ME\b", line)
    ]
    assert found == []
