"""`accord holidays`: dates with their names, put into a calendar without touching the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.authoring.datelist import put
from connector.cli import main
from connector.errors import AccordError
from connector.yamldoc import read_text

FILE = """# ours
calendar: office
timezone: Europe/London   # where we sit
hours: {mon-fri: "09:00-17:00"}
holidays:
  - 2025-12-25  # Christmas
  - 2026-01-01  # to be replaced
day: 8h

---
calendar: other
hours:
  mon: "09:00-17:00"

# the end
"""
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20241224
DTEND;VALUE=DATE:20241226
SUMMARY:Winter closing
RRULE:FREQ=YEARLY
EXDATE;VALUE=DATE:20271224
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART:20260310T090000Z
SUMMARY:A meeting
END:VEVENT
END:VCALENDAR
"""


def test_a_countrys_holidays_replace_those_of_the_years_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "calendars.yaml"
    file.write_text(FILE)
    asked = ["--country", "gb", "--subdivision", "ENG", "--years", "2026", "--into", str(file)]
    assert main(["holidays", *asked, "--calendar", "office"]) == 0
    written = file.read_text()
    office, _ = read_text(written, "x")
    assert office.data["holidays"][:3] == ["2025-12-25", "2026-01-01", "2026-04-03"]
    assert "  - 2025-12-25  # Christmas\n" in written
    assert "  - 2026-04-03  # Good Friday\n" in written
    kept = [line for line in FILE.splitlines() if "replaced" not in line]
    assert [line for line in written.splitlines() if line in kept] == kept


def test_a_calendar_without_holidays_gets_them_behind_its_hours() -> None:
    from datetime import date

    written = put(FILE, "x", "other", {date(2026, 5, 1): "May Day"}, [2026])
    assert 'mon: "09:00-17:00"\nholidays:\n  - 2026-05-01  # May Day\n\n# the end\n' in written


def test_putting_them_twice_changes_nothing_more() -> None:
    from datetime import date

    once = put(FILE, "x", "office", {date(2026, 5, 1): "May Day"}, [2026])
    assert put(once, "x", "office", {date(2026, 5, 1): "May Day"}, [2026]) == once


def test_whole_days_of_a_calendar_file_count_and_repeat_but_for_its_exceptions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "closing.ics"
    file.write_text(ICS.replace("\n", "\r\n"))
    assert main(["holidays", "--ics", str(file), "--years", "2026-2028"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "holidays:",
        *(f"  - {day}  # Winter closing" for day in ("2026-12-24", "2026-12-25", "2028-12-24", "2028-12-25")),
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--country", "XX"], "there is no list for the country 'XX'"),
        (["--country", "GB", "--subdivision", "ENGL"], "GB has no subdivision 'ENGL'; known: ENG"),
        (["--ics", "nowhere.ics"], "there is no file nowhere.ics"),
        (["--country", "GB", "--years", "26"], "neither a year nor a span"),
        ([], "give either --country or --ics"),
    ],
)
def test_what_cannot_be_found_is_told(
    asked: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["holidays", *asked]) == 2
    assert words in capsys.readouterr().err


def test_a_calendar_that_is_not_in_the_file_is_told_with_those_that_are() -> None:
    with pytest.raises(AccordError, match="no calendar 'offce'; calendars in this file: office, other"):
        put(FILE, "x", "offce", {}, [2026])
