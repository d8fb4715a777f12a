"""The simulation finds mistakes that are planted; `make mutants` plants them all."""

from __future__ import annotations

import pytest

from tests.sim.mutants import find
from tests.sim.plant import MISTAKES

QUICK = {
    "nothing is looked up before it is sent again": 6,
    "a time-out is taken for a refusal": 6,
    "an effect is done before it is sent": 16,
}


@pytest.mark.parametrize(("name", "within"), QUICK.items())
def test_a_planted_mistake_is_found(name: str, within: int) -> None:
    assert find(name, within) is not None


def test_there_are_mistakes_enough() -> None:
    assert len(MISTAKES) >= 20
