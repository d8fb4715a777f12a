"""Looking after a store: what must hold is proved, copies doubt themselves, and a person can be erased."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.errors import AccordError
from connector.model.cycle import Cycle, Moment, State, TicketId
from connector.model.effect import Effect, Output
from connector.model.event import Event
from connector.model.instant import DAY
from connector.model.record import Change, Record, Reference
from connector.store import (
    Store,
    Transaction,
    about,
    changes,
    cycles,
    deliveries,
    desired,
    events,
    leases,
    open_store,
    outbox,
    queues,
    rulesets,
    runs,
    sources,
    sweeps,
    tickets,
)
from connector.store.care import INVARIANTS, backup, check, doubt, prune
from connector.store.deliveries import Leaving, Settled
from connector.store.effectrows import Wanted
from connector.store.erasure import erase
from connector.store.queues import Arrived
from connector.store.rulesets import Enacted
from connector.store.sweeps import Sweep
from connector.store.throwaway import throwaway
from connector.store.tickets import Mark, Reading
from connector.world import World
from tests.store.places import OpenStore

NOW = 1_790_000_000_000
TICKET = TicketId("acme", "incident", "1", "INC1")


@pytest.fixture
def store(open_place: OpenStore) -> Store:
    """A store in which a bit of everything is, all of it sound."""
    made = open_place(World(now=lambda: NOW))
    with made.begin() as tx:
        _fill(tx)
    return made


def _fill(tx: Transaction) -> None:
    leases.take(tx, "acme", World(now=lambda: NOW))
    sources.meet(tx, "acme", "https://acme.example", NOW - DAY)
    begun = sweeps.begin(tx, Sweep("acme", "incident"), NOW)
    sweeps.complete(tx, begun)
    sources.move_watermark(tx, "acme", NOW - 10_000)
    history = tuple(
        Change(NOW - DAY + n, "assignee", None, Reference("u7", "Jane Roe"), "jroe", n) for n in range(3)
    )
    fields = {"opened": NOW - DAY, "assignee": Reference("u7", "Jane Roe"), "title": "Jane Roe's laptop"}
    record = Record("incident", "acme", "1", "INC1", fields, history, None, NOW, "sys_audit")
    tickets.put(tx, [Reading(record, "d", NOW)], {})
    changes.put(tx, "acme", "incident", {"1": history})
    tickets.settle(tx, "acme", [Mark("incident", "1", 1)], {("incident", "1"): NOW + 5}, {})
    rulesets.add(tx, Enacted("desk", 1, "h", "{}", "2026a", NOW))
    cycle = _cycle()
    cycles.put(tx, "acme", "incident", ["1"], [(cycle, {"assignee": Reference("u7", "Jane Roe")})])
    events.add(tx, [Event("e1", cycle, NOW, "75%")], NOW)
    note = Effect("a1", Output.NOTE, "acme", "incident:1", {"text": "for Jane Roe", "public": False}, TICKET)
    outbox.add(tx, [Wanted(note, event="e1")], NOW)
    desired.want(
        tx, [Wanted(Effect("v1", Output.FIELDS, "acme", "incident:1", {"sla_state": "running"}))], NOW
    )
    leaving = Leaving("acme", "incident:1", ["a1"], {"b": "Jane Roe"}, guard="lookup", attempt=1)
    (number,) = deliveries.add(tx, [leaving], fence=1, now=NOW)
    queues.begin(tx, {"a1": number}, 1, NOW)
    queues.done(tx, [Arrived({"a1": None}, "r1")], NOW)
    deliveries.settle(tx, [Settled(number, "done", "r1")], NOW)
    runs.end(tx, runs.begin(tx, ("acme",), NOW), NOW, {}, 0)


def _cycle() -> Cycle:
    return Cycle(
        ticket=TICKET, agreement="desk", version=1, target="resolution", number=1, origin=NOW - DAY,
        state=State.RUNNING, started=NOW - DAY, ended=None, elapsed=5, time=10, remaining=5, due=NOW + 5,
        breached_at=None, used=0.5, excluded=None, paused=0, warnings=(Moment(NOW, "75%"),),
        timeline=(Moment(NOW - DAY, "started"), Moment(NOW, "75%", 7)), next_at=NOW + 5, entry="desk.yaml:9",
        rule_hash="h", history="sys_audit",
    )  # fmt: skip


def test_a_sound_store_breaks_nothing(store: Store) -> None:
    assert list(check(store)) == []


HARM = {
    "a value noted as delivered is the one that is wanted": "update desired set state = 'done'",
    "an act that is done says when": "update outbox set done_at = null",
    "what is being sent has a request that was frozen first": (
        "update outbox set state = 'sending', delivery = 99"
    ),
    "a held effect says why": "update desired set state = 'held'",
    "the event behind an act is known": "update outbox set event = 'e9'",
    "no act was begun for a silent event": "update events set silent = 1",
    "nothing was sent by a worker that never had the lease": "delete from leases",
    "an effect that was sent is known": "delete from outbox",
    "a record belongs to a source that is known": "delete from sources",
    "a name that is missing is missing in a record": (
        "insert into unnamed (source, kind, id, field, reference) values ('acme', 'incident', '9', 'ci', 'x')"
    ),
    "an event tells of a cycle that is known": "delete from cycles",
    "a change belongs to a record": "update changes set id = '2'",
    "a history has no gaps": "delete from changes where place = 1",
    "a history is in order of time": "update changes set at = at - 100 where place = 2",
    "a cycle belongs to a record": "update cycles set id = '2'",
    "an open cycle has no end, and any other has one": "update cycles set ended = 1",
    "a cycle was measured by an enacted text that is kept": "delete from rulesets",
    "a ticket is looked at again before its next line": "update tickets set next_at = null",
    "a watermark does not run ahead of the last complete sweep": "update sweeps set complete_at = 1",
}


def test_every_invariant_is_tried() -> None:
    assert HARM.keys() == INVARIANTS.keys()


def test_tables_and_indexes_that_are_lost_are_named(store: Store) -> None:
    with store.begin() as tx:
        tx.exec_driver_sql("drop index outbox_done")
    assert [(one.what, one.samples) for one in check(store)] == [
        ("every table and index is there", ("outbox.outbox_done",))
    ]
    with store.begin() as tx:
        tx.exec_driver_sql("drop table inbox")
    assert [one.samples for one in check(store)] == [("inbox", "outbox.outbox_done")]


@pytest.mark.parametrize("what", INVARIANTS)
def test_harm_is_found_and_named(what: str, store: Store) -> None:
    with store.begin() as tx:
        tx.exec_driver_sql(HARM[what])
    assert what in [broken.what for broken in check(store)]


# ---------------------------------------------------------------------- copies


@pytest.mark.file
def test_a_backup_is_whole_and_doubts_what_was_sent_since(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path / 'accord.db'}", tmp_path / "backup.db"
    with closing(open_store(url, World(now=lambda: NOW))) as store:
        with store.begin() as tx:
            _fill(tx)
        backup(url, copy)
        with store.read() as tx:
            assert about.unsure_until(tx) is None
    with closing(open_store(f"sqlite:///{copy}", World(now=lambda: NOW + 5))) as restored:
        assert list(check(restored)) == []
        with restored.begin() as tx:
            assert about.unsure_until(tx) == NOW + 5
            acts = [
                Effect(key, Output.NOTE, "acme", "q", at=at) for key, at in (("old", NOW), ("new", NOW + 9))
            ]
            outbox.add(tx, [Wanted(act) for act in acts], NOW)
            states = {one.effect.key: one.state for one in outbox.by_keys(tx, ["old", "new"])}
    assert states == {"old": "unsure", "new": "ready"}


@pytest.mark.file
def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'accord.db'}"
    open_store(url, World()).close()
    with pytest.raises(AccordError, match="is there already"):
        backup(url, tmp_path / "accord.db")


def test_a_database_server_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="pg_dump slm"):
        backup("postgresql+psycopg://localhost/slm", tmp_path / "x")


def test_a_store_restored_by_other_means_can_be_told_to_doubt(store: Store) -> None:
    doubt(store)
    with store.read() as tx:
        assert about.unsure_until(tx) == NOW


def test_what_happens_in_a_throwaway_copy_stays_there(store: Store, store_url: str) -> None:
    with throwaway(store_url, store.world) as copy:
        with copy.begin() as tx:
            tx.exec_driver_sql("delete from tickets")
            about.put(tx, "colour", "blue")
        with copy.read() as tx:
            assert tickets.counts(tx, "acme") == {}
            assert len(runs.last(tx, 9)) == 1
    with store.read() as tx:
        assert tickets.counts(tx, "acme") == {"incident": 1}
        assert about.get(tx, "colour") is None


# ---------------------------------------------------------------------- letting go


def test_pruning_keeps_keys_and_evidence(store: Store) -> None:
    pruned = prune(store, NOW + 1)
    assert (pruned.requests, pruned.texts, pruned.runs) == (1, 1, 1)
    assert list(check(store)) == []
    with store.begin() as tx:
        note = Effect("a1", Output.NOTE, "acme", "incident:1", {"text": "again"}, TICKET)
        assert outbox.add(tx, [Wanted(note)], NOW) == []  # the key is still known: it is not done twice
        assert [cycle for cycle, _ in cycles.of_tickets(tx, "acme", "incident", ["1"])] == [_cycle()]
        assert len(tickets.load(tx, "acme", "incident", ["1"])[0].changes) == 3


def test_pruning_leaves_what_is_younger(store: Store) -> None:
    pruned = prune(store, NOW)
    assert (pruned.requests, pruned.texts, pruned.runs) == (0, 0, 0)


def test_a_person_is_erased_everywhere_and_figures_stay(store: Store) -> None:
    erased = erase(store, frozenset({"Jane Roe", "u7", "jroe"}))
    assert erased.records == 1
    assert _mentions(store, "jane") == _mentions(store, "jroe") == []
    with store.read() as tx:
        (record,) = tickets.load(tx, "acme", "incident", ["1"])
        assert record.fields["assignee"] == Reference("erased", "erased")
        assert record.fields["title"] == "erased's laptop"
        ((cycle, _),) = cycles.of_tickets(tx, "acme", "incident", ["1"])
    assert cycle == _cycle()
    assert list(check(store)) == []


def test_erasing_cuts_no_other_words(store: Store) -> None:
    erase(store, frozenset({"Jan", "lap"}))
    with store.read() as tx:
        (record,) = tickets.load(tx, "acme", "incident", ["1"])
    assert record.fields["title"] == "Jane Roe's laptop"


def _mentions(store: Store, name: str) -> list[str]:
    """Tables whose text still holds *name*."""
    found = []
    with store.read() as tx:
        for table in sa.inspect(tx).get_table_names():
            rows = tx.exec_driver_sql(f"select * from {table}").all()
            found += [table] if any(name in str(row).lower() for row in rows) else []
    return found


# ---------------------------------------------------------------------- values and acts


def test_the_latest_value_wins_and_an_equal_one_is_nothing_to_do(store: Store) -> None:
    def want(state: str) -> list[str]:
        effect = Effect("v1", Output.FIELDS, "acme", "incident:1", {"sla_state": state})
        with store.begin() as tx:
            return [one.effect.payload["sla_state"] for one in desired.want(tx, [Wanted(effect)], NOW)]

    assert want("running") == []
    assert want("paused") == ["paused"]
    with store.begin() as tx:
        queues.done(tx, [Arrived(desired.wanted_hashes(tx, ["v1"]), "r")], NOW)
        assert [one.state for one in desired.in_state(tx, "acme", "done")] == ["done"]
    assert want("met") == ["met"]
    assert want("paused") == ["paused"]  # back to what the platform has
    with store.read() as tx:
        assert [one.effect.key for one in desired.in_state(tx, "acme", "done")] == ["v1"]


@pytest.mark.parametrize("seed", range(5))
def test_an_act_enters_once_whatever_the_order(seed: int, store: Store) -> None:
    keys = [f"k{number % 7}" for number in range(20)]
    random.Random(seed).shuffle(keys)
    added: list[str] = []
    for start in range(0, 20, 5):
        acts = [Effect(key, Output.NOTE, "acme", "q") for key in keys[start : start + 5]]
        with store.begin() as tx:
            added += [one.effect.key for one in outbox.add(tx, [Wanted(act) for act in acts], NOW)]
    assert sorted(added) == [f"k{number}" for number in range(7)]
