"""A sync before `accord setup`: what has no place there waits, the rest goes on, nothing is lost."""

from __future__ import annotations

from pathlib import Path

from connector.model.instant import HOUR, MINUTE
from tests.journeys.place import Place


def test_what_has_no_place_yet_waits_and_the_rest_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.sync()
    place.open(urgency="1", impact="1")
    place.pass_(2 * HOUR)
    early = place.sync()
    told = "\n".join(early.lines())
    assert early.exit_code == 4
    assert "1 achievement held: what it is kept in is not there: see `accord setup`" in told
    assert "1 fields held: what it is kept in is not there" in told
    assert place.rows("sys_journal_field")

    place.setup()
    place.pass_(MINUTE)
    assert place.sync().exit_code == 0
    state = place.end_state()
    assert len(state["achievements"]) == 1
    assert all(shown[0] for shown in state["shown"].values())
