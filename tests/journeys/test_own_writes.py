"""What a sync has written costs the next ones nothing, and hides nothing that people do meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.model.instant import MINUTE, SECOND
from tests.journeys.place import CONFIG, Place

TICKETS = 160  # several questions' worth of ids


@pytest.fixture
def written(tmp_path: Path) -> tuple[Place, list[str]]:
    """A site whose last sync has written fields and a note to every one of many tickets."""
    place = Place(tmp_path / "site", config=CONFIG.replace("page_size: 20", "page_size: 1000"))
    place.setup()
    tickets = [place.open(urgency="1", impact="1") for _ in range(TICKETS)]
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(50 * MINUTE)
    place.sync()
    assert len(place.end_state()["notes"]) == TICKETS
    place.sandbox.requests.clear()
    return place, tickets


def test_a_sync_right_after_one_that_wrote_asks_little_and_writes_nothing(
    written: tuple[Place, list[str]],
) -> None:
    place, _ = written
    for wait in (0, 0, 30 * SECOND, 3 * MINUTE):
        place.pass_(wait)
        place.sandbox.requests.clear()
        summary = place.sync()
        assert sum(place.sandbox.requests.values()) <= 3, place.sandbox.requests
        assert place.writes_made() == 0
        assert summary.sources[0].pulled.kinds["incident"].changed == 0


def test_what_an_agent_does_right_after_is_seen(written: tuple[Place, list[str]]) -> None:
    """In the second of our own write: the platform's count tells, the date does not."""
    place, tickets = written
    place.change(tickets[0], state="6", close_code="Solved")
    place.change(tickets[1], comments="we are on it")
    place.pass_(MINUTE)
    summary = place.sync()
    assert summary.sources[0].pulled.kinds["incident"].changed == 2
    ended = [row for row in place.rows("u_accord_achievement") if row["u_state"] == "met"]
    assert [row["u_ticket"] for row in ended] == [tickets[0]]


def test_written_tickets_are_read_once_more_when_all_has_settled(written: tuple[Place, list[str]]) -> None:
    place, _ = written
    audits = []
    for wait in (8 * MINUTE, 0):
        place.pass_(wait)
        place.sandbox.requests.clear()
        place.sync()
        audits.append(sum(n for what, n in place.sandbox.requests.items() if "sys_audit" in str(what)))
    assert audits == [4, 0]  # fifty tickets a question
