"""Agreements that companies and public bodies publish, written in the rule language: when what is due.

Every instant is worked out by hand from the agreement's words. March 2nd 2026 is a Monday; clocks move on
March 8th in America and on March 29th in Europe.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.errors import Wrong
from connector.evaluate import evaluate
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import format_instant, parse_instant
from connector.model.kind import FieldType
from connector.model.record import Change, Record
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Rulebook
from tests.evaluate.desk import book

FILES = Path(__file__).parent / "real"
EXTRA = {
    "customer_timezone": FieldType.STRING,
    "cvss": FieldType.NUMBER,
    "identified": FieldType.DATETIME,
}
NONE = "no target"


@cache
def rules(name: str) -> Rulebook:
    return load_rulebook([FILES / f"{name}.yaml"], shipped_kinds(), at=0, extra_fields=EXTRA)


def due(name: str, target: str, opened: str, kind: str = "incident", **fields: Any) -> str | None:
    """When the target is due on a ticket opened then; None without a cycle."""
    at = parse_instant(opened)
    record = Record(kind, "acme", "1", "T1", {"state": "new", "opened": at, **fields})
    cycles = evaluate([record], rules(name), at=at, kinds=shipped_kinds()).cycles()
    for cycle in cycles:
        if cycle.target == target:
            return NONE if cycle.due is None else format_instant(cycle.due)
    return None


@pytest.mark.parametrize(
    ("opened", "ticket", "expected"),
    [
        ("2026-03-07T10:00:00Z", {"severity": "1", "channel": "emergency"}, "2026-03-07T10:30:00Z"),
        ("2026-03-07T10:00:00Z", {"severity": "1", "channel": "portal"}, "2026-03-09T04:00:00Z"),
        ("2026-03-06T22:00:00Z", {"severity": "2"}, "2026-03-09T02:00:00Z"),  # two hours on either side
        ("2026-03-02T10:00:00Z", {"severity": "3"}, "2026-03-02T18:00:00Z"),
        ("2026-03-07T10:00:00Z", {"severity": "4"}, "2026-03-10T00:00:00Z"),  # at Monday's closing
        ("2026-03-02T10:00:00Z", {"severity": "2", "plan": "standard"}, "2026-03-03T10:00:00Z"),
        ("2026-03-02T10:00:00Z", {"severity": "1", "plan": "trial"}, None),
    ],
)
def test_gitlab_first_response(opened: str, ticket: dict[str, Any], expected: str | None) -> None:
    assert due("gitlab", "response", opened, **ticket) == expected


@pytest.mark.parametrize(
    ("opened", "ticket", "expected"),
    [
        # Friday 17:00 in Tokyo: 1 + 10 + 10 + 3 hours, to Wednesday 11:00
        ("2026-03-06T08:00:00Z",
         {"plan": "developer", "severity": "general", "customer_timezone": "Asia/Tokyo"},
         "2026-03-11T02:00:00Z"),
        # Friday 17:00 in Los Angeles, over the change of clocks: 1 + 10 + 1, to Tuesday 9:00
        ("2026-03-07T01:00:00Z",
         {"plan": "developer", "severity": "impaired", "customer_timezone": "America/Los_Angeles"},
         "2026-03-10T16:00:00Z"),
        # no zone: UTC; Friday 17:00, Memorial Day in between
        ("2026-05-22T17:00:00Z", {"plan": "developer", "severity": "impaired"}, "2026-05-27T09:00:00Z"),
        ("2026-03-07T10:00:00Z", {"plan": "enterprise", "severity": "business critical"},
         "2026-03-07T10:15:00Z"),
        ("2026-03-07T10:00:00Z", {"plan": "business", "severity": "production down"}, "2026-03-07T11:00:00Z"),
        ("2026-03-02T10:00:00Z", {"plan": "business", "severity": "business critical"}, NONE),
        ("2026-03-02T10:00:00Z", {"plan": "developer", "severity": "production down"}, NONE),
    ],
)  # fmt: skip
def test_aws_case_severities(opened: str, ticket: dict[str, Any], expected: str) -> None:
    assert due("aws", "response", opened, **ticket) == expected


@pytest.mark.parametrize(
    ("target", "opened", "priority", "expected"),
    [
        ("response", "2026-03-07T03:00:00Z", 1, "2026-03-07T03:30:00Z"),
        ("response", "2026-03-02T21:45:00Z", 2, "2026-03-03T07:45:00Z"),
        ("response", "2026-04-02T09:00:00Z", 3, "2026-04-07T16:30:00Z"),  # Good Friday to Easter Monday
        ("response", "2026-04-02T09:00:00Z", 4, "2026-04-08T16:30:00Z"),
        ("update", "2026-04-04T09:00:00Z", 3, "2026-04-09T16:30:00Z"),  # the start's day is Tuesday
        ("update", "2026-03-02T10:00:00Z", 4, "2026-03-09T17:30:00Z"),
    ],
)
def test_govuk_pay(target: str, opened: str, priority: int, expected: str) -> None:
    assert due("govuk-pay", target, opened, priority=priority) == expected


def test_govuk_pay_updates_are_due_an_hour_after_each_other() -> None:
    opened = parse_instant("2026-03-07T10:00:00Z")
    replies = [
        Change(opened + minutes * 60_000, "public_reply", None, "agent", seq=n)
        for n, minutes in enumerate((50, 130))
    ]
    record = Record(
        "incident",
        "acme",
        "1",
        "T1",
        {"state": "new", "opened": opened, "priority": 1, "public_reply": "agent"},
        tuple(replies),
    )
    found = evaluate([record], rules("govuk-pay"), at=opened + 3 * 3_600_000, kinds=shipped_kinds()).cycles()
    cycles = [(str(one.state), one.elapsed // 60_000) for one in found if one.target == "update"]
    assert cycles == [("met", 50), ("missed", 80), ("running", 50)]


@pytest.mark.parametrize(
    ("impact", "urgency", "response", "resolution"),
    [  # opened on Monday the 9th at 10:00 in Chicago, which is 15:00 UTC
        ("user", "low", "2026-03-10T22:00:00Z", "2026-03-16T22:00:00Z"),
        ("user", "medium", "2026-03-10T22:00:00Z", "2026-03-16T22:00:00Z"),
        ("user", "high", "2026-03-09T19:00:00Z", "2026-03-12T22:00:00Z"),
        ("group", "low", "2026-03-09T19:00:00Z", "2026-03-12T22:00:00Z"),
        ("group", "medium", "2026-03-09T19:00:00Z", "2026-03-12T22:00:00Z"),
        ("group", "high", "2026-03-09T15:30:00Z", "2026-03-09T19:00:00Z"),
        ("university", "low", "2026-03-09T19:00:00Z", "2026-03-12T22:00:00Z"),
        ("classroom", "medium", "2026-03-09T15:30:00Z", "2026-03-09T19:00:00Z"),
        ("classroom", "high", "2026-03-09T15:15:00Z", "2026-03-09T17:00:00Z"),
    ],
)
def test_slu_matrix(impact: str, urgency: str, response: str, resolution: str) -> None:
    fields = {"impact": impact, "urgency": urgency}
    assert due("slu", "response", "2026-03-09T15:00:00Z", **fields) == response
    assert due("slu", "resolution", "2026-03-09T15:00:00Z", **fields) == resolution


def test_slu_days_are_a_choice_that_the_author_has_to_make() -> None:
    text = (FILES / "slu.yaml").read_text().replace("time: 3bd", "time: 3d")
    with pytest.raises(Wrong, match=r"'3d' is ambiguous .* '72h' .* '3wd' .* '3bd'"):
        book(text)


@pytest.mark.parametrize(
    ("opened", "request_type", "expected"),
    [
        ("2026-03-06T16:00:00Z", "urgent", "2026-03-06T20:00:00Z"),  # 8:00 to 12:00
        ("2026-03-07T00:30:00Z", "standard", "2026-03-10T23:30:00Z"),  # Friday 16:30: 1 + 10 + 9 hours
        ("2026-03-02T15:30:00Z", "scheduled", "2026-03-14T00:30:00Z"),  # ten whole days, to Friday's end
        # 22 days in March less a holiday, 22 in April, the 45th on May 4th, at its end
        ("2026-03-02T15:30:00Z", "project", "2026-05-05T00:30:00Z"),
    ],
)
def test_westernu(opened: str, request_type: str, expected: str) -> None:
    assert due("westernu", "resolution", opened, "request", request_type=request_type) == expected


@pytest.mark.parametrize(
    ("target", "ticket", "expected"),
    [  # opened on Friday at 17:00, an hour before closing
        ("response", {"category": "change request"}, NONE),
        ("closure", {"category": "change request"}, "2026-03-10T16:00:00Z"),  # 1 + 10 + 8 hours
        ("closure", {"category": "backup"}, "2026-03-11T15:00:00Z"),  # 1 + 10 + 10 + 7 hours
        ("response", {"priority": 1}, "2026-03-06T17:30:00Z"),
        ("response", {"category": "24 hour case", "plan": "subscriber"}, "2026-03-06T18:00:00Z"),
        ("response", {"category": "24 hour case", "priority": 3}, "2026-03-09T11:00:00Z"),
    ],
)
def test_ramsac(target: str, ticket: dict[str, Any], expected: str) -> None:
    assert due("ramsac", target, "2026-03-06T17:00:00Z", **ticket) == expected


@pytest.mark.parametrize(
    ("target", "priority", "expected"),
    [  # opened on Friday at 18:00 in New York, an hour after closing
        ("response", 1, "2026-03-09T13:15:00Z"),  # Monday 9:15, summer time by then
        ("resolution", 2, "2026-03-09T21:00:00Z"),
        ("resolution", 3, "2026-03-11T21:00:00Z"),
    ],
)
def test_altsys_most_urgent_waits_for_monday(target: str, priority: int, expected: str) -> None:
    assert due("altsys", target, "2026-03-06T23:00:00Z", priority=priority) == expected


@pytest.mark.parametrize(
    ("target", "opened", "priority", "expected"),
    [
        ("response", "2026-03-07T10:00:00Z", 1, "2026-03-07T11:00:00Z"),
        ("resolution", "2026-03-09T20:00:00Z", 2, "2026-03-09T21:30:00Z"),  # the same day's closing
        ("resolution", "2026-03-07T20:00:00Z", 2, "2026-03-09T21:30:00Z"),
        ("response", "2026-03-06T15:00:00Z", 4, "2026-03-09T21:30:00Z"),  # the next day's closing
        ("response", "2026-05-22T15:00:00Z", 4, "2026-05-26T21:30:00Z"),  # Memorial Day in between
        ("goal", "2026-03-09T20:00:00Z", 3, "2026-03-10T21:30:00Z"),
        ("resolution", "2026-03-09T20:00:00Z", 3, "2026-03-11T21:30:00Z"),
        ("goal", "2026-03-09T20:00:00Z", 1, NONE),
    ],
)
def test_vulpine(target: str, opened: str, priority: int, expected: str) -> None:
    assert due("vulpine", target, opened, priority=priority, channel="portal") == expected


def test_vulpine_counts_what_came_by_portal_mail_or_phone() -> None:
    assert due("vulpine", "response", "2026-03-09T20:00:00Z", priority=1, channel="chat") is None


@pytest.mark.parametrize(
    ("target", "priority", "expected"),
    [  # opened on Saturday at noon
        ("response", 1, "2026-03-07T12:15:00Z"),
        ("update", 2, "2026-03-07T20:00:00Z"),
        ("workaround", 1, "2026-03-07T16:00:00Z"),
        ("workaround", 2, "2026-03-10T17:30:00Z"),
        ("workaround", 3, NONE),
        ("resolution", 2, "2026-03-12T17:30:00Z"),
        ("resolution", 1, NONE),
        ("root-cause", 1, None),  # not before the resolution ended
    ],
)
def test_ektasi(target: str, priority: int, expected: str | None) -> None:
    assert due("ektasi", target, "2026-03-07T12:00:00Z", priority=priority) == expected


@pytest.mark.parametrize(("priority", "expected"), [(1, "2026-03-12T17:30:00Z"), (3, None)])
def test_ektasi_root_cause_is_due_five_days_after_the_closure(priority: int, expected: str | None) -> None:
    opened, ended = parse_instant("2026-03-02T10:00:00Z"), parse_instant("2026-03-05T15:00:00Z")
    fields = {"state": "resolved", "opened": opened, "priority": priority}
    record = Record("incident", "acme", "1", "T1", fields, (Change(ended, "state", "new", "resolved"),))
    found = evaluate([record], rules("ektasi"), at=ended + 1, kinds=shipped_kinds()).cycles()
    (cause,) = [one for one in found if one.target == "root-cause"]
    assert (cause.started, cause.due and format_instant(cause.due)) == (ended, expected)


@pytest.mark.parametrize(
    ("cvss", "expected"),
    [(9.8, "2026-03-31T00:00:00Z"), (7.0, "2026-03-31T00:00:00Z"), (6.9, "2026-05-30T00:00:00Z"),
     (0.1, "2026-08-28T00:00:00Z"), (0, NONE)],
)  # fmt: skip
def test_fedramp_counts_from_the_scan(cvss: float, expected: str) -> None:
    identified = parse_instant("2026-03-01T00:00:00Z")
    found = due("fedramp", "remediation", "2026-03-05T09:00:00Z", "problem", cvss=cvss, identified=identified)
    assert found == expected


@pytest.mark.parametrize("name", sorted(file.stem for file in FILES.glob("*.yaml")))
def test_each_is_read_without_a_mistake(name: str) -> None:
    assert {one.name for one in rules(name).agreements} == {name}
