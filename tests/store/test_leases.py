"""Two never work at one source, and a dead one never keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.errors import Busy
from connector.model.instant import MINUTE, SECOND
from connector.store import Store, leases
from connector.world import World
from tests.store.places import OpenStore

LeaseOf = Callable[[World], leases.Lease]


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(clock: Clock) -> World:
    return World(now=clock, host="here", pid=11, process_is_alive=lambda _pid: True)


@pytest.fixture
def store(open_place: OpenStore, here: World) -> Store:
    return open_place(here)


@pytest.fixture
def take(store: Store) -> LeaseOf:
    def taken(world: World) -> leases.Lease:
        with store.begin() as tx:
            return leases.take(tx, "acme", world)

    return taken


def test_a_source_at_work_is_refused_with_who_is_at_it(here: World, take: LeaseOf) -> None:
    take(here)
    with pytest.raises(Busy, match=r"another run works on acme: process 11 on here, last heard of at 1970-"):
        take(replace(here, pid=12))


def test_a_released_source_is_free_at_once(here: World, take: LeaseOf, store: Store) -> None:
    first = take(here)
    with store.begin() as tx:
        leases.release(tx, first)
    assert take(replace(here, host="there")).fence == first.fence + 1


def test_a_dead_process_of_this_host_loses_it_at_once(here: World, take: LeaseOf) -> None:
    take(here)
    assert take(replace(here, pid=12, process_is_alive=lambda pid: pid != 11)).fence == 2


def test_a_silent_one_elsewhere_loses_it_after_a_minute(here: World, take: LeaseOf, clock: Clock) -> None:
    take(here)
    there = replace(here, host="there", process_is_alive=lambda _pid: False)  # says nothing of another host
    clock.now += MINUTE - SECOND
    with pytest.raises(Busy):
        take(there)
    clock.now += SECOND
    assert take(there).fence == 2


def test_every_transaction_is_a_sign_of_life(here: World, take: LeaseOf, store: Store, clock: Clock) -> None:
    held = store.under(take(here))
    for _ in range(5):
        clock.now += 50 * SECOND
        with held.begin():
            pass
        with pytest.raises(Busy):
            take(replace(here, host="there"))


def test_whoever_lost_it_can_write_nothing_more(
    here: World, take: LeaseOf, store: Store, clock: Clock
) -> None:
    late = store.under(take(here))
    clock.now += 2 * MINUTE
    take(replace(here, host="there"))
    with pytest.raises(Busy, match="has taken over acme"), late.begin():
        pytest.fail("a transaction of one who lost the source was begun")


def test_giving_back_what_another_has_taken_takes_nothing_from_them(
    here: World, take: LeaseOf, store: Store, clock: Clock
) -> None:
    first = take(here)
    clock.now += 2 * MINUTE
    take(replace(here, host="there"))
    with store.begin() as tx:
        leases.release(tx, first)
    with pytest.raises(Busy):
        take(replace(here, pid=12))
