"""The sign of life on the platform: there where it is asked for, moved on by every run, and one only."""

from __future__ import annotations

from pathlib import Path

from connector.model.instant import HOUR, MINUTE
from tests.journeys.place import START
from tests.serve.office import SERVED, Office, office


def test_every_run_moves_the_one_heartbeat_on(tmp_path: Path) -> None:
    with office(tmp_path / "site", SERVED.replace("notify: off", "notify: off, heartbeat: on")) as desk:
        desk.until(START + HOUR + 10 * MINUTE)
        (row,) = desk.place.rows("u_accord_achievement")
        assert (row["u_key"], row["u_target"]) == ("heartbeat:acme@here", "heartbeat")
        assert row["u_started"] == "2026-03-02 08:00:00"
        # The third run was at 09:00 and a little; two more could be missed before somebody has to worry.
        assert "2026-03-02 10:01:00" <= row["u_due"] < "2026-03-02 10:02:30"
        desk.place.sync()
        (row_after,) = desk.place.rows("u_accord_achievement")
        assert row_after == row, "only a service has a heart"


def test_nobody_has_a_heartbeat_who_did_not_ask(desk: Office) -> None:
    desk.until(START + MINUTE)
    assert desk.place.rows("u_accord_achievement") == []
