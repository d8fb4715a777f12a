"""However histories are cut into pages, repeated or dated, the same changes come of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.instant import parse_instant
from connector.platforms.jira.changelog import Changelogs, raw_of
from connector.platforms.jira.facts import JiraField
from connector.platforms.jira.spelling import format_instant

AT = parse_instant("2026-03-02T12:00:00Z")


def history(number: int, at: Any, *, author: str | None = "me", **item: Any) -> dict[str, Any]:
    whole = {
        "field": "status",
        "fieldId": "status",
        "from": "1",
        "fromString": "Open",
        "to": "2",
        "toString": "Done",
    }
    who = {"accountId": author} if author else None
    return {
        "id": str(number),
        "created": at,
        "author": who,
        "items": [{**whole, **item}, {**whole, "to": "3"}],
    }


def written(at: int, form: str) -> Any:
    return {"iso": format_instant(at), "ms": at, "s": at // 1000, "text": str(at)}[form]


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=12, unique=True),
    st.sampled_from(["iso", "ms", "s", "text"]),
    st.integers(0, 2**32),
)
def test_pages_may_be_cut_anywhere_and_overlap(seconds: list[int], form: str, seed: int) -> None:
    chance = random.Random(seed)
    whole = [history(n, written(AT + s * 1000, form)) for n, s in enumerate(sorted(seconds), start=9)]
    straight, cut = Changelogs(), Changelogs()
    straight.add("7", whole)
    start = 0
    while start < len(whole):
        end = start + chance.randint(1, 4)
        again = whole[max(0, start - 1) : end]  # a page begins with the last history of the one before
        cut.add("7", again if chance.random() < 0.5 else whole[start:end])
        start = end
    assert cut.of("7") == straight.of("7")
    assert [item.at for item in straight.of("7")] == [AT + s * 1000 for s in sorted(seconds) for _ in "12"]


def test_newest_first_becomes_oldest_first() -> None:
    logs = Changelogs()
    logs.add("7", [history(n, AT + n * 1000) for n in (12, 11, 9)])
    assert [item.at for item in logs.of("7")] == sorted(AT + n * 1000 for n in (9, 9, 11, 11, 12, 12))


def test_two_histories_of_one_instant_keep_their_order() -> None:
    logs = Changelogs()
    logs.add("7", [history(10, AT, to="b"), history(9, AT, to="a")])
    assert [item.new[0] for item in logs.of("7")] == ["a", "3", "b", "3"]


def test_nobody_in_particular_may_have_done_it() -> None:
    logs = Changelogs()
    logs.add("7", [history(9, AT, author=None)])
    assert logs.of("7")[0].author is None


def test_what_was_not_told_is_not_there() -> None:
    assert "7" not in Changelogs()
    assert Changelogs().of("7") == []


def test_items_may_leave_out_ids() -> None:
    logs = Changelogs()
    item = {"field": "Category", "fromString": None, "toString": "network"}
    logs.add("7", [{"id": "9", "created": AT, "items": [item]}])
    (only,) = logs.of("7")
    assert (only.field, only.old, only.new) == ("Category", (None, None), (None, "network"))


@pytest.mark.parametrize(
    ("field", "told", "raw"),
    [
        (JiraField("status", "Status", "status"), ("1", "Open"), {"id": "1", "name": "Open"}),
        (JiraField("a", "A", "user"), ("a:1", "Ann"), {"accountId": "a:1", "displayName": "Ann"}),
        (JiraField("assignee", "Assignee", "user"), (None, None), None),
        (JiraField("x", "Text", "string"), (None, "words"), "words"),
        (JiraField("x", "Number", "number"), (None, "5"), "5"),
        (JiraField("labels", "Labels", "array", "string"), (None, "a b"), ["a", "b"]),
        (
            JiraField("x", "Orgs", "array", "sd"), ("[1, 2]", "A, B"),
            [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}],
        ),
        (JiraField("x", "Orgs", "array", "sd"), ("1", "Acme, Inc"), [{"id": "1", "name": "Acme, Inc"}]),
        (
            JiraField("x", "Due", "datetime"),
            ("2026-03-02T12:00:00.000+0000", "02/Mar/26 11:00 PM"),
            "2026-03-02T12:00:00.000+0000",
        ),
    ],
)  # fmt: skip
def test_a_history_tells_what_the_field_would_have_shown(field: JiraField, told: Any, raw: Any) -> None:
    assert raw_of(field, told) == raw
