"""One condition on plain values means what it means on columns (rules: Conditions)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import Position
from connector.evaluate.judge import holds
from connector.model.record import Reference
from connector.rules.rulebook import All, Any_, Changed, Not, Op
from connector.rules.rulebook import Test as FieldTest

PLACE = Position("rules.yaml", 1)
ACME = Reference("c1", "ACME Ltd")


def test_no_condition_always_holds() -> None:
    assert holds(None, {})
    assert holds(All((), PLACE), {})
    assert not holds(Any_((), PLACE), {})


@pytest.mark.parametrize(
    ("value", "op", "wanted", "expected"),
    [
        (1, Op.IN, (1, 2), True),
        ("On Hold", Op.IN, ("on hold",), True),
        (ACME, Op.IN, ("acme ltd",), True),
        (ACME, Op.IN, ("c1",), True),
        (["EU", "US"], Op.IN, ("us",), True),
        (None, Op.IN, ("x",), False),
        (None, Op.IN, (None,), True),
        ("", Op.IN, (None,), True),
        (None, Op.NOT_IN, ("x",), True),
        ("x", Op.NOT_IN, ("x", "y"), False),
        (3, Op.LT, (4,), True),
        (4, Op.LE, (4,), True),
        (4, Op.GT, (4,), False),
        (4, Op.GE, (4,), True),
        (None, Op.LT, (4,), False),
        (None, Op.GE, (4,), False),
        ("Printer on fire", Op.CONTAINS, ("on fire",), True),
        (["EU", "US"], Op.CONTAINS, ("eu",), True),
        (["Europe"], Op.CONTAINS, ("eu",), False),
        (None, Op.CONTAINS, ("",), False),
        ("VPN down", Op.STARTS_WITH, ("vpn",), True),
        ("The VPN", Op.STARTS_WITH, ("vpn",), False),
        ("ticket 4711 again", Op.MATCHES, (r"\d{4}",), True),
        ("ticket 47", Op.MATCHES, (r"\d{4}",), False),
        (None, Op.MATCHES, (".*",), False),
        ("x", Op.SET, (True,), True),
        ("", Op.SET, (True,), False),
        (None, Op.SET, (False,), True),
        (0, Op.SET, (True,), True),
    ],
)
def test_a_test_of_one_field(value: Any, op: Op, wanted: tuple[Any, ...], expected: bool) -> None:
    test = FieldTest("field", op, wanted, PLACE)
    assert holds(test, {"field": value}) is expected
    assert holds(Not(test, PLACE), {"field": value}) is not expected


def test_a_field_that_is_not_there_is_empty() -> None:
    assert holds(FieldTest("absent", Op.SET, (False,), PLACE), {})


def test_parts_combine() -> None:
    one, two = FieldTest("a", Op.IN, (1,), PLACE), FieldTest("b", Op.IN, (2,), PLACE)
    values = {"a": 1, "b": 3}
    assert not holds(All((one, two), PLACE), values)
    assert holds(Any_((one, two), PLACE), values)


def test_changed_never_holds_where_there_are_no_steps() -> None:
    assert not holds(Changed("state", None, None, PLACE), {"state": "new"})


def test_calendars_are_asked_through_whoever_judges() -> None:
    inside, outside = (FieldTest("opened", op, ("office",), PLACE) for op in (Op.INSIDE, Op.OUTSIDE))
    values = {"opened": 5}
    assert holds(inside, values, lambda name, at: (name, at) == ("office", 5))
    assert not holds(outside, values, lambda name, at: True)
    assert not holds(outside, {"opened": None}, lambda name, at: False)
    with pytest.raises(ValueError, match="office"):
        holds(inside, values)
