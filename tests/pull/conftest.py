"""Fixtures of the pull's tests: the store is the fast one, the platform is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pull.fake_platform import Clock, FakePlatform
from tests.pull.site import Site


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
def site(desk: FakePlatform, tmp_path: Path) -> Iterator[Site]:
    made = Site(desk, tmp_path / "accord.db")
    yield made
    made.store.close()
