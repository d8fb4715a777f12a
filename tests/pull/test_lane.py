"""Pages are stored in the order they came, whichever history is read first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import SECOND
from connector.pull.keep import Batch
from connector.pull.lane import AHEAD, Lane, Reader
from tests.pull.fake_platform import Clock, FakePlatform


class Slow(Executor):
    """Pages come at once; histories when somebody lets one of those under way finish."""

    def __init__(self) -> None:
        self.under_way: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if args:
            self.under_way.append((future, lambda: fn(*args, **kwargs)))
        else:
            future.set_result(fn())
        return future

    def finish(self, place: int) -> None:
        future, answer = self.under_way.pop(place % len(self.under_way))
        future.set_result(answer())


@given(st.lists(st.integers(0, 9), min_size=40, max_size=40))
def test_the_cursor_never_passes_a_page_that_is_not_stored(order: list[int]) -> None:
    clock = Clock()
    desk = FakePlatform(clock)
    for number in range(20):
        desk.open(f"inc{number:02}")
        clock.pass_(SECOND)
    pool, stored, most = Slow(), list[Batch](), 0
    lane = Lane(
        "incident",
        desk.sweep("incident", None, clock()),
        Reader(desk, pool),
        True,
        lambda records, _at: records,
        stored.append,
    )
    for place in order:
        while lane.step(more=True):
            pass
        most = max(most, len(lane.coming))
        if pool.under_way:
            pool.finish(place)
    while lane.step(more=True):
        pass
    assert lane.is_done
    assert [batch.page.cursor["id"] for batch in stored] == sorted(
        batch.page.cursor["id"] for batch in stored
    )
    assert [record.id for batch in stored for record in batch.page.records] == sorted(desk.rows["incident"])
    assert most <= AHEAD
