"""How many acts a run may do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.deliver import Paced, pace
from connector.model.effect import Effect, Held, Output
from connector.store import outbox
from connector.store.effectrows import HELD, READY, Wanted
from tests.deliver.conftest import Shop
from tests.deliver.desk import effect


def act(number: int, urgency: int = 0) -> Effect:
    return replace(effect(Output.NOTE, f"act {number}", f"t{number}", text="said"), urgency=urgency)


def decide_on(shop: Shop, why: Held, *acts: Effect) -> None:
    with shop.store.begin() as tx:
        outbox.add(tx, [Wanted(one, why) for one in acts], shop.clock.now())


def run(shop: Shop, limit: int, allow: int | None = None) -> Paced:
    with shop.store.begin() as tx:
        return pace(tx, "acme", shop.clock.now(), limit=limit, allow=allow)


def test_the_most_urgent_go_and_the_rest_follow_in_the_next_runs(shop: Shop) -> None:
    decide_on(shop, Held.TURN, act(1, urgency=1), act(2, urgency=3), act(3, urgency=2))
    assert run(shop, limit=2) == Paced(go=2, paced=1, held=0)
    assert {one.effect.key for one in shop.waiting(READY)} == {"act 2", "act 3"}
    assert [one.held_why for one in shop.waiting(HELD)] == [Held.PACED]
    assert run(shop, limit=2) == Paced(go=1, paced=0, held=0)


@pytest.mark.parametrize("why", [Held.FIRST_CONTACT, Held.CHANGE])
def test_a_large_plan_that_nobody_meant_yet_is_held_whole_until_it_is_allowed(shop: Shop, why: Held) -> None:
    decide_on(shop, why, act(1), act(2), act(3))
    assert run(shop, limit=2) == Paced(go=0, paced=0, held=3)
    assert run(shop, limit=2, allow=2) == Paced(go=0, paced=0, held=3)
    assert run(shop, limit=2, allow=3) == Paced(go=3, paced=0, held=0)


def test_what_may_be_the_beginning_of_a_large_plan_waits_for_its_end(shop: Shop) -> None:
    """A first contact cut short by `--max-time` must not go out slice by slice."""
    decide_on(shop, Held.FIRST_CONTACT, act(1), act(2))
    decide_on(shop, Held.TURN, act(3))
    with shop.store.begin() as tx:
        assert pace(tx, "acme", shop.clock.now(), limit=2, is_whole=False) == Paced(go=1, paced=0, held=0)
    decide_on(shop, Held.FIRST_CONTACT, act(4))
    assert run(shop, limit=2) == Paced(go=0, paced=0, held=3)


def test_a_small_plan_at_first_contact_goes(shop: Shop) -> None:
    decide_on(shop, Held.FIRST_CONTACT, act(1), act(2))
    assert run(shop, limit=2) == Paced(go=2, paced=0, held=0)


def test_what_is_held_does_not_hold_up_what_happens_meanwhile(shop: Shop) -> None:
    decide_on(shop, Held.FIRST_CONTACT, act(1), act(2), act(3))
    decide_on(shop, Held.TURN, act(4))
    assert run(shop, limit=2) == Paced(go=1, paced=0, held=3)


@pytest.mark.parametrize("why", [Held.SWITCHED, Held.CLOSED])
def test_what_is_switched_to_plan_never_goes(shop: Shop, why: Held) -> None:
    decide_on(shop, why, act(1))
    assert run(shop, limit=2, allow=9) == Paced(go=0, paced=0, held=0)
    shop.deliver()
    assert shop.desk.notes == []


def test_what_may_not_go_yet_takes_no_others_place(shop: Shop) -> None:
    with shop.store.begin() as tx:
        morning = shop.clock.now() + 60_000
        outbox.add(tx, [Wanted(act(1, urgency=9), Held.TURN, not_before=morning)], shop.clock.now())
    decide_on(shop, Held.TURN, act(2))
    assert run(shop, limit=1) == Paced(go=1, paced=0, held=0)
    shop.desk.pass_by(60_000)
    assert run(shop, limit=1) == Paced(go=1, paced=0, held=0)
