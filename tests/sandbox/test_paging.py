"""Pages: limits before access rules, headers, unstable orders, and the keyset pattern that loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox import Quirks, Sandbox
from connector.sandbox.servicenow.query import parse
from connector.sandbox.servicenow.select import Selection
from connector.sandbox.wire import Request
from tests.sandbox.conftest import START, Client


def filled(sandbox: Sandbox, count: int, a_second: int = 7) -> list[str]:
    """So many incidents, several in each second."""
    made = []
    for n in range(count):
        sandbox.advance(START + n // a_second * 1000)
        made.append(sandbox.servicenow.insert("incident", number=f"INC{n:04d}"))
    return made


def keyset(client: Client, limit: int, scope: str = "") -> list[str]:
    """Read a table by (sys_updated_on, sys_id): first the rest of a second, then what is later."""
    seen: list[str] = []
    anchor = ("1970-01-01 00:00:00", "")
    while True:
        at, last = anchor
        order = "ORDERBYsys_updated_on^ORDERBYsys_id"
        page = client.table(
            "incident", f"{scope}sys_updated_on={at}^sys_id>{last}^ORDERBYsys_id", limit=limit
        )
        if page.headers["X-Total-Count"] == "0":
            page = client.table("incident", f"{scope}sys_updated_on>{at}^{order}", limit=limit)
        rows = page.json()["result"]
        if not rows:
            return seen
        seen += [row["sys_id"] for row in rows]
        anchor = (rows[-1]["sys_updated_on"], rows[-1]["sys_id"])


@pytest.mark.parametrize("limit", [1, 3, 10, 1000])
def test_the_keyset_pattern_reads_every_row_once(sandbox: Sandbox, client: Client, limit: int) -> None:
    made = filled(sandbox, 50)
    assert sorted(keyset(client, limit)) == sorted(made)


def test_the_keyset_pattern_reads_every_row_of_a_scope_once(sandbox: Sandbox, client: Client) -> None:
    made = filled(sandbox, 40)
    for sys_id in made[::3]:
        sandbox.servicenow.update("incident", sys_id, state=7)
    assert sorted(keyset(client, 4, "active=true^ORstate=7^active=true^")) == sorted(
        set(made) - set(made[::3])
    )


def test_the_count_of_a_keyset_page_is_what_is_left(sandbox: Sandbox, client: Client) -> None:
    filled(sandbox, 30)
    first = client.table(
        "incident", "sys_updated_on>2026-01-01^ORDERBYsys_updated_on^ORDERBYsys_id", limit=10
    )
    last = first.json()["result"][-1]
    at, sys_id = last["sys_updated_on"], last["sys_id"]
    rest = client.table("incident", f"sys_updated_on={at}^sys_id>{sys_id}^ORDERBYsys_id")
    later = client.table("incident", f"sys_updated_on>{at}^ORDERBYsys_updated_on^ORDERBYsys_id")
    assert first.headers["X-Total-Count"] == "30"
    assert int(rest.headers["X-Total-Count"]) + int(later.headers["X-Total-Count"]) == 20


def test_a_page_without_an_order_is_not_stable(sandbox: Sandbox, client: Client) -> None:
    made = filled(sandbox, 60)
    pages = [row["sys_id"] for n in range(6) for row in client.rows("incident", limit=10, offset=n * 10)]
    assert len(pages) == len(made)
    assert set(pages) < set(made)


def test_an_order_by_a_column_that_is_not_unique_leaves_ties_to_chance(
    sandbox: Sandbox, client: Client
) -> None:
    filled(sandbox, 20, a_second=20)
    orders = {
        tuple(row["sys_id"] for row in client.rows("incident", "ORDERBYsys_updated_on")) for _ in range(4)
    }
    assert len(orders) > 1


def test_the_same_seed_gives_the_same_disorder(
    make: Callable[..., Sandbox], login: Callable[..., Client]
) -> None:
    def numbers() -> list[str]:
        sandbox = make(seed=5)
        filled(sandbox, 20)
        client = login(sandbox)
        return [row["number"] for _ in range(3) for row in client.rows("incident", limit=5)]

    assert numbers() == numbers()


def test_a_stable_instance_keeps_the_order_of_making(
    make: Callable[..., Sandbox], login: Callable[..., Client]
) -> None:
    sandbox = make(stable_order=True)
    made = filled(sandbox, 20)
    assert [row["sys_id"] for row in login(sandbox).rows("incident")] == made


class TestAccessRules:
    """Limit and offset count rows before access rules, so pages come short and may come empty."""

    def test_pages_come_short_and_the_count_does_not(self, sandbox: Sandbox, client: Client) -> None:
        made = filled(sandbox, 20)
        sandbox.servicenow.hide(*made[2:5])
        page = client.table("incident", "ORDERBYnumber", limit=10)
        assert len(page.json()["result"]) == 7
        assert page.headers["X-Total-Count"] == "20"

    def test_an_empty_page_may_be_followed_by_a_full_one(self, sandbox: Sandbox, client: Client) -> None:
        made = filled(sandbox, 30)
        sandbox.servicenow.hide(*made[10:20])
        sizes = [len(client.rows("incident", "ORDERBYnumber", limit=10, offset=n)) for n in (0, 10, 20)]
        assert sizes == [10, 0, 10]

    def test_a_hidden_record_looks_like_none(self, sandbox: Sandbox, client: Client) -> None:
        sys_id = filled(sandbox, 1)[0]
        sandbox.servicenow.hide(sys_id)
        response = client.get(f"/api/now/table/incident/{sys_id}")
        assert response.status_code == 404
        assert response.json()["error"]["detail"] == (
            "Record doesn't exist or ACL restricts the record retrieval"
        )

    def test_a_share_of_a_table_can_be_hidden_by_seed(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        sandbox = make(hidden_share={"incident": 0.5})
        filled(sandbox, 100)
        assert 25 < len(login(sandbox).rows("incident")) < 75
        assert len(login(sandbox, "admin").rows("incident")) == 100


class TestHeaders:
    def test_links_lead_to_the_other_pages(self, sandbox: Sandbox, client: Client) -> None:
        filled(sandbox, 25)
        page = client.table("incident", "ORDERBYnumber", limit=10, offset=10)
        links = {
            part.split('rel="')[1].rstrip('"'): int(part.split("sysparm_offset=")[1].split(">")[0])
            for part in page.headers["Link"].split(",<")
        }
        assert links == {"first": 0, "prev": 0, "next": 20, "last": 20}
        following = client.send("GET", page.links["next"]["url"].removeprefix(client.url))
        assert [row["number"] for row in following.json()["result"]] == [f"INC{n:04d}" for n in range(20, 25)]

    def test_a_single_page_has_no_links(self, sandbox: Sandbox, client: Client) -> None:
        filled(sandbox, 3)
        assert "Link" not in client.table("incident").headers

    def test_an_old_instance_links_to_a_negative_page(
        self, make: Callable[..., Sandbox], login: Callable[..., Client]
    ) -> None:
        sandbox = make(negative_prev_link=True)
        filled(sandbox, 5)
        assert 'sysparm_offset=-2>;rel="prev"' in login(sandbox).table("incident", limit=2).headers["Link"]

    def test_counting_can_be_left_out(self, sandbox: Sandbox, client: Client) -> None:
        filled(sandbox, 5)
        assert "X-Total-Count" not in client.table("incident", no_count="True", limit=2).headers
        assert "Link" not in client.table("incident", limit=2, suppress_pagination_header="TRUE").headers

    def test_the_date_is_the_sandboxs_own(self, sandbox: Sandbox, client: Client) -> None:
        assert client.table("incident").headers["Date"] == "Mon, 02 Mar 2026 08:00:00 GMT"


CONDITIONS = st.lists(
    st.one_of(
        st.builds(
            "sys_updated_on{}2026-03-02 08:00:0{}".format,
            st.sampled_from([">", ">=", "<", "<=", "="]),
            st.integers(0, 9),
        ),
        st.builds("state={}".format, st.sampled_from("127")),
        st.builds(
            "sys_id{}{}".format, st.sampled_from([">", ">=", "<", "<="]), st.sampled_from("0123456789abcdef")
        ),
        st.builds("numberIN{}".format, st.sampled_from(["INC0001", "INC0002,INC0003", "none"])),
        st.builds("active=true^ORstate={}".format, st.sampled_from("17")),
    ),
    max_size=4,
)
ORDERINGS = st.sampled_from(
    [
        "ORDERBYsys_updated_on^ORDERBYsys_id",
        "ORDERBYsys_id",
        "ORDERBYnumber",
        "ORDERBYDESCsys_updated_on^ORDERBYsys_id",
    ]
)


@pytest.fixture(scope="module")
def crowd() -> Sandbox:
    sandbox = Sandbox(now=START, seed=3, quirks=Quirks())
    for n, sys_id in enumerate(filled(sandbox, 60)):
        if n % 4 == 0:
            sandbox.servicenow.update("incident", sys_id, state=(2, 7)[n % 8 == 0])
    return sandbox


@settings(max_examples=150, deadline=None)
@given(conditions=CONDITIONS, order=ORDERINGS)
def test_every_way_in_finds_what_looking_at_every_row_finds(
    crowd: Sandbox, conditions: list[str], order: str
) -> None:
    """The indexes and ordered views are only quicker: a second group that adds nothing turns them off."""
    found = crowd.servicenow.rows("incident", "^".join(["numberISNOTEMPTY", *conditions, order]))
    slow = crowd.servicenow.rows(
        "incident", "^".join(["numberISNOTEMPTY", *conditions, "NQnumber=no such", order])
    )
    assert [row["number"] for row in found] == [row["number"] for row in slow]


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 19), st.sampled_from("1267")), max_size=12))
def test_ordered_views_follow_every_write(steps: list[tuple[int, str]]) -> None:
    sandbox = Sandbox(now=START, seed=3)
    made = filled(sandbox, 20)
    query = "active=true^sys_updated_on>2026-01-01^ORDERBYsys_updated_on^ORDERBYsys_id"
    assert len(sandbox.servicenow.rows("incident", query)) == 20
    for n, (which, state) in enumerate(steps):
        sandbox.advance(START + 60_000 + n * 500)
        sandbox.servicenow.update("incident", made[which], state=state)
        expected = sorted(
            (row["sys_updated_on"], row["sys_id"])
            for row in sandbox.servicenow.rows("incident", "active=true")
        )
        seen = [(row["sys_updated_on"], row["sys_id"]) for row in sandbox.servicenow.rows("incident", query)]
        assert seen == expected


def test_a_view_that_looks_into_another_table_follows_it(sandbox: Sandbox, client: Client) -> None:
    company = sandbox.servicenow.insert("core_company", name="Before")
    sandbox.servicenow.insert("incident", number="X", company=company)
    query = "company.name=After^sys_updated_on>2026-01-01^ORDERBYsys_updated_on^ORDERBYsys_id"
    assert client.rows("incident", query) == []
    sandbox.servicenow.update("core_company", company, name="After")
    assert len(client.rows("incident", query)) == 1


def test_a_deleted_row_leaves_every_index(sandbox: Sandbox, client: Client) -> None:
    sys_id = filled(sandbox, 3)[1]
    ordered = "sys_updated_on>2026-01-01^ORDERBYsys_updated_on^ORDERBYsys_id"
    assert len(client.rows("incident", ordered)) == 3
    sandbox.servicenow.delete("incident", sys_id)
    for query in (ordered, "", "numberININC0000,INC0001,INC0002"):
        assert len(client.rows("incident", query)) == 2


def test_a_selection_tells_what_it_left_out() -> None:
    sandbox = Sandbox(now=START)
    asker = sandbox.servicenow.instance.accounts.asker(sandbox.servicenow.instance.accounts.caller("admin"))
    selection = Selection(sandbox.servicenow.tables, "incident", parse("bogus=1^number=2"), asker, salt=0)
    assert selection.unknown == ["bogus=1"]


def test_a_negative_offset_counts_as_none(sandbox: Sandbox, client: Client) -> None:
    filled(sandbox, 3)
    assert len(client.rows("incident", offset=-5)) == 3
    assert client.rows("incident", limit=0) == []


def test_parameters_are_read_leniently(sandbox: Sandbox) -> None:
    request = Request.make("GET", "/x?sysparm_fields=&a=1&a=2")
    assert request.params() == {"sysparm_fields": "", "a": "1"}
