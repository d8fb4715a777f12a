"""The timeline picture: what was counted, paused and closed, and labels that can be read."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from connector.evaluate.explain import explain
from connector.evaluate.picture import WIDTH, bar
from connector.mappings.kinds import shipped_kinds
from connector.model.record import Record
from tests.evaluate.desk import OPEN, desk, t, ticket

LINES = ("50%", "75%", "80%", "30m before", "20m before", "10m after", "1h after")
RULES = desk(
    f"{OPEN}pause: {{state: on_hold}}\nwithin: [{{time: 6h}}]\n"
    f"on: {{{', '.join(f'{line}: [{{note: true}}]' for line in LINES)}}}"
)
CLOSE = ticket("mon 10:00", ("tue 12:00", "state", "resolved"))
WEEKEND = ticket("fri 14:00", ("fri 15:30", "state", "on_hold"), ("mon2 10:00", "state", "in_progress"))
MANY = ticket(
    "mon 09:00",
    *[
        (f"{day} {hour:02}:{minute:02}", "state", "on_hold" if minute else "in_progress")
        for day in ("mon", "tue", "wed", "thu", "fri", "mon2", "tue2")
        for hour in range(9, 17)
        for minute in (0, 30)
    ],
)


def drawn(record: Record, at: str) -> ElementTree.Element:
    ((clock,),) = [explain(record, RULES, at=t(at), kinds=shipped_kinds()).clocks]
    (cycle,) = clock.cycles
    return ElementTree.fromstring(bar(cycle, "Europe/London"))


def labels(picture: ElementTree.Element) -> list[tuple[str, float, float, float]]:
    """Every text with where it begins and ends, and its height."""
    found = []
    for text in picture.iter("text"):
        x, y, written = float(text.attrib["x"]), float(text.attrib["y"]), text.text or ""
        width = len(written) * 6.0  # 11 px letters are no wider
        begin = x - width if text.get("text-anchor") == "end" else x
        found.append((written, begin, begin + width, y))
    return found


@pytest.mark.parametrize(
    ("record", "at"), [(CLOSE, "tue 15:00"), (WEEKEND, "mon2 16:30"), (MANY, "wed2 12:00")]
)
def test_no_label_covers_another_or_leaves_the_picture(record: Record, at: str) -> None:
    written = labels(drawn(record, at))
    for one, other in combinations(written, 2):
        assert one[3] != other[3] or one[2] <= other[1] or other[2] <= one[1], (one, other)
    assert all(begin >= 0 and end <= WIDTH for _, begin, end, _ in written)


def test_lines_close_together_are_all_named() -> None:
    written = {text for text, *_ in labels(drawn(CLOSE, "tue 15:00"))}
    assert {*LINES, "due"} <= written


def test_closed_hours_and_pauses_are_no_counted_time() -> None:
    rows = [
        (rect.attrib["class"], float(rect.attrib["width"]))
        for rect in drawn(WEEKEND, "mon2 16:30").iter("rect")
    ]
    assert [name for name, _ in rows] == ["ran", "paused", "shut", "paused", "ran", "over"]
    hour = (WIDTH - 24) / 74.5
    assert rows[0][1] == pytest.approx(1.5 * hour, abs=0.2)
    assert rows[2][1] == pytest.approx(64 * hour, abs=0.2)  # from Friday 17:00 to Monday 9:00


def test_a_long_ticket_stays_a_small_picture() -> None:
    picture = ElementTree.tostring(drawn(MANY, "wed2 12:00")).decode()
    assert len(picture) < 30_000
    assert not re.search(r'width="-', picture)
