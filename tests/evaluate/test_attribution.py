"""Where a cycle's time went: per assignment group and per hold reason, and what was broken with it."""

from __future__ import annotations

from hypothesis import given, settings

from connector.evaluate.attribution import attribute
from connector.evaluate.explain import explain
from connector.mappings.kinds import shipped_kinds
from connector.model.instant import HOUR, MINUTE
from tests.evaluate.desk import BUSINESS, OPEN, book, clock, desk, t, ticket
from tests.oracle import given as words
from tests.properties.stories import Story, engine, stories


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


SUPPORTED = book(f"""{BUSINESS}---
agreement: desk
type: sla
calendar: business
applies_to: {{record: [incident]}}
supported_by: [network]
targets: {{clock: {{is: resolution, within: [{{time: 4h}}]}}}}
---
agreement: network
type: ola
calendar: business
applies_to: {{record: [incident]}}
supported_by: [cables]
targets: {{hands-on: {{is: stint, group: network, within: [{{time: 1h}}]}}}}
---
agreement: cables
type: uc
calendar: business
applies_to: {{record: [incident]}}
targets: {{repair: {{is: stint, group: cables, within: [{{time: 1h}}]}}}}
""")


def test_what_was_broken_with_a_cycle_is_named_however_far_below() -> None:
    record = ticket(
        "mon 09:00",
        ("mon 09:30", "assignment_group", "network"),
        ("mon 11:00", "assignment_group", "cables"),
        ("mon 14:00", "state", "resolved"),
        assignment_group="desk",
    )
    found = attribute([record], SUPPORTED, at=t("tue 10:00"), kinds=shipped_kinds())
    shares = {agreement: share for (_, agreement, _, _), share in found.items()}
    broken = [(each.type, each.agreement, each.target) for each in shares["desk"].broken]
    assert broken == [("ola", "network", "hands-on"), ("uc", "cables", "repair")]
    assert [each.agreement for each in shares["network"].broken] == ["cables"]
    assert shares["cables"].broken == ()
    story = explain(record, SUPPORTED, at=t("tue 10:00"), kinds=shipped_kinds()).text()
    assert "time by group: cables 3 h, network 1 h 30 min, desk 30 min" in story
    assert "broken with it: OLA network · hands-on (breached Mon 2026-03-02 10:30:00 +00:00)" in story


@settings(max_examples=60, deadline=None)
@given(story=stories(most=2))
def test_shares_add_up_to_the_cycles_own_time(story: Story) -> None:
    found = attribute(story.tickets, story.book, at=story.at, kinds=words.KINDS)
    by_name = {(each.name, each.version): each for each in story.book.agreements}
    for cycle in engine(story.tickets, story.book, story.at):
        ticket_ = (cycle.ticket.source, cycle.ticket.kind, cycle.ticket.id)
        shares = found[ticket_, cycle.agreement, cycle.target, cycle.number]
        if by_name[cycle.agreement, cycle.version].targets[cycle.target].measure == "total":
            continue  # counts the earlier cycles' time too
        assert sum(shares.groups.values()) == cycle.elapsed, cycle
        assert sum(shares.reasons.values()) == cycle.paused, cycle
