"""Audit rows and journal entries become changes in canonical words, one platform update being one step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import NotAllowed
from connector.mappings.catalogue import HistoryMapping
from connector.model.instant import MINUTE, SECOND, parse_instant
from connector.model.record import Change, Record, Reference
from connector.platforms.port import History
from connector.platforms.servicenow.adapter import ServiceNow
from connector.platforms.servicenow.spelling import format_instant
from connector.platforms.servicenow.steps import dated
from tests.platforms.site import NOW, Quirks, Site, new_site


def told(adapter: ServiceNow, sys_id: str) -> tuple[Record, History]:
    page = adapter.read("incident", [sys_id])
    return page.records[0], adapter.history("incident", page.records)[sys_id]


def simple(history: History, *names: str) -> list[tuple[int, str, object, object]]:
    wanted = names or ("state", "hold_reason", "priority", "assignment_group")
    return [(c.at, c.field, c.old, c.new) for c in history.changes if c.field in wanted]


def row(at: int, field: str, new: str, checkpoint: str = "1", old: str = "") -> dict[str, str]:
    return {
        "sys_created_on": format_instant(at), "fieldname": field, "oldvalue": old, "newvalue": new,
        "user": "anna", "record_checkpoint": checkpoint, "sys_id": f"{at}{field}{new}",
    }  # fmt: skip


def test_rows_of_one_update_are_one_step_at_the_earliest_of_them() -> None:
    rows = [row(NOW + 2 * SECOND, "state", "3", "7"), row(NOW, "hold_reason", "1", "7")]
    assert {one.at for one in dated(rows)} == {NOW}


def test_updates_of_one_second_stay_in_order() -> None:
    rows = [row(NOW, "state", "3", "8"), row(NOW, "state", "2", "7")]
    assert [one.new for one in dated(rows)] == ["2", "3"]


@given(gaps=st.lists(st.integers(1, 3000), min_size=1, max_size=8))
def test_a_checkpoint_that_never_moves_joins_nothing_twice(gaps: list[int]) -> None:
    """Clients can overwrite the count that checkpoints follow: one update changes a field once."""
    at, rows = NOW, []
    for gap in gaps:
        at += gap * SECOND
        rows.append(row(at, "state", str(gap), "0"))
    assert [one.at for one in dated(rows)] == [NOW + sum(gaps[: n + 1]) * SECOND for n in range(len(gaps))]


def test_rows_without_a_checkpoint_keep_their_own_seconds() -> None:
    rows = [row(NOW, "state", "2", ""), row(NOW + SECOND, "priority", "1", "")]
    assert [one.at for one in dated(rows)] == [NOW, NOW + SECOND]


def test_changes_come_in_our_words_and_references_with_their_names(site: Site) -> None:
    network = site.put("sys_user_group", name="Network")
    desk = site.put("sys_user_group", name="Desk")
    sys_id = site.put("incident", number="INC1", state="1", assignment_group=desk)
    site.clock.at += MINUTE
    site.write("incident", sys_id, state="2", assignment_group=network)
    site.clock.at += MINUTE
    site.write("incident", sys_id, state="3", hold_reason="1")
    record, history = told(site.adapter(), sys_id)
    assert set(simple(history)) == {
        (NOW + MINUTE, "assignment_group", Reference(desk, "Desk"), Reference(network, "Network")),
        (NOW + MINUTE, "state", "new", "in_progress"),
        (NOW + 2 * MINUTE, "hold_reason", None, "awaiting_caller"),
        (NOW + 2 * MINUTE, "state", "in_progress", "on_hold"),
    }
    assert record.fields["state"] == "on_hold"
    assert history.source == "sys_audit"


def test_undoing_the_changes_gives_the_first_values(site: Site) -> None:
    sys_id = site.put("incident", number="INC1", state="1", priority="3")
    for state, priority in (("2", "2"), ("3", "2"), ("2", "1"), ("6", "1")):
        site.clock.at += MINUTE
        site.write("incident", sys_id, state=state, priority=priority)
    record, history = told(site.adapter(), sys_id)
    values = dict(record.fields)
    for change in reversed(history.changes):
        if change.field in values:
            assert values[change.field] == change.new
            values[change.field] = change.old
    assert (values["state"], values["priority"]) == ("new", 3)


def test_two_platform_words_for_one_of_ours_are_no_change(site: Site) -> None:
    sys_id = site.put("problem", number="PRB1", state="103")
    site.write("problem", sys_id, state="104")
    adapter = site.adapter()
    records = adapter.read("problem", [sys_id]).records
    assert not [c for c in adapter.history("problem", records)[sys_id].changes if c.field == "state"]


def test_a_word_that_is_not_mapped_is_kept_and_counted(site: Site) -> None:
    sys_id = site.put("incident", number="INC1", state="1")
    site.write("incident", sys_id, state="42")
    adapter = site.adapter()
    page = adapter.read("incident", [sys_id])
    assert page.records[0].fields["state"] == "42"
    assert page.unmapped == {("incident", "state", "42"): 1}


def journal(site: Site, sys_id: str, by: str, text: str, element: str = "comments") -> None:
    site.clock.at += MINUTE
    site.write("incident", sys_id, by, **{element: text})


def replies(history: History, field: str = "public_reply") -> list[object]:
    return [change.new for change in history.changes if change.field == field]


def test_replies_tell_who_wrote_them(site: Site) -> None:
    caller = site.put("sys_user", user_name="carl", name="Carl Caller")
    agent = site.put("sys_user", user_name="anna", name="Anna Agent")
    sys_id = site.put("incident", number="INC1", state="1", caller_id=caller, assigned_to=agent)
    for by in ("carl", "anna", "system", "accord"):
        journal(site, sys_id, by, "a word")
    _, history = told(site.adapter(), sys_id)
    assert replies(history) == ["requester", "agent", "automation", "automation"]


def test_with_rights_to_the_roles_a_colleague_is_no_agent(site: Site) -> None:
    site.put("sys_user", user_name="olga", name="Olga Other")
    itil = next((r["sys_id"] for r in site.rows("sys_user_role") if r["name"] == "itil"), None)
    agent = site.put("sys_user", user_name="anna", name="Anna Agent")
    site.put("sys_user_has_role", user=agent, role=itil or site.put("sys_user_role", name="itil"))
    sys_id = site.put("incident", number="INC1", state="1")
    journal(site, sys_id, "olga", "me too")
    journal(site, sys_id, "anna", "on it")
    _, history = told(site.adapter(user="admin"), sys_id)
    assert replies(history) == ["other", "agent"]


def test_our_own_notes_and_fields_are_left_out(ready: Site) -> None:
    sys_id = ready.put("incident", number="INC1", state="1")
    ready.write("incident", sys_id, "accord", work_notes="75 % used\n[0123456789ab]", u_sla_state="running")
    journal(ready, sys_id, "anna", "quoting [0123456789ab]", "work_notes")
    _, history = told(ready.adapter(), sys_id)
    assert [(c.field, c.by) for c in history.changes] == [("work_note", "anna")]


@pytest.mark.parametrize("denied", ["empty", "403"])
def test_an_audit_without_the_right_to_it_stops_before_anything_is_judged(denied: str) -> None:
    site = new_site(Quirks(denied_audit=denied))  # type: ignore[arg-type]
    sys_id = site.put("incident", number="INC1", state="1")
    for state in ("2", "3", "2", "6"):
        site.write("incident", sys_id, state=state)
    with pytest.raises(NotAllowed, match="audit_viewer"):
        site.adapter(user="no_audit").prepare(["incident"])


def test_seconds_of_the_audit_that_lag_are_one_step_all_the_same() -> None:
    site = new_site(Quirks(audit_seconds_later=2))
    sys_id = site.put("incident", number="INC1", state="1")
    site.write("incident", sys_id, state="3", hold_reason="4")
    _, history = told(site.adapter(), sys_id)
    assert len({change.at for change in history.changes}) == 1


def with_history(adapter: ServiceNow, history: HistoryMapping) -> ServiceNow:
    incident = replace(adapter.catalogue.records["incident"], history=history)
    adapter.catalogue = replace(
        adapter.catalogue, records={**adapter.catalogue.records, "incident": incident}
    )
    return adapter


def test_date_fields_tell_a_coarse_history(site: Site) -> None:
    sys_id = site.put(
        "incident", number="INC1", state="7", opened_at="2026-03-02 08:00:00",
        resolved_at="2026-03-02 09:00:00", closed_at="2026-03-02 10:00:00",
    )  # fmt: skip
    dates = {"state": {"new": "opened_at", "resolved": "resolved_at", "closed": "closed_at"}}
    _, history = told(with_history(site.adapter(), HistoryMapping("timestamps", dates)), sys_id)
    assert history.source == "timestamps"
    assert history.changes == (
        Change(parse_instant("2026-03-02T09:00:00Z"), "state", "new", "resolved"),
        Change(parse_instant("2026-03-02T10:00:00Z"), "state", "resolved", "closed"),
    )


def test_metric_instances_tell_a_history_of_the_fields_they_measure(site: Site) -> None:
    sys_id = site.put("incident", number="INC1", state="6")
    for value, start in (("1", "08:00:00"), ("2", "08:30:00"), ("6", "09:00:00")):
        site.put("metric_instance", id=sys_id, field="state", field_value=value, start=f"2026-03-02 {start}")
    _, history = told(with_history(site.adapter(), HistoryMapping("metric_instance")), sys_id)
    assert simple(history) == [
        (parse_instant("2026-03-02T08:30:00Z"), "state", "new", "in_progress"),
        (parse_instant("2026-03-02T09:00:00Z"), "state", "in_progress", "resolved"),
    ]


def test_histories_are_asked_for_in_bulk(site: Site) -> None:
    ids = [site.put("incident", number=f"INC{n}", state="1") for n in range(120)]
    adapter = site.adapter()
    page = adapter.read("incident", ids)
    before = site.sandbox.requests["GET sys_audit"]
    assert set(adapter.history("incident", page.records)) == set(ids)
    assert site.sandbox.requests["GET sys_audit"] - before == 3
