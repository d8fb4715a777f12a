"""Nothing lost, nothing twice: whatever breaks between a decided effect and the platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.effect import Output
from connector.platforms.port import Request
from connector.store.effectrows import WAITING
from tests.deliver.conftest import Shop
from tests.deliver.desk import Dead, effect

TROUBLES = (
    "ok",
    "refused",
    "lost",
    "nothing",
    "unanswered",
    "late",
    "dead before",
    "dead after",
    "dead, late",
)

note = effect(Output.NOTE, "note", text="75 % used", public=False)
problem = effect(Output.CREATE, "problem", fields={"title": "late"})
fields = effect(Output.FIELDS, "fields", sla_state="running")
achievement = effect(Output.ACHIEVEMENT, "achievement", state="running")


def once(*troubles: str) -> Callable[[Request], str]:
    """These troubles in turn, then none."""
    left: Iterator[str] = iter(troubles)
    return lambda _request: next(left, "ok")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_one_trouble_leaves_every_effect_exactly_once(shop: Shop, trouble: str) -> None:
    shop.want(achievement, fields, note, problem)
    shop.desk.trouble = once(trouble)
    shop.deliver_and_die()
    shop.calm_down()
    assert shop.desk.notes == ["note"]
    assert shop.desk.created == ["problem"]
    assert shop.desk.tickets == {"t1": {"sla_state": "running"}}
    assert shop.desk.achievements == {"achievement": {"state": "running"}}
    assert not shop.waiting(*WAITING)


@pytest.mark.parametrize("operation", ["begin", "commit", "read"])
@pytest.mark.parametrize("nth", range(1, 9))
def test_a_death_at_any_store_operation_leaves_every_effect_exactly_once(
    shop: Shop, operation: str, nth: int
) -> None:
    shop.want(achievement, fields, note, problem)
    left = nth

    def count(met: str) -> None:
        nonlocal left
        left -= met == operation
        if left <= 0:
            raise Dead

    shop.on_operation = count
    shop.deliver_and_die()
    shop.calm_down()
    assert (shop.desk.notes, shop.desk.created) == (["note"], ["problem"])
    assert shop.desk.tickets["t1"] == {"sla_state": "running"}
    assert shop.desk.achievements["achievement"] == {"state": "running"}


STEPS = st.one_of(
    st.tuples(st.just("field"), st.sampled_from(["t1", "t2"]), st.integers(0, 3)),
    st.tuples(st.just("achievement"), st.sampled_from(["t1", "t2"]), st.integers(0, 3)),
    st.tuples(st.sampled_from(["note", "create", "mail"]), st.sampled_from(["t1", "t2"]), st.integers(0, 5)),
    st.tuples(st.just("deliver"), st.lists(st.sampled_from(TROUBLES), max_size=6), st.just(0)),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from([1_000, 120_000, 400_000])),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_any_story_ends_with_every_act_once_and_the_latest_values(
    new_shop: Callable[[], Shop], steps: list[tuple[str, str | list[str], int]]
) -> None:
    """Mail, which cannot be looked up, at most once."""
    shop = new_shop()
    values: dict[str, dict[str, object]] = {"field": {}, "achievement": {}}
    acts: dict[str, set[str]] = {"note": set(), "create": set(), "mail": set()}
    for what, where, number in steps:
        if what == "deliver":
            shop.desk.trouble = once(*where)
            shop.deliver_and_die()
        elif what == "wait":
            shop.desk.pass_by(number)
        elif what in values:
            output = Output.FIELDS if what == "field" else Output.ACHIEVEMENT
            values[what][str(where)] = {"value": number}
            shop.want(effect(output, f"{what} {where}", str(where), value=number))
        else:
            output = {"note": Output.NOTE, "create": Output.CREATE, "mail": Output.NOTIFY}[what]
            acts[what].add(f"{what} {where} {number}")
            shop.want(effect(output, f"{what} {where} {number}", str(where), text="said"))
    shop.calm_down()
    assert shop.desk.tickets == values["field"]
    assert {key.split()[1]: value for key, value in shop.desk.achievements.items()} == values["achievement"]
    assert sorted(shop.desk.notes) == sorted(acts["note"])
    assert sorted(shop.desk.created) == sorted(acts["create"])
    assert len(shop.desk.mails) == len(set(shop.desk.mails))
    assert set(shop.desk.mails) <= acts["mail"]
    assert not shop.waiting(*WAITING)
    shop.stop()
