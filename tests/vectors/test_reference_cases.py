"""Every published case agrees with the product, or is named with its reason in `docs/reference-cases.md`."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

import pytest

from tests.vectors import arithmetic, jsm, servicenow, zammad
from tests.vectors.clocks import same_instants
from tests.vectors.reference import Case, all_cases, needs_reference_cases, table, without_counterpart

pytestmark = [pytest.mark.shared, needs_reference_cases]

ARITHMETIC = [case for case in all_cases() if case.is_arithmetic and not without_counterpart(case)]
CLOCKS = [case for case in all_cases() if not case.is_arithmetic]
PEERS: dict[str, ModuleType] = {"jsm_sla": jsm, "servicenow_sla": servicenow, "zammad": zammad}


def compare(case: Case, found: Any, wanted: Any) -> None:
    """Equal, unless the table says otherwise; then different."""
    if case.id in table():
        assert found != wanted, f"{case} agrees: take it out of docs/reference-cases.md"
    else:
        assert found == wanted, case.data.get("note", "")


@pytest.mark.parametrize("case", ARITHMETIC, ids=str)
def test_open_time_is_as_published(case: Case) -> None:
    compare(case, arithmetic.answer(case), arithmetic.expected(case))


@pytest.mark.parametrize("case", CLOCKS, ids=str)
def test_clocks_are_as_published(case: Case) -> None:
    peer = PEERS[case.file]
    wanted = peer.expected(case) if hasattr(peer, "expected") else case.data["expect"]
    compare(case, peer.found(case, peer.played(case)), same_instants(wanted))


def test_the_table_names_every_operation_without_a_counterpart_and_how_many_cases_it_has() -> None:
    counted = Counter(name for case in all_cases() if (name := without_counterpart(case)))
    ids = {case.id for case in all_cases()}
    assert {name: count for name, (count, _) in table().items() if name not in ids} == dict(counted)


def test_the_table_gives_a_reason_for_every_row() -> None:
    assert all(len(reason) > 20 for _, reason in table().values())


def test_a_night_shift_into_a_holiday_agrees_under_the_default_holiday_rule() -> None:
    (case,) = [case for case in all_cases() if case.id == "bhc-add-388"]
    by_date = Case(case.file, case.data | {"calendar": case.data["calendar"] | {"holiday_rules": "date"}})
    assert arithmetic.answer(by_date) == arithmetic.expected(by_date)
