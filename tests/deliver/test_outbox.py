"""What a person may do about effects that did not go out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.deliver.outbox import drop, named, retry
from connector.errors import AccordError
from connector.model.effect import Held, Output
from connector.store.effectrows import DROPPED, HELD, SET_ASIDE, WAITING, Waiting
from tests.deliver.conftest import Shop
from tests.deliver.desk import SETTLE, effect
from tests.deliver.test_exactly_once import fields, note, once, problem

pytestmark = pytest.mark.both_stores

mail = replace(effect(Output.NOTIFY, "mail-to-ann", text="late", channel="smtp"), queue="smtp/incident:t1")


def choose(shop: Shop, *words: str) -> list[Waiting]:
    with shop.store.read() as tx:
        return named(tx, words)


def retried(shop: Shop, *words: str) -> int:
    with shop.store.begin() as tx:
        return retry(tx, named(tx, words))[0]


def dropped(shop: Shop, *words: str) -> int:
    with shop.store.begin() as tx:
        return drop(tx, named(tx, words))[0]


def test_an_effect_is_named_by_the_beginning_of_its_key_or_by_its_ticket(shop: Shop) -> None:
    shop.want(problem, fields)
    assert [one.effect.key for one in choose(shop, "proble")] == ["problem"]
    assert len(choose(shop, "t1", "problem")) == 2


@pytest.mark.parametrize("word", ["prob", "nobody", "INC9"])
def test_a_name_that_nothing_has_is_an_error(shop: Shop, word: str) -> None:
    shop.want(problem)
    with pytest.raises(AccordError, match="accord outbox list"):
        choose(shop, word)


@pytest.mark.parametrize("what", [problem, fields])
def test_what_was_refused_is_sent_once_somebody_says_so(shop: Shop, what: object) -> None:
    shop.want(what)  # type: ignore[arg-type]
    shop.desk.trouble = once("rejected")
    shop.deliver()
    assert retried(shop, "T1") == 1
    shop.calm_down()
    assert not shop.waiting(*WAITING, SET_ASIDE)


def test_an_act_that_arrived_after_all_is_not_repeated_by_a_retry(shop: Shop) -> None:
    shop.want(problem)
    shop.desk.trouble = once("rejected")
    shop.deliver()
    shop.desk.created.append("problem")
    retried(shop, "problem")
    shop.calm_down()
    assert shop.desk.created == ["problem"]


def test_mail_is_repeated_on_a_persons_word(shop: Shop) -> None:
    shop.want(mail)
    shop.desk.trouble = once("lost")
    shop.deliver()
    assert retried(shop, "mail-to-ann") == 1
    shop.calm_down()
    assert shop.desk.mails == ["mail-to-ann"]


def test_what_is_not_set_aside_is_not_retried(shop: Shop) -> None:
    shop.want(note, held=Held.SWITCHED)
    with shop.store.begin() as tx:
        assert [one.effect.key for one in retry(tx, named(tx, ["T1"]))[1]] == ["note"]


@pytest.mark.parametrize("why", [Held.TURN, Held.SWITCHED])
def test_what_is_dropped_is_never_sent(shop: Shop, why: Held) -> None:
    shop.want(problem, held=why)
    assert dropped(shop, "problem") == 1
    shop.want(problem)
    shop.calm_down()
    assert shop.desk.created == []
    assert [one.effect.key for one in shop.waiting(DROPPED)] == ["problem"]


def test_what_may_be_on_its_way_is_not_dropped(shop: Shop) -> None:
    shop.want(problem)
    shop.desk.trouble = once("unanswered")
    shop.deliver()
    assert dropped(shop, "problem") == 0
    shop.desk.pass_by(SETTLE)
    shop.deliver()
    assert not shop.waiting(*WAITING, HELD)


def test_nothing_behind_a_dropped_effect_waits_for_it(shop: Shop) -> None:
    shop.want(problem)
    shop.desk.trouble = once("rejected")
    shop.deliver()
    dropped(shop, "problem")
    shop.want(note)
    shop.deliver()
    assert shop.desk.notes == ["note"]
