"""Targets: presets, manners, and who beats whom. What is refused in them: `wrong/targets`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from connector.errors import Position
from connector.model.instant import HOUR, MINUTE
from connector.rules.effective import dump
from connector.rules.rulebook import After, All, FieldDue, FieldTime, LineKind, OpenTime, Target
from tests.rules.given import agreement, load, spelt, target, told, wrapped

WITHIN = "within: [{time: 4h}]"
OPEN = {"state": {"not_in": ["resolved", "closed", "cancelled"]}}
CANCELLED = {"state": "cancelled"}


def conditions(found: Target) -> dict[str, Any]:
    """The conditions of a target as people write them."""
    names = ("start", "stop", "pause", "resume", "cancel", "reset")
    trees = {name: getattr(found, name) for name in names}
    return {name: spelt(tree) for name, tree in trees.items() if tree is not None}


def test_response_stops_at_the_first_sign_of_work() -> None:
    found = target(f"{{is: response, {WITHIN}}}")
    assert conditions(found) == {
        "start": OPEN,
        "stop": {"any": [
            {"state": ["in_progress", "on_hold", "resolved", "closed"]},
            {"public_reply": {"to": "agent"}},
        ]},
        "cancel": CANCELLED,
    }  # fmt: skip
    assert (found.start_at, found.reopen) == ("opened", "ignore")


def test_resolution_runs_from_the_opening_and_anew_after_a_reopening() -> None:
    found = target(f"{{is: resolution, {WITHIN}}}")
    assert conditions(found) == {
        "start": OPEN,
        "stop": {"state": ["resolved", "closed"]},
        "cancel": CANCELLED,
    }
    assert (found.start_at, found.reopen, found.measure) == ("opened", "new_cycle", "cycle")


def test_rhythm_begins_anew_at_every_public_reply_and_counts_them() -> None:
    found = target(f"{{is: rhythm, {WITHIN}}}")
    assert conditions(found) == {
        "start": OPEN,
        "reset": {"public_reply": {"to": "agent"}},
        "stop": {"state": ["resolved", "closed"]},
        "cancel": CANCELLED,
    }
    assert (found.count_resets, found.start_at) == (True, None)


def test_stint_is_the_time_in_the_hands_of_its_groups() -> None:
    found = target(f"{{is: stint, group: [network, wifi], {WITHIN}}}")
    assert conditions(found) == {
        "start": {"assignment_group": ["network", "wifi"], **OPEN},
        "stop": {
            "any": [{"assignment_group": {"not_in": ["network", "wifi"]}}, {"state": ["resolved", "closed"]}]
        },
        "cancel": CANCELLED,
    }
    assert found.measure == "total"


def test_parts_of_a_preset_are_told_at_the_line_of_the_preset() -> None:
    found = target(f"\n    is: resolution\n    {WITHIN}")
    assert found.stop is not None
    assert found.stop.place.line == 7


def test_every_key_of_a_preset_can_be_overridden() -> None:
    body = f"{{is: response, stop: {{state: closed}}, start_at: match, reopen: resume, {WITHIN}}}"
    found = target(body)
    assert spelt(found.stop) == {"state": "closed"}
    assert (found.start_at, found.reopen) == (None, "resume")


FRAMEWORK = "framework: f\nat_limit: missed\nreopen: resume\nstart_must_hold: true\nretroactive: every\n---\n"


@pytest.mark.parametrize(
    ("above", "body", "key", "value"),
    [
        ("", f"{{is: resolution, {WITHIN}}}", "at_limit", "met"),
        (FRAMEWORK, f"{{is: resolution, {WITHIN}}}", "at_limit", "missed"),
        (FRAMEWORK, f"{{is: resolution, like: jsm, {WITHIN}}}", "at_limit", "met"),
        (FRAMEWORK, f"{{is: resolution, {WITHIN}}}", "reopen", "new_cycle"),
        (FRAMEWORK, f"{{is: resolution, reopen: ignore, {WITHIN}}}", "reopen", "ignore"),
        (FRAMEWORK, f"{{is: rhythm, {WITHIN}}}", "reopen", "resume"),
        (FRAMEWORK, f"{{is: rhythm, {WITHIN}}}", "retroactive", "every"),
        ("", f"{{is: resolution, like: servicenow, {WITHIN}}}", "retroactive", "every"),
        ("", f"{{is: resolution, like: servicenow, {WITHIN}}}", "start_must_hold", True),
        ("", f"{{is: resolution, like: servicenow, at_limit: met, {WITHIN}}}", "at_limit", "met"),
        ("", f"{{is: resolution, like: jsm, {WITHIN}}}", "on_goal_change", "carry"),
    ],
)  # fmt: skip
def test_framework_yields_to_like_yields_to_the_preset_yields_to_what_is_written(
    above: str, body: str, key: str, value: Any
) -> None:
    found = agreement(above + wrapped(body)).targets["t"]
    assert getattr(found, key) == value


def test_an_agreements_manner_is_that_of_its_targets() -> None:
    assert target(f"{{is: resolution, {WITHIN}}}", above="like: servicenow\n").at_limit == "missed"
    assert target(f"{{is: resolution, like: jsm, {WITHIN}}}", above="like: servicenow\n").at_limit == "met"


CALENDARS = "".join(
    f'calendar: {name}\ntimezone: UTC\nhours: {{mon: "09:00-17:00"}}\nday: {day}h\n---\n'
    for name, day in (("one", 1), ("two", 2), ("three", 3))
)


def test_an_entrys_calendar_beats_the_targets_beats_the_agreements() -> None:
    rows = "[{when: {priority: 1}, time: 1wd, calendar: three}, {time: 1wd}]"
    body = f"{{is: resolution, calendar: two, within: {rows}}}"
    found = agreement(CALENDARS + wrapped(body, above="calendar: one\n")).targets["t"]
    assert [(entry.calendar, entry.time) for entry in found.entries] == [
        ("three", OpenTime(3 * HOUR, "1wd")),
        ("two", OpenTime(2 * HOUR, "1wd")),
    ]
    plain = agreement(CALENDARS + wrapped("{is: resolution, within: [{time: 1wd}]}", above="calendar: one\n"))
    assert [entry.calendar for entry in plain.targets["t"].entries] == ["one"]


def test_times_and_due_dates_may_be_given_in_the_ticket() -> None:
    found = target(
        "{is: resolution, within: ["
        "{when: {major: true}, until: {field: agreed_due}}, {time: {field: agreed_time}}]}"
    )
    assert [entry.time for entry in found.entries] == [
        FieldDue("agreed_due", "{field: agreed_due}"),
        FieldTime("agreed_time", "{field: agreed_time}"),
    ]
    assert found.entries[1].when == All((), found.entries[1].place)


def test_lines_are_shares_lengths_and_events_as_written() -> None:
    found = target(
        "{is: resolution, within: [{time: 4h}], "
        "on: {75%: [], 12.5%: , 30m before: [], 2h after: [], breached: []}}"
    )
    assert [(line.written, line.kind, line.share, line.length) for line in found.lines] == [
        ("75%", LineKind.PERCENT, Fraction(3, 4), None),
        ("12.5%", LineKind.PERCENT, Fraction(1, 8), None),
        ("30m before", LineKind.BEFORE, None, 30 * MINUTE),
        ("2h after", LineKind.AFTER, None, 2 * HOUR),
        ("breached", LineKind.EVENT, None, None),
    ]


def test_actions_notify_note_and_create() -> None:
    found = target(
        "{is: resolution, within: [{time: 4h}], on: {breached: ["
        "{notify: assignee, note: true}, {note: 'late: {{ key }}', public: true}, "
        "{create: problem, fields: {title: again}, when: {priority: 1}}]}}"
    )
    first, second, third = found.lines[0].actions
    assert (first.notify, first.note, first.public) == (("assignee",), True, False)
    assert (second.note, second.public) == ("late: {{ key }}", True)
    assert (third.create, third.fields, spelt(third.when)) == (
        "problem",
        {"title": "again"},
        {"priority": "1"},
    )


def test_a_target_may_begin_after_another() -> None:
    text = (
        wrapped(f"{{is: resolution, {WITHIN}}}")
        + f"  u: {{after: {{target: t, event: ended}}, stop: {{state: closed}}, {WITHIN}}}\n"
    )
    assert agreement(text).targets["u"].after == After("t", "ended")


def test_a_target_may_be_measured_by_the_platform() -> None:
    found = target("{measured_by: {platform: P1 resolution}, on: {breached: [{note: true}]}}")
    assert (found.measured_by, found.entries, len(found.lines)) == ("P1 resolution", (), 1)


PACKAGE = dump([{
    "package": "gold",
    "targets": {
        "t": {"is": "resolution", "pause": {"state": "on_hold"}, "within": [{"time": "1h"}]},
        "u": {"is": "response", "within": [{"time": "1h"}]},
    },
    "objectives": {"o": {"attained": "t", "at_least": "95%"}},
}])  # fmt: skip


def test_an_agreements_target_replaces_the_packages_whole() -> None:
    text = f"{PACKAGE}---\n" + wrapped(f"{{is: resolution, {WITHIN}}}", above="package: gold\n")
    found = agreement(text)
    assert list(found.targets) == ["t", "u"]
    assert found.targets["t"].pause is None
    assert found.targets["t"].entries[0].time == OpenTime(4 * HOUR, "4h")
    assert found.objectives["o"].of == "t"


def test_a_package_that_nobody_uses_is_checked_too() -> None:
    (line,) = told("package: p\ntargets: {t: {is: resolution, within: [{time: soon}]}}\n")
    assert line.startswith("2:47 'soon' is not a time; ")


def test_the_places_of_packages_are_those_of_their_files() -> None:
    book = load(
        PACKAGE, "agreement: a\ntype: sla\ntimezone: UTC\npackage: gold\napplies_to: {record: incident}\n"
    )
    place = book.agreements[0].targets["t"].place
    assert (place.file[-6:], place) == ("1.yaml", Position(place.file, 3, 3))
