"""A rehearsal takes its own instant for the present, whatever the clocks of machine and platform say."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from connector.model.instant import DAY, MINUTE
from tests.journeys.place import Place


class Dated(BaseAdapter):
    """A platform whose answers bear the *date* (None: none) of the machine it runs on, not of its records."""

    def __init__(self, inner: BaseAdapter, date: int | None) -> None:
        super().__init__()
        self._inner, self._date = inner, date

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        response = self._inner.send(request, *args, **options)
        response.headers.pop("Date", None)
        if self._date is not None:
            response.headers["Date"] = formatdate(self._date / 1000, usegmt=True)
        return response

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize("is_dated", [True, False])
def test_what_happens_after_one_rehearsed_instant_is_seen_at_the_next(tmp_path: Path, is_dated: bool) -> None:
    place = Place(tmp_path / "desk")
    place.setup()
    real = place.clock.now + 200 * DAY
    world = replace(
        place.world,
        now=lambda: real,
        adapter=lambda _: Dated(place.sandbox.transport(), real if is_dated else None),
    )
    place.sync(world, now=place.clock.now)
    for _ in range(3):
        place.pass_(MINUTE)
        ticket = place.open()
        place.pass_(10 * MINUTE)
        place.sync(world, now=place.clock.now)
        assert ticket in {row["u_ticket"] for row in place.rows("u_accord_achievement")}
