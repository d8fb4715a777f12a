"""Tables and columns that an integration makes for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.conftest import URL, Client


def column(client: Client, table: str, element: str, **entry: Any) -> dict[str, Any]:
    return client.create("sys_dictionary", name=table, element=element, **entry)


@pytest.fixture
def achievements(client: Client) -> Client:
    client.create("sys_db_object", name="u_accord_achievement", label="SLA achievement")
    column(client, "u_accord_achievement", "u_key", internal_type="string", max_length=64, unique=True)
    column(client, "u_accord_achievement", "u_ticket", internal_type="reference", reference="task")
    column(client, "u_accord_achievement", "u_due", internal_type="glide_date_time")
    return client


def test_a_made_table_keeps_records(sandbox: Sandbox, achievements: Client) -> None:
    ticket = sandbox.servicenow.insert("incident")
    made = achievements.create(
        "u_accord_achievement", u_key="k1", u_ticket=ticket, u_due="2026-03-02 10:00:00", u_nope="x"
    )
    assert made["u_due"] == "2026-03-02 10:00:00"
    assert made["u_ticket"] == {"link": f"{URL}/api/now/table/task/{ticket}", "value": ticket}
    assert "u_nope" not in made
    found = achievements.rows("u_accord_achievement", f"u_ticket={ticket}", fields="u_key")
    assert found == [{"u_key": "k1"}]


def test_a_taken_unique_value_is_refused(achievements: Client) -> None:
    first = achievements.create("u_accord_achievement", u_key="k1")
    other = achievements.create("u_accord_achievement", u_key="k2")
    again = achievements.post("u_accord_achievement", u_key="k1")
    assert again.status_code == 403
    assert again.json()["error"] == {
        "message": "Operation Failed",
        "detail": "Unique Key violation detected by database (Duplicate entry 'k1' for key 'u_key')",
    }
    assert achievements.patch("u_accord_achievement", other["sys_id"], u_key="k1").status_code == 403
    assert achievements.patch("u_accord_achievement", first["sys_id"], u_key="k1").status_code == 200
    assert len(achievements.rows("u_accord_achievement")) == 2


def test_a_unique_value_is_free_again_after_a_delete(achievements: Client) -> None:
    made = achievements.create("u_accord_achievement", u_key="k1")
    achievements.send("DELETE", f"/api/now/table/u_accord_achievement/{made['sys_id']}")
    assert achievements.post("u_accord_achievement", u_key="k1").status_code == 201


def test_empty_values_are_not_duplicates(achievements: Client) -> None:
    achievements.create("u_accord_achievement")
    assert achievements.post("u_accord_achievement").status_code == 201


def test_a_made_column_is_on_the_table_and_all_that_extend_it(client: Client) -> None:
    made = client.create("incident")
    column(client, "task", "u_sla_state", internal_type="string", max_length=20)
    changed = client.patch("incident", made["sys_id"], u_sla_state="running" * 9).json()["result"]
    assert changed["u_sla_state"] == ("running" * 9)[:20]
    assert client.rows("problem", "u_sla_state=x") == []


def test_a_new_table_can_extend_another(client: Client) -> None:
    task = client.rows("sys_db_object", "name=task")[0]["sys_id"]
    client.create("sys_db_object", name="u_review", label="Review", super_class=task)
    made = client.create("u_review", short_description="Quarterly")
    assert made["short_description"] == "Quarterly"
    assert [row["sys_class_name"] for row in client.rows("task", f"sys_id={made['sys_id']}")] == ["u_review"]


def test_names_without_a_prefix_get_one(client: Client) -> None:
    assert client.create("sys_db_object", name="thing")["name"] == "u_thing"
    assert column(client, "u_thing", "size", internal_type="integer")["element"] == "u_size"


def test_the_dictionary_tells_types_lengths_and_references(achievements: Client) -> None:
    entries = {
        row["element"]: row
        for row in achievements.rows("sys_dictionary", "name=u_accord_achievement^elementISNOTEMPTY")
    }
    assert entries["u_key"]["max_length"] == "64"
    assert entries["u_key"]["unique"] == "true"
    assert entries["u_key"]["internal_type"] == {
        "link": f"{URL}/api/now/table/sys_glide_object?name=string",
        "value": "string",
    }
    assert entries["u_ticket"]["reference"]["value"] == "task"
    assert {"sys_id", "sys_updated_on"} <= entries.keys()


def test_a_tables_own_columns_are_listed_and_its_parents_under_the_parent(client: Client) -> None:
    own = {row["element"] for row in client.rows("sys_dictionary", "name=incident", fields="element")}
    assert "caller_id" in own
    assert "short_description" not in own
    above = client.rows("sys_db_object", "name=incident", fields="super_class.name")
    assert above == [{"super_class.name": "task"}]
    assert client.rows("sys_dictionary", "name=task^element=short_description")


def test_a_column_can_be_made_unique_later(achievements: Client) -> None:
    entry = column(achievements, "u_accord_achievement", "u_other", internal_type="string")
    achievements.create("u_accord_achievement", u_other="a")
    achievements.patch("sys_dictionary", entry["sys_id"], unique="true")
    assert achievements.post("u_accord_achievement", u_other="a").status_code == 403


def test_what_was_made_can_be_taken_away(sandbox: Sandbox, achievements: Client) -> None:
    entry = achievements.rows("sys_dictionary", "name=u_accord_achievement^element=u_due")[0]
    assert achievements.send("DELETE", f"/api/now/table/sys_dictionary/{entry['sys_id']}").status_code == 204
    assert "u_due" not in achievements.create("u_accord_achievement", u_key="x", u_due="2026-01-01 00:00:00")
    table = achievements.rows("sys_db_object", "name=u_accord_achievement")[0]
    achievements.send("DELETE", f"/api/now/table/sys_db_object/{table['sys_id']}")
    gone = achievements.table("u_accord_achievement")
    assert (gone.status_code, gone.json()["error"]["message"]) == (400, "Invalid table u_accord_achievement")
    assert achievements.rows("sys_dictionary", "name=u_accord_achievement") == []


def test_audit_of_a_made_table_can_be_switched_on(sandbox: Sandbox, achievements: Client) -> None:
    entry = achievements.rows("sys_dictionary", "name=u_accord_achievement^elementISEMPTY")[0]
    achievements.patch("sys_dictionary", entry["sys_id"], audit="true")
    made = achievements.create("u_accord_achievement", u_key="a")
    achievements.patch("u_accord_achievement", made["sys_id"], u_key="b")
    assert [r["newvalue"] for r in achievements.rows("sys_audit", f"documentkey={made['sys_id']}")] == ["b"]


def test_choices_give_labels(client: Client, login: Callable[..., Client], sandbox: Sandbox) -> None:
    labels = {row["value"]: row["label"] for row in client.rows("sys_choice", "name=incident^element=state")}
    assert labels["3"] == "On Hold"
    client.create("sys_choice", name="incident", element="category", value="hw", label="Hardware")
    client.create("incident", category="hw")
    assert client.rows("incident", fields="category", display_value="true") == [{"category": "Hardware"}]
