"""Where a cycle's time went: per assignment group, and per hold reason."""

from __future__ import annotations

from connector.evaluate.attribution import attribute
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import HOUR, MINUTE
from tests.evaluate.desk import OPEN, clock, desk, t, ticket


def test_elapsed_is_shared_out_by_group_and_paused_time_by_reason() -> None:
    rules = desk(f"{OPEN}pause: {{state: on_hold}}\nwithin: [{{time: 4h}}]")
    record = ticket(
        "mon 10:00",
        ("mon 11:30", "assignment_group", "network"),
        ("mon 12:00", "hold_reason", "awaiting_caller"),
        ("mon 12:00", "state", "on_hold"),
        ("mon 13:00", "hold_reason", "awaiting_vendor"),
        ("mon 15:00", "state", "in_progress"),
        assignment_group="desk",
    )
    ((_, shares),) = attribute([record], rules, at=t("tue 10:00"), kinds=shipped_kinds()).items()
    assert shares.groups == {"desk": 90 * MINUTE, "network": 3 * HOUR + 30 * MINUTE}
    assert shares.reasons == {"awaiting_caller": HOUR, "awaiting_vendor": 2 * HOUR}
    assert sum(shares.groups.values()) == clock(rules, record, "tue 10:00").elapsed
