"""A store of its own for each test, under a lease, beside a desk that behaves until it is told otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.deliver import Delivered, deliver, pace
from connector.model.effect import Effect, Held
from connector.store import Store, desired, leases, open_store, outbox
from connector.store.effectrows import Waiting, Wanted
from tests.deliver.desk import SETTLE, Clock, Dead, Desk


@dataclass
class Shop:
    """A deployment: the desk, its store's file, and the process at work on it."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    on_operation: Callable[[str], None] = lambda _operation: None

    def __post_init__(self) -> None:
        self.desk = Desk(self.clock)
        self.start()

    def start(self) -> None:
        """A new process."""
        self.desk.is_dead = False
        self.on_operation = lambda _operation: None
        world = self.clock.world()
        opened = open_store(f"sqlite:///{self.path}", world, on_operation=lambda op: self.on_operation(op))
        with opened.begin() as tx:
            lease = leases.take(tx, "acme", world)
        self.store: Store = opened.under(lease)

    def stop(self) -> None:
        self.store.close()

    def want(self, *effects: Effect, held: Held | None = None) -> None:
        """Decide on effects: values are wanted, acts enter the outbox."""
        with self.store.begin() as tx:
            now = self.clock.now()
            desired.want(tx, [Wanted(one) for one in effects if not one.is_act], now)
            outbox.add(tx, [Wanted(one, held or Held.TURN) for one in effects if one.is_act], now)
            pace(tx, "acme", now, limit=200)

    def deliver(self) -> Delivered:
        return deliver(
            self.store, self.clock.world(), "acme", {"platform": self.desk, "smtp": self.desk}, settle=SETTLE
        )

    def deliver_and_die(self) -> bool:
        """Deliver; where the process is killed meanwhile, start another. Whether it was."""
        try:
            self.deliver()
        except Dead:
            self.stop()
            self.start()
            return True
        return False

    def calm_down(self, runs: int = 8) -> None:
        """Let everything be well, with a run every so often, for as long as it takes to settle twice."""
        self.desk.trouble = lambda _request: "ok"
        self.on_operation = lambda _operation: None
        for _ in range(runs):
            self.desk.pass_by(SETTLE // 3)
            self.deliver()

    def waiting(self, *states: str) -> Sequence[Waiting]:
        with self.store.read() as tx:
            return [*desired.in_state(tx, None, *states), *outbox.in_state(tx, None, *states)]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store without anything in it; copying it is quicker than making one."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{path}", Clock().world()).close()
    return path


@pytest.fixture
def new_shop(empty_store: Path, tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    """Makes shops, each with a store of its own."""
    shops: list[Shop] = []

    def make() -> Shop:
        path = tmp_path / f"{len(shops)}.db"
        shutil.copy(empty_store, path)
        shops.append(Shop(path))
        return shops[-1]

    yield make
    for shop in shops:
        shop.stop()


@pytest.fixture
def shop(new_shop: Callable[[], Shop]) -> Shop:
    return new_shop()
