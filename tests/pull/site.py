"""A desk and the store of a site beside it: pulls, and compares what was pulled with what happened."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from connector.config import PullConfig
from connector.model.instant import Instant
from connector.model.kind import Kind
from connector.model.record import Change, Record
from connector.pull.pull import Pulled, pull
from connector.pull.stop import Stop
from connector.store import leases, open_store, ownwrites, sources, tickets
from connector.store.ownwrites import Written
from connector.world import World
from tests.pull.fake_platform import INCIDENT, LAG, OVERLAP, Clock, FakePlatform


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it."""


class OneByOne(Executor):
    """A pool without threads: what is submitted is done at once, so that a story has one order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (whatever it is, the future carries it)
            future.set_exception(error)
        return future


def world_at(clock: Clock, **others: Any) -> World:
    """A world in which only *clock* tells the time."""
    return World(
        now=clock,
        monotonic=lambda: clock() / 1000,
        sleep=lambda _s: None,
        executor=lambda _n: OneByOne(),
        **others,
    )


class Site:
    """One store, pulled into again and again."""

    def __init__(self, desk: FakePlatform, path: Path, kinds: tuple[Kind, ...] = (INCIDENT,)) -> None:
        self.desk = desk
        self.kinds = kinds
        self.world = world_at(desk.clock)
        self.operations = 0
        self.die_at: int | None = None
        self.store = open_store(f"sqlite:///{path}", self.world, on_operation=self._count)

    def _count(self, _operation: str) -> None:
        self.operations += 1
        if self.die_at is not None and self.operations >= self.die_at:
            raise Killed

    def pull(self, **options: Any) -> Pulled:
        """One pull, as a run does it."""
        stop = options.pop("stop", None) or Stop(self.world)
        with self.store.begin() as tx:
            lease = leases.take(tx, self.desk.source, self.world)
            sources.meet(tx, self.desk.source, self.desk.instance, self.desk.clock())
        settings = PullConfig(self.desk.page_size, 4, OVERLAP, LAG)
        held = self.store.under(lease)
        return pull(held, self.desk, self.kinds, settings, self.world, stop, run=1, **options)

    def write(self, id_: str, kind: str = "incident", *, is_noted: bool = True, **how: bool) -> None:
        """Write to a record as a delivery does; one killed before the answer came has not *noted* it."""
        left = self.desk.write(id_, kind, **how)
        if is_noted:
            with self.store.begin() as tx:
                ownwrites.note(tx, self.desk.source, [Written(kind, id_, left.updated, left.edition)])

    def record(self, id_: str, kind: str = "incident") -> Record:
        """A record as the store has it."""
        with self.store.read() as tx:
            (found,) = tickets.load(tx, self.desk.source, kind, [id_])
        return found

    def history(self, id_: str) -> list[Change]:
        return list(self.record(id_).changes)

    def dirty(self, watermark: Instant | None = None) -> list[str]:
        """The ids that would be evaluated."""
        at = self.desk.clock() if watermark is None else watermark
        with self.store.read() as tx:
            marks = tickets.to_evaluate(tx, self.desk.source, at, after=("", ""), limit=10_000)
        return [mark.id for mark in marks]

    def evaluate_all(self, next_at: Instant | None = None) -> None:
        """Clear every dirty mark, as an evaluation does."""
        with self.store.begin() as tx:
            marks = tickets.to_evaluate(tx, self.desk.source, self.desk.clock(), after=("", ""), limit=10_000)
            coming = {(mark.kind, mark.id): next_at for mark in marks}
            tickets.settle(tx, self.desk.source, marks, coming, {})

    def knows_everything(self) -> bool:
        """Whether the store holds every row of the desk as it is, with its whole past."""
        for kind in self.kinds:
            for row in self.desk.rows[kind.name].values():
                mine = self.record(row.id, kind.name)
                if dict(mine.fields) != row.fields or (kind.is_ticket and list(mine.changes) != row.past):
                    return False
        return True
