"""How effects go out: in order, together where they can, and what becomes of the ones that cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from connector.deliver import deliver
from connector.errors import AccordError, Busy, NotAllowed, NotReachable
from connector.model.effect import Effect, Output
from connector.platforms.port import Request
from connector.store import about, leases
from connector.store.effectrows import DONE, READY, SET_ASIDE, UNSURE, WAITING
from tests.deliver.conftest import Shop
from tests.deliver.desk import SETTLE, Dead, effect
from tests.deliver.test_exactly_once import achievement, fields, note, once, problem

pytestmark = pytest.mark.both_stores

mail = replace(effect(Output.NOTIFY, "mail", text="late", channel="smtp"), queue="smtp/incident:t1")


def reject(*words: str) -> object:
    return lambda request: "rejected" if any(word in request.effects for word in words) else "ok"


def test_fields_and_note_of_a_ticket_go_in_one_request(shop: Shop) -> None:
    shop.want(fields, note)
    shop.deliver()
    assert [request.effects for request in shop.desk.sent] == [("fields", "note")]


def test_a_second_request_of_a_ticket_goes_with_the_first_ones_of_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.deliver.delivering.QUEUES", 1)
    for number in range(7):
        wanted = (achievement, note) if number == 0 else (achievement,)
        shop.want(*(replace(one, key=f"{one.key} {number}", queue=f"incident:{number}") for one in wanted))
    shop.desk.at_once = 4
    shop.deliver()
    assert shop.desk.calls == [4, 4]
    order = [request.effects[0] for request in shop.desk.sent]
    assert order.index("achievement 0") < 4 <= order.index("note 0")


def test_what_was_delivered_is_not_sent_again(shop: Shop) -> None:
    shop.want(achievement, fields)
    shop.deliver()
    shop.want(achievement, fields)
    assert shop.deliver().requests == 0


def test_the_latest_value_wins_over_one_that_was_never_sent(shop: Shop) -> None:
    shop.want(replace(fields, payload={"sla_state": "running"}))
    shop.want(replace(fields, payload={"sla_state": "paused"}))
    shop.deliver()
    assert [request.body["payloads"]["fields"] for request in shop.desk.sent] == [{"sla_state": "paused"}]


def test_a_record_written_before_is_written_to_by_its_id(shop: Shop) -> None:
    shop.want(achievement)
    shop.deliver()
    shop.want(replace(achievement, payload={"state": "met"}))
    shop.deliver()
    assert [request.guard for request in shop.desk.sent] == ["unique", "absolute"]
    assert shop.desk.achievements["achievement"] == {"state": "met"}


def test_nothing_of_a_ticket_overtakes_what_waits_before_it(shop: Shop) -> None:
    shop.want(problem)
    shop.desk.trouble = once("lost")
    shop.deliver()
    shop.want(note)
    shop.deliver()
    assert shop.desk.notes == []
    shop.desk.pass_by(SETTLE)
    shop.deliver()
    assert (shop.desk.created, shop.desk.notes) == (["problem"], ["note"])


def test_one_tickets_trouble_does_not_hold_up_another(shop: Shop) -> None:
    shop.want(note, effect(Output.NOTE, "other", "t2", text="said"))
    shop.desk.trouble = lambda request: "lost" if "note" in request.effects else "ok"
    shop.deliver()
    assert shop.desk.notes == ["other"]


def test_mail_that_fails_does_not_hold_up_the_ticket(shop: Shop) -> None:
    shop.want(mail, note)
    shop.desk.trouble = lambda request: "refused" if "mail" in request.effects else "ok"
    shop.deliver()
    assert shop.desk.notes == ["note"]


def test_what_the_platform_refuses_is_set_aside_with_its_words(shop: Shop) -> None:
    shop.want(problem, note)
    shop.desk.trouble = reject("problem")  # type: ignore[assignment]
    delivered = shop.deliver()
    assert [(one.name, one.subject, one.words) for one in delivered.set_aside] == [
        ("create.problem", "T1", "aborted by a business rule")
    ]
    assert shop.desk.notes == ["note"]
    assert [one.words for one in shop.waiting(SET_ASIDE)] == ["aborted by a business rule"]


def test_of_several_refused_together_only_the_guilty_one_is_set_aside(shop: Shop) -> None:
    shop.want(fields, note)
    shop.desk.trouble = reject("note")  # type: ignore[assignment]
    shop.deliver()
    assert shop.desk.tickets == {"t1": {"sla_state": "running"}}
    assert [one.effect.key for one in shop.waiting(SET_ASIDE)] == ["note"]


def test_a_value_that_was_refused_is_tried_again_once_it_changes(shop: Shop) -> None:
    shop.want(fields)
    shop.desk.trouble = once("rejected")
    shop.deliver()
    assert shop.deliver().requests == 0
    shop.want(replace(fields, payload={"sla_state": "paused"}))
    shop.deliver()
    assert shop.desk.tickets == {"t1": {"sla_state": "paused"}}


def test_a_request_the_platform_stumbles_over_is_set_aside_while_others_pass(shop: Shop) -> None:
    shop.want(problem)
    for run in range(6):
        shop.want(effect(Output.NOTE, f"note {run}", "t2", text="said"))
        shop.desk.trouble = lambda request: "lost" if "problem" in request.effects else "ok"
        shop.deliver()
        shop.desk.pass_by(SETTLE + 1)
    assert [one.effect.key for one in shop.waiting(SET_ASIDE)] == ["problem"]


def test_an_outage_sets_nothing_aside(shop: Shop) -> None:
    shop.want(problem)
    shop.desk.trouble = lambda _request: "lost"
    for _ in range(9):
        shop.deliver()
        shop.desk.pass_by(SETTLE + 1)
    shop.calm_down()
    assert shop.desk.created == ["problem"]


def test_an_insert_that_always_fails_does_not_keep_a_run_busy(shop: Shop) -> None:
    shop.want(achievement)
    shop.desk.trouble = lambda _request: "lost"
    assert shop.deliver().requests <= 3


@pytest.mark.parametrize("trouble", ["unanswered", "lost", "dead before", "dead after"])
def test_mail_is_sent_at_most_once_and_doubt_is_told(shop: Shop, trouble: str) -> None:
    shop.want(mail)
    shop.desk.trouble = once(trouble)
    shop.deliver_and_die()
    shop.calm_down()
    assert len([request for request in shop.desk.sent if "mail" in request.effects]) == 1
    (told,) = shop.waiting(SET_ASIDE)
    assert "it is not repeated" in (told.words or "")


def test_mail_that_was_surely_not_sent_is_sent_later(shop: Shop) -> None:
    shop.want(mail)
    shop.desk.trouble = once("refused")
    shop.deliver()
    shop.calm_down()
    assert shop.desk.mails == ["mail"]


def test_a_notice_by_a_channel_that_is_gone_is_set_aside(shop: Shop) -> None:
    shop.want(mail)
    told = deliver(shop.store, shop.clock.world(), "acme", {"platform": shop.desk}, settle=SETTLE)
    assert "do not go by smtp any more" in told.set_aside[0].words


def test_nothing_is_sent_by_a_run_that_has_lost_its_source(shop: Shop) -> None:
    shop.want(note)
    with shop.store.under(None).begin() as tx:
        leases.take(tx, "acme", shop.clock.world())
    with pytest.raises(Busy):
        shop.deliver()
    assert shop.desk.sent == []


def test_nothing_is_sent_by_a_run_that_stood_still_after_its_heartbeat(shop: Shop) -> None:
    shop.want(note)
    shop.on_operation = lambda operation: shop.clock.pass_by(40_000) if operation == "commit" else None
    with pytest.raises(Busy):
        shop.deliver()
    assert shop.desk.sent == []


def test_time_up_leaves_the_rest_for_the_next_run(shop: Shop) -> None:
    shop.want(note)
    world = shop.clock.world()
    channels = {"platform": shop.desk}
    told = deliver(shop.store, world, "acme", channels, settle=SETTLE, until=world.monotonic())
    assert (told.stopped, shop.desk.sent) == (True, [])
    assert len(shop.waiting(READY)) == 1


def test_somebody_who_asks_to_stop_waits_for_one_round_only(shop: Shop) -> None:
    shop.want(achievement, note)
    told = deliver(
        shop.store,
        shop.clock.world(),
        "acme",
        {"platform": shop.desk},
        settle=SETTLE,
        stop=lambda: bool(shop.desk.sent),
    )
    assert told.stopped
    assert (shop.desk.achievements, shop.desk.notes) == ({"achievement": {"state": "running"}}, [])


def test_a_batch_item_without_an_answer_is_looked_up_before_it_is_sent_again(shop: Shop) -> None:
    shop.want(note, effect(Output.NOTE, "other", "t2", text="said"))
    shop.desk.trouble = once("ok", "nothing")
    shop.deliver()
    assert [one.state for one in shop.waiting(*WAITING)] == [UNSURE]
    shop.desk.pass_by(SETTLE)
    shop.deliver()
    assert shop.desk.notes == ["note", "other"]
    assert [request.effects for request in shop.desk.asked] == [("other",)]


def test_a_restored_store_looks_up_every_act_and_writes_every_value_again(shop: Shop) -> None:
    """What the lost store did after the backup cannot be known: here it had sent the note and new fields."""
    shop.want(achievement, fields)
    shop.deliver()
    shop.want(note, problem)
    shop.desk.notes.append("note")
    shop.desk.tickets["t1"] = {"sla_state": "paused"}
    with shop.store.begin() as tx:
        about.put(tx, about.COPIED, "1")
    shop.stop()
    shop.start()
    shop.calm_down()
    assert shop.desk.notes == ["note"]
    assert shop.desk.created == ["problem"]
    assert shop.desk.tickets == {"t1": {"sla_state": "running"}}
    assert len(shop.waiting(DONE)) == 4


def test_a_request_is_kept_before_its_first_byte_leaves(shop: Shop) -> None:
    kept: list[str] = []

    def look(request: Request) -> str:
        kept.extend(one.state for one in shop.waiting("sending"))
        return "ok"

    shop.want(note)
    shop.desk.trouble = look
    shop.deliver()
    assert kept == ["sending"]


def test_a_store_that_dies_while_noting_an_answer_finds_the_note_again(shop: Shop) -> None:
    shop.want(note)
    commits = 0

    def die_at_the_answer(operation: str) -> None:
        nonlocal commits
        commits += operation == "commit"
        if commits and shop.desk.notes:
            raise Dead

    shop.on_operation = die_at_the_answer
    assert shop.deliver_and_die()
    shop.calm_down()
    assert shop.desk.notes == ["note"]


@pytest.mark.parametrize("trouble", [NotReachable("no answer"), NotAllowed("login refused")])
def test_a_platform_that_cannot_be_asked_while_composing_costs_no_effect(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, trouble: AccordError
) -> None:
    def compose(*_: object) -> None:
        raise trouble

    shop.want(note)
    with monkeypatch.context() as patch:
        patch.setattr(shop.desk, "compose", compose)
        with pytest.raises(type(trouble)):
            shop.deliver()
    shop.deliver()
    assert shop.desk.notes == ["note"]


def test_an_effect_that_the_mapping_has_no_place_for_is_set_aside_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = shop.desk.compose

    def refuse(effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        if any(one.output is Output.NOTE for one in effects):
            raise AccordError("the mapping has no `write: {note: …}`")
        return compose(effects, remote)

    shop.want(fields, note, problem)
    monkeypatch.setattr(shop.desk, "compose", refuse)
    told = shop.deliver()
    assert [(one.key, one.words) for one in told.set_aside] == [
        ("note", "the mapping has no `write: {note: …}`")
    ]
    assert (shop.desk.created, list(shop.desk.tickets)) == (["problem"], ["t1"])


def test_a_new_value_waits_until_what_was_sent_before_it_has_settled(shop: Shop) -> None:
    """Or the older one, committed late, would stand in the end."""
    shop.want(fields)
    shop.desk.trouble = once("late")
    shop.deliver()
    shop.want(replace(fields, payload={"sla_state": "paused"}))
    shop.deliver()
    assert len(shop.desk.sent) == 1
    shop.calm_down()
    assert shop.desk.tickets == {"t1": {"sla_state": "paused"}}


def test_mail_that_a_refused_login_kept_from_going_is_sent_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(*_: object) -> None:
        raise NotAllowed("login refused")

    shop.want(mail)
    with monkeypatch.context() as patch:
        patch.setattr(shop.desk, "send", send)
        with pytest.raises(NotAllowed):
            shop.deliver()
    shop.calm_down()
    assert shop.desk.mails == ["mail"]
