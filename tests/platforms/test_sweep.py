"""A sweep meets every row, whatever the pages, the access rules and the network do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connector.errors import NotAllowed, NotReachable
from connector.model.instant import DAY, MINUTE, SECOND, format_instant
from connector.platforms.servicenow.spelling import format_instant as spelt
from tests.platforms.site import NOW, Quirks, Site, new_site

READ_FAULTS = (
    "refused", "timeout", "500", "gateway", "429", "429_bare", "cut", "partial_200", "html_200", "empty_202",
    "uncounted", "slow",
)  # fmt: skip


def incidents(site: Site, seconds: list[int]) -> list[str]:
    """One incident for each of *seconds* before now; their ids in no order."""
    return [
        site.put("incident", sys_id=f"{place * 7919 % 104729:032x}", number=f"INC{place}", state="1",
                 sys_updated_on=spelt(NOW - second * SECOND))
        for place, second in enumerate(seconds)
    ]  # fmt: skip


def swept(site: Site, *, page_size: int = 10) -> Counter[str]:
    adapter = site.adapter(page_size=page_size)
    pages = adapter.sweep("incident", None, adapter.now())
    return Counter(record.id for page in pages for record in page.records)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seconds=st.lists(st.integers(0, 5) | st.integers(0, 90 * 86400), max_size=45),
    page_size=st.integers(1, 12),
    counts=st.booleans(),
)
def test_every_row_comes_exactly_once(seconds: list[int], page_size: int, counts: bool) -> None:
    site = new_site(Quirks(total_count=counts))
    ids = incidents(site, seconds)
    assert swept(site, page_size=page_size) == Counter(ids)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seconds=st.lists(st.integers(0, 3) | st.integers(0, 30 * 86400), max_size=40),
    page_size=st.integers(1, 8),
    share=st.sampled_from([0.3, 0.7, 0.95]),
)
def test_rows_behind_hidden_ones_are_not_missed(seconds: list[int], page_size: int, share: float) -> None:
    """Limits are applied before access rules: pages get short and empty before the end."""
    site = new_site(Quirks(hidden_share={"incident": share}))
    ids = incidents(site, seconds)
    chance = site.sandbox.world.chance
    visible = [id_ for id_ in ids if chance.of("hidden", "incident", id_) >= share]
    assert swept(site, page_size=page_size) == Counter(visible)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), seconds=st.lists(st.integers(0, 20 * 86400), min_size=5, max_size=40))
def test_a_troubled_network_loses_nothing(seed: int, seconds: list[int]) -> None:
    site = new_site()
    ids = incidents(site, seconds)
    site.sandbox.faults.rates(dict.fromkeys(READ_FAULTS, 0.02), seed=seed)
    assert set(swept(site)) == set(ids)


def test_a_row_that_changes_while_pages_are_read_still_comes(site: Site) -> None:
    incidents(site, list(range(40)))
    adapter = site.adapter(page_size=10)
    pages = adapter.sweep("incident", None, NOW)
    next(pages)
    site.clock.at += MINUTE
    last = {row["sys_id"]: row for row in site.rows("incident")}
    moved = max(last, key=lambda id_: last[id_]["sys_updated_on"])
    site.write("incident", moved, short_description="changed meanwhile")
    found = {record.id: record for page in pages for record in page.records}
    assert found[moved].fields["title"] == "changed meanwhile"


def test_a_sweep_goes_on_behind_a_cursor(site: Site) -> None:
    ids = incidents(site, [second // 3 for second in range(60)])
    first = next(site.adapter(page_size=10).sweep("incident", None, NOW))
    rest = site.adapter(page_size=10).sweep("incident", first.cursor, NOW)
    assert {record.id for record in first.records} | {r.id for page in rest for r in page.records} == set(ids)


def test_since_takes_rows_of_that_very_second(site: Site) -> None:
    ids = incidents(site, [10, 20, 30])
    pages = list(site.adapter().sweep("incident", None, NOW, since=NOW - 20 * SECOND))
    assert {record.id for page in pages for record in page.records} == set(ids[:2])


def test_nothing_new_is_one_empty_page(site: Site) -> None:
    pages = list(site.adapter().sweep("incident", None, NOW, since=NOW))
    assert [list(page.records) for page in pages] == [[]]


def test_a_first_load_asks_in_slices(site: Site) -> None:
    """No question of a first load spans more than it needs, until slices prove small."""
    incidents(site, [day * 86400 for day in range(0, 300, 30)])
    assert len(swept(site)) == 10
    assert site.sandbox.requests["GET incident"] < 30


@pytest.mark.parametrize("fault", ["partial_200", "timeout"])
def test_a_page_that_takes_too_long_is_asked_for_in_smaller_parts(site: Site, fault: str) -> None:
    ids = incidents(site, list(range(100)))
    site.sandbox.faults.once("GET */incident", fault, skip=1, times=2)
    assert swept(site, page_size=80) == Counter(ids)


def test_a_page_grows_back_once_answers_come_whole_and_the_log_tells_of_both(site: Site) -> None:
    ids = incidents(site, list(range(400)))
    site.sandbox.faults.once("GET */incident", "timeout", skip=1, times=2)
    with capture_logs() as told:
        assert swept(site, page_size=40) == Counter(ids)
    sizes = [(one["event"], one.get("next", one["rows"])) for one in told if "page" in one["event"]]
    assert sizes == [
        ("pull.page_took_too_long", 20), ("pull.page_took_too_long", 10),
        ("pull.page_size_grown", 20), ("pull.page_size_grown", 40),
    ]  # fmt: skip


def test_a_query_that_never_ends_is_given_up_with_a_mend(site: Site) -> None:
    incidents(site, [1])
    site.sandbox.faults.always("GET */incident", "partial_200")
    with pytest.raises(NotReachable, match="narrow `scope`"):
        swept(site)


def test_fields_that_paging_needs_and_may_not_be_read_are_told() -> None:
    site = new_site(Quirks(unreadable_fields={"incident": frozenset({"sys_updated_on"})}))
    incidents(site, [1, 2])
    with pytest.raises(NotAllowed, match="sys_updated_on"):
        swept(site)


def test_an_instance_that_forgets_the_question_is_no_endless_loop(site: Site) -> None:
    """A field that does not exist is dropped from a question in silence, and the whole table comes back."""
    incidents(site, [5] * 30)
    adapter = site.adapter(page_size=10)
    misspelt = replace(adapter.catalogue.records["incident"], updated="sys_updatd_on")
    adapter.catalogue = replace(adapter.catalogue, records={"incident": misspelt})
    with pytest.raises(NotAllowed, match="sys_updatd_on"):
        list(adapter.sweep("incident", None, NOW))


def test_ids_come_sorted_and_only_those_in_scope(site: Site) -> None:
    ids = incidents(site, list(range(35)))
    found = [id_ for part in site.adapter(page_size=10).ids("incident") for id_ in part]
    assert found == sorted(ids)


def test_why_records_are_gone_is_told_apart(site: Site) -> None:
    (there,), gone = incidents(site, [1]), "e" * 32
    site.put("sys_audit_delete", documentkey=gone, tablename="incident")
    asked = [there, gone, "f" * 32]
    assert site.adapter().missing("incident", asked) == {
        there: "out of scope", gone: "deleted", "f" * 32: "not readable",
    }  # fmt: skip


def test_read_leaves_out_what_is_gone(site: Site) -> None:
    there = incidents(site, [1])
    page = site.adapter().read("incident", [*there, "f" * 32])
    assert [record.id for record in page.records] == there


def test_times_are_read_as_utc(site: Site) -> None:
    site.put("incident", number="INC1", state="1", opened_at="2026-03-02 08:55:00")
    page = next(site.adapter().sweep("incident", None, NOW + DAY))
    assert format_instant(page.records[0].fields["opened"]) == "2026-03-02T08:55:00Z"
