"""Whole runs against the sandbox: what a second one does, what plan foretells, and what stops a run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.errors import AccordError, Wrong
from connector.model.instant import DAY, HOUR, MINUTE, SECOND
from connector.pull.stop import Stop
from connector.run import Options, plan, sync
from connector.store import leases, rulesets
from connector.store.care import check
from connector.store.schema import deliveries
from connector.store.text import load
from tests.journeys.place import CONFIG, RULES, START, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A desk with four tickets of the morning and a site that has not seen it yet."""
    made = Place(tmp_path / "site")
    made.setup()
    for number in range(4):
        made.open(urgency=str(1 + number % 3), impact=str(1 + number % 3))
    made.pass_(5 * MINUTE)
    return made


def delivered_keys(place: Place, since: int = 0) -> list[str]:
    """The keys that requests have carried, after the first *since* requests."""
    with closing(place.open_store()) as store, store.read() as tx:
        rows = tx.execute(sa.select(deliveries.c["keys"]).where(deliveries.c.id > since)).scalars()
        return sorted(key for row in rows for key in load(row))


def requests_frozen(place: Place) -> int:
    with closing(place.open_store()) as store, store.read() as tx:
        return max(tx.execute(sa.select(deliveries.c.id)).scalars().all(), default=0)


# ---------------------------------------------------------------------- first contact, and after


def test_first_contact_shows_every_clock_and_announces_nothing(place: Place) -> None:
    place.pass_(3 * HOUR)  # two tickets are over their time by now
    summary = place.sync()
    assert summary.exit_code == 0
    state = place.end_state()
    assert len(state["achievements"]) == 4
    assert (state["notes"], state["problems"]) == ({}, {})
    assert all(shown[0] for shown in state["shown"].values())


def test_a_second_sync_writes_nothing(place: Place) -> None:
    place.sync()
    place.sandbox.requests.clear()
    second = place.sync()
    assert place.writes_made() == 0
    assert second.sources[0].judged.events == 0


def test_an_empty_sync_asks_at_most_three_times_for_each_kind(place: Place) -> None:
    place.sync()
    place.pass_(7 * MINUTE)
    place.sync()  # confirms the writes of the first
    place.pass_(7 * MINUTE)
    assert place.sync().sources[0].requests <= 3


def test_a_line_is_announced_once_however_often_sync_runs(place: Place) -> None:
    place.sync()
    for _ in range(12):
        place.pass_(10 * MINUTE)
        place.sync()
    state = place.end_state()
    assert set(state["notes"].values()) == {1}
    assert len(state["notes"]) == 4  # 75 % and breached of the two with an hour
    assert set(state["problems"].values()) == {1}


@pytest.mark.parametrize("every", [25 * MINUTE, 3 * HOUR])
def test_the_records_do_not_depend_on_how_often_sync_runs(every: int, place: Place) -> None:
    place.sync()
    for _ in range(6 * HOUR // every):
        place.pass_(every)
        place.sync()
    place.pass_(START + 7 * HOUR - place.clock())
    place.sync()
    breached = {row["u_breached_at"] for row in place.rows("u_accord_achievement")}
    assert breached == {"2026-03-02 09:00:00", "2026-03-02 12:00:00"}
    with closing(place.open_store()) as store:
        assert list(check(store)) == []


# ---------------------------------------------------------------------- plan


def test_plan_foretells_exactly_what_sync_delivers(place: Place) -> None:
    place.sync()
    for minutes in (50, 15, 130, 60):
        place.pass_(minutes * MINUTE)
        foretold = plan(place.world, place.load()).deliver_keys
        before = requests_frozen(place)
        place.sync()
        assert foretold
        assert delivered_keys(place, before) == foretold


@pytest.mark.file
def test_plan_writes_neither_to_the_platform_nor_to_the_store(place: Place) -> None:
    place.sandbox.requests.clear()
    assert plan(place.world, place.load()).deliver_keys
    assert place.writes_made() == 0
    assert not (place.folder / "accord.db").exists()
    place.sync()
    place.pass_(HOUR)
    before = (place.folder / "accord.db").read_bytes()
    place.sandbox.requests.clear()
    assert plan(place.world, place.load()).deliver_keys
    assert place.writes_made() == 0
    assert (place.folder / "accord.db").read_bytes() == before


def test_plan_says_why_an_act_is_held(place: Place) -> None:
    held = CONFIG.replace("create.problem: on", "create.problem: plan")
    (place.folder / "config.yaml").write_text(held)
    place.sync()
    place.pass_(70 * MINUTE)
    text = "\n".join(plan(place.world, place.load()).text())
    assert "create.problem" in text
    assert "held: switched to `plan`" in text
    assert place.sync().exit_code == 0
    assert place.end_state()["problems"] == {}


def test_a_switch_turned_on_brings_what_waited_for_it_and_announces_nothing(place: Place) -> None:
    planned = CONFIG.replace("note: on", "note: plan, fields: plan, achievement: plan")
    (place.folder / "config.yaml").write_text(planned)
    closed = place.open()
    place.pass_(MINUTE)
    place.sync()
    place.change(closed, state="7", close_code="Solved", close_notes="done")
    place.pass_(70 * MINUTE)
    place.sync()
    assert place.end_state()["achievements"] == {}
    (place.folder / "config.yaml").write_text(CONFIG)
    place.pass_(MINUTE)
    assert place.sync().sources[0].judged.tickets == 5
    state = place.end_state()
    assert len(state["achievements"]) == 5
    assert [shown[0] for id_, shown in state["shown"].items() if id_ != closed] == ["running"] * 4
    assert not state["shown"][closed][0]
    assert state["notes"] == {}
    place.pass_(MINUTE)
    assert place.sync().sources[0].judged.tickets == 0  # it is not asked about again


# ---------------------------------------------------------------------- rules that change


def test_an_enacted_version_that_changed_is_refused_before_anything_is_asked(place: Place) -> None:
    place.sync()
    place.write(RULES.replace("{time: 4h}", "{time: 3h}"))
    place.sandbox.requests.clear()
    with pytest.raises(Wrong, match=r"desk version 1 is enacted .*4 h → 3 h.*write it as version 2"):
        place.sync()
    assert sum(place.sandbox.requests.values()) == 0


def test_dates_to_come_may_be_added_to_an_enacted_calendar(place: Place) -> None:
    calendar = """
---
calendar: desk-hours
timezone: Europe/London
hours: {mon-fri: "08:00-20:00"}
holidays: [HOLIDAYS]
"""
    rules = RULES.replace("version: 1", "version: 1\ncalendar: desk-hours") + calendar
    place.write(rules.replace("HOLIDAYS", "2026-03-06"))
    place.sync()
    place.write(rules.replace("HOLIDAYS", "2026-03-06, 2026-04-03"))
    assert place.sync().exit_code == 0
    with closing(place.open_store()) as store, store.read() as tx:
        first = rulesets.first_met(tx)
    assert first == {("desk", 1): START + 5 * MINUTE}
    place.write(rules.replace("HOLIDAYS", "2026-04-03"))
    with pytest.raises(Wrong, match="calendars"):
        place.sync()


def test_a_new_version_re_evaluates_everything_and_announces_nothing_of_the_past(place: Place) -> None:
    place.sync()
    place.pass_(30 * MINUTE)
    tighter = RULES.replace("version: 1", "version: 2").replace("time: 1h}", "time: 10m}")
    place.write(RULES + "---" + tighter.replace("version: 2", "version: 2\nvalid: {from: 2026-03-01}"))
    summary = place.sync()
    judged = summary.sources[0].judged
    assert judged.tickets >= 4
    assert place.end_state()["notes"] == {}
    assert place.end_state()["problems"] == {}
    with closing(place.open_store()) as store:
        assert list(check(store)) == []


def test_a_suspended_agreement_ends_its_open_cycles(place: Place) -> None:
    place.sync()
    place.pass_(10 * MINUTE)
    place.write(RULES.replace("version: 1", "version: 1\nstatus: suspended"))
    place.sync()
    rows = place.rows("u_accord_achievement")
    assert {row["u_state"] for row in rows} == {"cancelled"}
    assert {row["u_ended"] for row in rows} == {"2026-03-02 08:14:50"}  # the watermark of that sync
    place.pass_(HOUR)
    place.sync()
    assert {row["u_ended"] for row in place.rows("u_accord_achievement")} == {"2026-03-02 08:14:50"}


def test_another_mapping_reads_everything_anew_and_announces_nothing_of_the_past(place: Place) -> None:
    """Read by urgency, a ticket of priority 3 had one hour, not four: that was over before anybody knew."""
    urgent = place.open(urgency="1", impact="3")
    place.sync()
    place.pass_(80 * MINUTE)
    place.sync()
    notes = place.end_state()["notes"]
    place.pass_(MINUTE)
    ours = place.folder / "mapping"
    ours.mkdir()
    (ours / "mapping.yaml").write_text("mapping: ours\nplatform: servicenow\nextends: servicenow\n")
    (ours / "incident.yaml").write_text("fields: {priority: urgency}\n")
    config = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(config.replace("mapping: servicenow", "mapping: mapping"))
    summary = place.sync()
    assert summary.sources[0].pulled.kinds["incident"].seen == 5
    breached = {row["u_ticket"]: row["u_breached_at"] for row in place.rows("u_accord_achievement")}
    assert breached[urgent] == "2026-03-02 09:05:00"
    assert place.end_state()["notes"] == notes


# ---------------------------------------------------------------------- what stops a run


def test_a_source_that_fails_does_not_stop_the_others(place: Place) -> None:
    other = CONFIG.split("sources:\n")[1].split("rules:")[0]
    broken = (
        other.replace("acme:", "broken:")
        .replace("http://localhost", "http://127.0.0.1")
        .replace("env:SN_USER", "env:NOBODY")
    )
    (place.folder / "config.yaml").write_text(CONFIG.replace("sources:\n", f"sources:\n{broken}"))
    place.world.environ["NOBODY"] = "nobody"  # type: ignore[index]
    summary = place.sync()
    first, second = summary.sources
    assert (first.source, first.exit_code, bool(first.failed)) == ("broken", 3, True)
    assert (second.source, second.exit_code, second.failed) == ("acme", 0, None)
    assert summary.exit_code == 3


def test_a_source_that_another_works_on_is_left_alone(place: Place) -> None:
    elsewhere = replace(place.world, host="elsewhere", pid=77)
    with closing(place.open_store()) as store, store.begin() as tx:
        leases.take(tx, "acme", elsewhere)
    summary = place.sync()
    assert summary.exit_code == 3
    assert "process 77 on elsewhere" in (summary.sources[0].failed or "")
    place.pass_(MINUTE)
    assert place.sync().exit_code == 0  # its heartbeat is a minute old


def test_running_out_of_time_is_fine_and_the_next_run_goes_on(place: Place) -> None:
    late = place.sync(max_time=0)
    assert (late.exit_code, late.stopped) == (0, "out of time")
    assert place.end_state()["achievements"] == {}
    assert place.sync().exit_code == 0
    assert len(place.end_state()["achievements"]) == 4


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(place: Place) -> None:
    stop = Stop(place.world)
    stop.interrupted = True
    summary = sync(place.world, place.load(), Options(), stop)
    assert summary.exit_code == 130
    assert place.sync().exit_code == 0
    assert len(place.end_state()["achievements"]) == 4


# ---------------------------------------------------------------------- rehearsals


def test_a_rehearsal_takes_the_given_time_for_the_present(place: Place) -> None:
    place.pass_(5 * HOUR)
    breached = []
    for now in (START + HOUR - MINUTE, START + HOUR + MINUTE, START + 4 * HOUR + MINUTE, START + 9 * HOUR):
        place.sync(now=now)
        breached.append(sum(1 for row in place.rows("u_accord_achievement") if row["u_breached_at"]))
    assert breached == [0, 2, 4, 4]


def test_rehearsed_time_does_not_run_backwards(place: Place) -> None:
    place.sync(now=START + HOUR)
    with pytest.raises(AccordError, match="does not run backwards"):
        place.sync(now=START + HOUR - SECOND)


def test_a_store_of_real_runs_takes_no_rehearsal(place: Place) -> None:
    place.sync()
    with pytest.raises(AccordError, match="for rehearsals"):
        place.sync(now=START + DAY)


# ---------------------------------------------------------------------- restraint


def test_a_change_of_rules_that_calls_for_many_acts_waits_to_be_allowed(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", config=CONFIG.replace("acts_per_run: 1000", "acts_per_run: 2"))
    place.setup()
    for _ in range(5):
        place.open(urgency="1", impact="1")
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(70 * MINUTE)
    place.write(
        RULES + "---\nderive: noise\ntype: string\nfrom: [{when: {priority: 1}, is: loud}]\ndefault: quiet\n"
    )
    summary = place.sync()
    assert summary.exit_code == 4
    assert summary.sources[0].paced is not None
    assert summary.sources[0].paced.held == 10
    assert place.end_state()["problems"] == {}
    assert place.sync().exit_code == 4  # and stays so, until somebody allows it
    assert place.sync(allow=10).exit_code == 0
    assert sum(place.end_state()["problems"].values()) == 5
    assert sum(place.end_state()["notes"].values()) == 5


def test_more_acts_than_a_run_may_do_follow_in_the_next_runs(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", config=CONFIG.replace("acts_per_run: 1000", "acts_per_run: 3"))
    place.setup()
    for _ in range(5):
        place.open(urgency="1", impact="1")
    place.pass_(5 * MINUTE)
    place.sync()
    place.pass_(56 * MINUTE)
    summary = place.sync()
    assert summary.exit_code == 0
    assert "follow in the next runs" in (summary.sources[0].alarm or "")
    done = []
    for _ in range(4):
        state = place.end_state()
        done.append(sum(state["notes"].values()) + sum(state["problems"].values()))
        place.sync()
    assert done == [3, 6, 9, 10]
