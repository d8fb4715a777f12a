"""The effective rules: everything resolved, and the same agreements when they are read again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.paths import shipped
from connector.rules.effective import effective
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Rulebook
from tests.rules.given import KINDS, MINIMAL, NOW, load

HERE = Path(__file__).parent
REAL = sorted((HERE / "agreements").glob("*.yaml"))
RULES_OF_THE_LANGUAGE = HERE.parents[2] / "shared" / "rules.md"


def hashes(book: Rulebook) -> dict[tuple[str, int], str]:
    return {(found.name, found.version): found.hash for found in book.agreements}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_agreements_of_the_real_world_can_be_written(path: Path) -> None:
    book = load_rulebook([path], KINDS, at=NOW)
    assert book.agreements
    assert {warning.code for warning in book.warnings} <= {"utc-assumed"}


@pytest.mark.parametrize(
    "path", [*REAL, shipped("rules") / "starter", shipped("rules") / "demo"], ids=lambda path: path.stem
)
def test_the_effective_rules_read_as_the_same_agreements(path: Path) -> None:
    book = load_rulebook([path], KINDS, at=NOW)
    again = load(effective(book))
    assert hashes(again) == hashes(book)
    assert effective(again) == effective(book)
    assert [found.valid_until for found in again.agreements] == [
        found.valid_until for found in book.agreements
    ]


def test_all_of_them_together_are_one_rulebook() -> None:
    book = load_rulebook([HERE / "agreements"], KINDS, at=NOW)
    assert len(book.agreements) >= len(REAL)


@pytest.mark.parametrize("folder", ["starter", "demo"])
def test_the_shipped_rules_give_no_warning_in_their_time(folder: str) -> None:
    from connector.model.instant import parse_instant

    at = NOW if folder == "starter" else parse_instant("2016-06-01T00:00:00Z")
    assert load_rulebook([shipped("rules") / folder], KINDS, at=at).warnings == ()


def test_presets_and_defaults_are_spelt_out() -> None:
    assert (
        effective(load(MINIMAL))
        == """\
agreement: desk
type: sla
title: desk
status: enacted
version: 1
calendar: always
timezone: UTC
applies_to:
  record: [incident]
targets:
  resolution:
    start:
      state:
        not_in: [resolved, closed, cancelled]
    stop:
      state: [resolved, closed]
    cancel: {state: cancelled}
    at_limit: met
    on_goal_change: recompute
    reopen: new_cycle
    start_must_hold: false
    retroactive: first
    retroactive_pause: true
    born_stopped: none
    breach_stands: false
    unpausable: false
    measure: cycle
    start_at: opened
    within:
    - {time: 4h, calendar: always}
"""
    )


@pytest.mark.shared
def test_the_worked_example_of_the_language_is_read_whole() -> None:
    if not RULES_OF_THE_LANGUAGE.exists():
        pytest.skip(f"the description of the language is not beside the checkout ({RULES_OF_THE_LANGUAGE})")
    fence = re.search(r"```yaml\n(.*?)```", RULES_OF_THE_LANGUAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert fence is not None
    text = fence[1].replace("{…}", "{}")
    book = load(text)
    assert [found.name for found in book.agreements] == ["acme-service-desk", "network-ola"]
    assert {warning.code for warning in book.warnings} == {"undeclared", "supporter-closed"}
    assert hashes(load(effective(book))) == hashes(book)
