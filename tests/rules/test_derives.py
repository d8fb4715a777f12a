"""Derived fields and describing documents. What is refused in them: `wrong/documents`."""

from __future__ import annotations

from datetime import date

from connector.model.instant import DAY, HOUR
from connector.model.kind import FieldType
from connector.rules.rulebook import Derive
from tests.rules.given import load, spelt

TABLE = """\
derive: sla_class
from:
  - {when: {size_class: big}, is: Emergency}
  - {when: {plan: {set: true}}, is: {field: plan}}
default: low
---
derive: size_class
from: [{when: {score: {ge: 10}}, is: Big}]
---
derive: weight
type: number
from: [{when: {priority: 1}, is: 2.5}, {when: {priority: 2}, is: 2}]
default: {field: score}
---
derive: allowance
type: duration
from: [{is: 4h}]
"""


def derives() -> dict[str, Derive]:
    return {derive.name: derive for derive in load(TABLE).derives}


def test_a_derived_field_comes_after_those_it_reads() -> None:
    names = [derive.name for derive in load(TABLE).derives]
    assert names.index("size_class") < names.index("sla_class")


def test_a_value_keeps_the_case_it_is_shown_in() -> None:
    rows = derives()["sla_class"].rows
    assert [(spelt(row.when) if row.when else None, row.value, row.field) for row in rows] == [
        ({"size_class": "big"}, "Emergency", None),
        ({"plan": {"set": "true"}}, None, "plan"),
        (None, "low", None),
    ]


def test_a_value_is_of_the_declared_type() -> None:
    found = derives()
    assert found["weight"].type is FieldType.NUMBER
    assert [(row.value, row.field) for row in found["weight"].rows] == [
        (2.5, None),
        (2, None),
        (None, "score"),
    ]
    assert found["allowance"].rows[0].value == 4 * HOUR


def test_describing_documents_keep_typed_data() -> None:
    book = load(
        """\
        framework: f
        correct_until: 90d
        grace: 36h
        at_limit: missed
        roles: {owner: answers}
        ---
        improvement: faster
        owner: ann
        due: 2026-06-30
        ---
        stakeholder: ann
        role: owner
        contact: {email: ann@example.org}
        """
    )
    data = {document.name: document.data for document in book.documents}
    assert data["f"] == {
        "correct_until": 90 * DAY, "grace": 36 * HOUR, "at_limit": "missed", "roles": {"owner": "answers"},
    }  # fmt: skip
    assert data["faster"] == {"owner": "ann", "due": date(2026, 6, 30)}
    assert data["ann"] == {"role": "owner", "contact": {"email": "ann@example.org"}}
    assert [document.kind for document in book.of_kind("stakeholder")] == ["stakeholder"]
