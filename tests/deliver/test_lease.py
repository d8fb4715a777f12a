"""Nothing is sent unless the lease outlasts the request: whoever takes the source over finds nothing still on
its way that it does not know of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connector.deliver.claims import LEAVES_WITHIN
from connector.errors import NotReachable
from connector.model.effect import Output
from connector.model.instant import SECOND
from connector.platforms.governor import WRITES
from connector.platforms.port import Answer, Request
from connector.platforms.wire import CONNECT_S, READ_S
from connector.store import leases
from connector.store.effectrows import SENDING
from tests.deliver.conftest import Shop
from tests.deliver.desk import effect

pytestmark = pytest.mark.both_stores

TICKETS = 12


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A note waits at each of some tickets."""
    shop.want(*(effect(Output.NOTE, f"note {n}", f"t{n}", text="said") for n in range(TICKETS)))
    return shop


def test_a_request_ends_before_its_lease_could_be_anothers() -> None:
    longest = LEAVES_WITHIN + (WRITES.whole_s + CONNECT_S + READ_S) * SECOND
    assert LEAVES_WITHIN > 0
    assert longest <= leases.LASTS


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_a_slow_platform_gets_every_act_once_and_none_late(busy: Shop, at_once: int) -> None:
    """Each call takes long; what would leave too long after the heartbeat is claimed anew."""
    desk, send = busy.desk, busy.desk.send
    desk.at_once = at_once
    ages: list[int] = []

    def slow(requests: Sequence[Request]) -> Sequence[Answer]:
        assert len(requests) <= at_once
        with busy.store.read() as tx:
            oldest = tx.exec_driver_sql(
                "select min(at) from (select heartbeat as at from leases union all"
                " select sent_at from deliveries where state = 'sending') as ages"
            ).scalar_one()
        ages.append(busy.clock.now() - oldest)
        busy.clock.pass_by(3 * SECOND)
        return send(requests)

    desk.send = slow  # type: ignore[method-assign]
    busy.deliver()
    assert sorted(desk.notes) == sorted(f"note {n}" for n in range(TICKETS))
    assert max(ages) <= LEAVES_WITHIN
    assert busy.waiting(SENDING) == []


def test_what_was_never_handed_over_is_no_attempt(busy: Shop) -> None:
    """The platform goes away in the middle: only what it was given may have arrived."""
    desk, send = busy.desk, busy.desk.send
    desk.at_once = 1
    left = 3

    def going_away(requests: Sequence[Request]) -> Sequence[Answer]:
        nonlocal left
        left -= 1
        if left < 0:
            raise NotReachable("it is gone")
        return send(requests)

    desk.send = going_away  # type: ignore[method-assign]
    with pytest.raises(NotReachable):
        busy.deliver()
    states = {one.effect.key: (one.state, one.attempt) for one in busy.waiting("ready", "unsure", "done")}
    assert sorted(states.values()) == sorted(
        [("done", 1)] * 3 + [("unsure", 1)] + [("ready", 0)] * (TICKETS - 4)
    )
