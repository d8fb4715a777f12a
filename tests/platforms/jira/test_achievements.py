"""The property of a ticket holds all of its cycles, as many as fit, and takes the latest word on each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.platforms.jira.achievements import merged
from tests.platforms.jira.site import Site, ticket
from tests.platforms.jira.test_deliver import achievement, property_of, sent


def a_cycle(
    key: str, state: str = "met", started: int = 0, ended: int | None = None, **more: Any
) -> dict[str, Any]:
    ends = None if ended is None else f"2026-03-{ended:02d}T00:00:00Z"
    return {
        "key": key,
        "state": state,
        "started": f"2026-02-{started + 1:02d}T00:00:00Z",
        "ended": ends,
        **more,
    }


def keys(value: dict[str, Any]) -> list[str]:
    return [one["key"] for one in value["cycles"]]


def test_a_cycle_takes_the_place_of_its_older_self() -> None:
    before = merged(None, [a_cycle("a", "running"), a_cycle("b")])
    after = merged(before, [a_cycle("a", "missed", used=1.2)])
    assert keys(after) == ["a", "b"]
    assert after["cycles"][0]["state"] == "missed"


def test_writing_again_changes_nothing() -> None:
    once = merged(None, [a_cycle("a"), a_cycle("b", started=3)])
    assert merged(once, [a_cycle("b", started=3)]) == once


def test_what_somebody_else_put_there_is_written_over() -> None:
    for strange in ("text", {"cycles": "none"}, {"cycles": [1, {"no": "key"}]}, ["x"]):
        assert keys(merged(strange, [a_cycle("a")])) == ["a"]


def test_the_oldest_ended_cycles_go_first() -> None:
    long = "x" * 9_000
    cycles = [a_cycle("old", ended=1, excluded=long), a_cycle("open", "running", excluded=long)]
    cycles += [a_cycle("new", ended=9, excluded=long), a_cycle("newer", ended=12, excluded=long)]
    assert sorted(keys(merged(None, cycles))) == ["new", "newer", "open"]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 28), st.booleans()), max_size=300))
def test_it_always_fits(given_: list[tuple[int, int, bool]]) -> None:
    cycles = [
        a_cycle(
            f"{n:064d}", "running" if is_open else "met", n % 28, None if is_open else day, excluded="ü" * 200
        )
        for n, day, is_open in given_
    ]
    value = merged(None, cycles)
    assert len(json.dumps(value)) <= 32_768 * 2  # escaped, as it may be counted
    assert len(json.dumps(value, ensure_ascii=False).encode()) <= 30_000
    dropped = {one["key"] for one in cycles} - set(keys(value))
    if any(one["state"] == "running" for one in cycles if one["key"] in dropped):
        assert all(one["state"] == "running" for one in value["cycles"])


def test_a_site_that_tells_no_properties_in_bulk_is_asked_for_each(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not tell is not nothing: other cycles would be lost."""
    adapter = site.ready()
    issue = site.jira.create("printer on fire")
    sent(adapter, achievement(ticket(issue), "earlier"))
    silent = [{"id": str(issue.id), "key": issue.key, "fields": {}}]
    monkeypatch.setattr(adapter.search, "named", lambda *_: silent)
    (request,) = adapter.compose([achievement(ticket(issue))], {})
    adapter.look_ahead([request])
    adapter.send([request])
    assert [one["target"] for one in property_of(issue)["cycles"]] == ["earlier", "one"]
