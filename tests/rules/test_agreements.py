"""Agreements: their parts, validity and versions. What is refused in them lies in `wrong/`."""

from __future__ import annotations

from pathlib import Path

from connector.model.instant import format_instant
from connector.rules.loader import rule_files
from connector.rules.reading import Reading
from connector.rules.rulebook import Agreement, ChooseOne
from tests.rules.given import MINIMAL, agreement, load, told


def window(found: Agreement) -> tuple[str | None, str | None]:
    """The first instant of an agreement's validity, and the first after it."""
    ends = (found.valid_from, found.valid_until)
    first, last = (None if end is None else format_instant(end) for end in ends)
    return first, last


def versions(*lines: str, name: str = "desk") -> list[Agreement]:
    """Agreements of one name, version 1 on, each with its extra *lines*."""
    texts = [
        MINIMAL.replace("agreement: desk", f"agreement: {name}") + f"version: {number}\n{line}\n"
        for number, line in enumerate(lines, 1)
    ]
    return list(load("---\n".join(texts)).agreements)


def test_an_agreement_needs_little() -> None:
    found = agreement(MINIMAL)
    assert (found.name, found.version, found.type, found.status) == ("desk", 1, "sla", "enacted")
    assert (found.calendar, found.timezone, found.kinds, found.where) == (
        "always",
        "UTC",
        ("incident",),
        None,
    )
    assert window(found) == (None, None)


def test_the_days_of_validity_are_local_and_both_included() -> None:
    text = MINIMAL.replace("timezone: UTC", "timezone: Europe/London")
    found = agreement(text + "valid: {from: 2026-07-01, to: 2026-12-31}\n")
    assert window(found) == ("2026-06-30T23:00:00Z", "2027-01-01T00:00:00Z")


def test_a_newer_version_ends_the_older_one() -> None:
    first, second, third = versions(
        "", "valid: {from: 2026-03-01}", "valid: {from: 2026-06-01, to: 2026-12-31}"
    )
    assert window(first) == (None, "2026-03-01T00:00:00Z")
    assert window(second) == ("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z")
    assert window(third) == ("2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z")


def test_an_older_version_may_end_earlier_and_leave_a_gap() -> None:
    first, _ = versions("valid: {from: 2026-01-01, to: 2026-01-31}", "valid: {from: 2026-03-01}")
    assert window(first) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


def test_a_draft_ends_nothing() -> None:
    first, draft = versions("valid: {from: 2026-01-01}", "status: draft\nvalid: {from: 2026-03-01}")
    assert window(first) == ("2026-01-01T00:00:00Z", None)
    assert window(draft) == ("2026-03-01T00:00:00Z", None)


def test_only_enacted_agreements_measure() -> None:
    statuses = ("enacted", "draft", "suspended", "retired")
    texts = [MINIMAL.replace("desk", f"desk-{status}") + f"status: {status}\n" for status in statuses]
    book = load(*texts)
    assert [found.status for found in book.measuring()] == ["enacted"]
    assert len(book.measuring(every=True)) == 4


def test_versions_stand_in_order_whatever_their_files() -> None:
    texts = [MINIMAL + f"version: {number}\nvalid: {{from: 2026-{number:02}-01}}\n" for number in (10, 2, 9)]
    assert [found.version for found in load(*texts).agreements] == [2, 9, 10]


def test_the_zone_is_the_calendars_unless_written() -> None:
    office = 'calendar: office\ntimezone: Asia/Tokyo\nhours: {mon: "09:00-17:00"}\n---\n'
    text = MINIMAL.replace("timezone: UTC", "calendar: office")
    assert agreement(office + text).timezone == "Asia/Tokyo"
    assert agreement(office + text + "timezone: Europe/Rome\n").timezone == "Europe/Rome"


def test_utc_is_assumed_aloud() -> None:
    always = "the periods and validity of 'desk' are in UTC, since its calendar is `always`"
    mend = "add `timezone: Europe/London` (or UTC) [utc-assumed]"
    assert told(MINIMAL.replace("timezone: UTC\n", "")) == [f"1:1 warning: {always}; {mend}"]
    office = (
        'calendar: o\ntimezone: {field: customer_timezone, default: UTC}\nhours: {mon: "09:00-17:00"}\n---\n'
    )
    field = always.replace("calendar is `always`", "calendar's zone is a field")
    assert told(office + MINIMAL.replace("timezone: UTC", "calendar: o")) == [f"5:1 warning: {field}; {mend}"]


def test_choice_between_agreements_is_by_group_and_rank() -> None:
    assert agreement(MINIMAL + "choose_one: {group: desk-sla, rank: 10}\n").choose_one == ChooseOne(
        "desk-sla", 10
    )


def test_people_customers_and_services_that_are_declared_are_not_warned_of() -> None:
    register = "customer: acme\n---\nservice: payroll\n---\nstakeholder: ann\nrole: [owner, boss]\n---\n"
    text = MINIMAL.replace("4h}]", "4h}], on: {75%: [{notify: [ann, boss, assignee]}]}")
    text += "customer: acme\nservices: [payroll]\nreview: {every: month, attendees: [ann]}\n"
    assert told(register + text) == []
    assert [line.split("; ")[0] for line in told(text)] == [
        "6:75 warning: the register has no stakeholder or role 'ann'",
        "6:80 warning: the register has no stakeholder or role 'boss'",
        "7:11 warning: the customer 'acme' is not declared",
        "8:12 warning: the service 'payroll' is not declared",
        "9:35 warning: the register has no stakeholder 'ann'",
    ]


def test_rule_tests_are_no_rules(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "a_test.yaml", ".hidden.yaml", "notes.txt"):
        (tmp_path / name).write_text(MINIMAL)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yaml").write_text(MINIMAL)
    found = rule_files(Reading(), [tmp_path, tmp_path / "b.yaml"])
    assert [path.name for path in found] == ["a.yml", "b.yaml", "c.yaml"]
