"""What is wrong with an instance or a mapping is told once, where it is and how to mend it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import AccordError, NotAllowed, NotReachable, Wrong
from connector.mappings.catalogue import Catalogue
from connector.mappings.reader import load_catalogue
from connector.platforms.port import Finding
from connector.platforms.servicenow.adapter import ServiceNow
from connector.platforms.servicenow.updateset import update_set
from tests.platforms.site import NOW, Quirks, Site, new_site, source_config


def findings(adapter: ServiceNow) -> dict[str, Finding]:
    return {finding.what: finding for finding in adapter.check()}


def problems(adapter: ServiceNow) -> list[str]:
    return [f"{one.what}: {one.detail}" for one in adapter.check() if not one.fine]


def mapping(folder: Path, incident: str) -> Catalogue:
    (folder / "mapping.yaml").write_text("mapping: ours\nplatform: servicenow\nextends: servicenow\n")
    (folder / "incident.yaml").write_text(incident)
    return load_catalogue(str(folder), base=folder)


def without(site: Site, table: str, column: str) -> None:
    """An instance that never had this column."""
    instance = site.sandbox.servicenow.instance
    dictionary = instance.tables["sys_dictionary"]
    at = dictionary.at
    for row in list(dictionary.rows.values()):
        if (row[at["name"]], row[at["element"]]) == (table, column):
            instance.delete(dictionary, row)


def test_an_instance_that_is_set_up_is_fine(ready: Site) -> None:
    assert problems(ready.adapter()) == []


def test_before_setup_the_mend_is_setup(site: Site) -> None:
    found = findings(site.adapter())
    assert "accord setup --apply" in found["achievement (u_accord_achievement)"].mend
    assert "u_sla_state" in found["incident columns"].detail


def test_a_wrong_password_stops_everything_and_is_tried_once(site: Site) -> None:
    adapter = site.adapter(password="wrong-word")
    (finding,) = adapter.check()
    assert finding.stops
    assert "the login was refused: User Not Authenticated" in finding.detail
    assert site.sandbox.requests.total() == 1
    with pytest.raises(NotAllowed, match="login was refused"):
        adapter.prepare(["incident"])
    assert site.sandbox.requests.total() == 1


def test_a_refused_login_is_not_taken_for_a_dictionary_that_cannot_be_read(site: Site) -> None:
    with pytest.raises(NotAllowed, match="login was refused"):
        site.adapter(password="wrong-word").provisions()


def test_an_address_that_is_not_the_instances_is_told_once(site: Site) -> None:
    elsewhere = source_config(url="https://acme.service-now.com/api/now")
    adapter = ServiceNow(elsewhere, load_catalogue("servicenow", base=Path()), site.world())
    (finding,) = adapter.check()
    assert finding.stops
    assert "`url`" in finding.mend
    with pytest.raises(NotAllowed, match="does not represent any resource") as raised:
        adapter.prepare(["incident"])
    assert "`url`" in str(raised.value)


def test_until_setup_was_run_what_has_no_place_is_known(site: Site) -> None:
    site.put("incident", number="INC1")
    switched = replace(source_config(), effects={"achievement": "on", "fields": "on"})
    adapter, later = (
        ServiceNow(switched, load_catalogue("servicenow", base=Path()), site.world()) for _ in range(2)
    )
    learned = adapter.prepare(["incident"])
    assert adapter.placeless() == ["achievement", "fields"]
    list(adapter.provision(adapter.provisions()))
    later.prepare(["incident"], learned)
    assert later.placeless() == []


def test_a_login_refused_halfway_is_not_tried_again(site: Site) -> None:
    adapter = site.adapter()
    adapter.prepare(["incident"])
    site.sandbox.faults.once("GET */incident", "401")
    before = site.sandbox.requests.total()
    with pytest.raises(NotAllowed, match="accounts lock"):
        list(adapter.sweep("incident", None, NOW))
    assert site.sandbox.requests.total() == before + 1


def test_a_sleeping_instance_is_recognised(site: Site) -> None:
    site.sandbox.faults.always("*", "html_200")
    (finding,) = site.adapter().check()
    assert finding.stops
    assert "hibernating" in finding.detail


@pytest.mark.parametrize("denied", ["empty", "403"])
def test_a_history_that_cannot_be_read_is_told_with_the_role_to_give(denied: str) -> None:
    site = new_site(Quirks(denied_audit=denied))  # type: ignore[arg-type]
    sys_id = site.put("incident", number="INC1", state="1", sys_mod_count="5")
    for state in ("2", "3", "2", "6"):
        site.write("incident", sys_id, state=state)
    found = findings(site.adapter(user="no_audit"))["incident history (sys_audit)"]
    assert not found.fine
    assert "audit_viewer" in found.mend


def test_a_misspelt_field_is_told_by_its_line_with_a_guess(site: Site, tmp_path: Path) -> None:
    ours = mapping(tmp_path, "fields:\n  category: categroy\n")
    site.put("incident", number="INC1")
    with pytest.raises(Wrong, match=r"incident\.yaml:2:13: .*no field 'categroy'; did you mean 'category'\?"):
        site.adapter(mapping=ours).prepare(["incident"])


def test_a_misspelt_dot_walk_is_told(site: Site, tmp_path: Path) -> None:
    ours = mapping(tmp_path, "fields:\n  service: business_service.nmae\n")
    with pytest.raises(Wrong, match=r"no field 'business_service\.nmae'"):
        site.adapter(mapping=ours).prepare(["incident"])


@pytest.mark.parametrize("readable", [True, False])
def test_an_unknown_field_in_a_scope_never_reaches_the_platform(readable: bool, tmp_path: Path) -> None:
    """The platform would drop the condition in silence and give the whole table."""
    site = new_site(Quirks(dictionary_readable=readable))
    site.put("incident", number="INC1", state="1")
    ours = mapping(tmp_path, "scope: activ=true^priorityIN1,2\n")
    with pytest.raises(Wrong, match=r"incident\.yaml:1:8: .*`scope`.*'activ'"):
        site.adapter(mapping=ours).prepare(["incident"])


def test_without_the_dictionary_fields_are_tried_on_records(tmp_path: Path) -> None:
    site = new_site(Quirks(dictionary_readable=False))
    site.put("incident", number="INC1", state="1")
    site.adapter().prepare(["incident"])
    ours = mapping(tmp_path, "fields:\n  category: categroy\n")
    with pytest.raises(Wrong, match="categroy"):
        site.adapter(mapping=ours).prepare(["incident"])


def test_a_shipped_field_that_an_instance_lacks_is_left_out_and_told(site: Site) -> None:
    without(site, "incident", "reopen_count")
    site.put("incident", number="INC1", state="1")
    adapter = site.adapter()
    adapter.prepare(["incident"])
    (record,) = [record for page in adapter.sweep("incident", None, NOW) for record in page.records]
    assert record.fields["reopened"] is None
    assert "reopen_count" in findings(site.adapter())["incident.reopened"].detail


def test_a_table_that_is_not_there_is_told_by_its_line(site: Site, tmp_path: Path) -> None:
    ours = mapping(tmp_path, "table: incidnet\n")
    with pytest.raises(Wrong, match=r"incident\.yaml:1:8: .*Invalid table incidnet.*check `table`"):
        site.adapter(mapping=ours).prepare(["incident"])


def test_a_missing_plugin_is_named(site: Site, tmp_path: Path) -> None:
    ours = mapping(tmp_path, "table: sn_gone\noptional: the plugin Major Incident\n")
    found = findings(site.adapter(mapping=ours))["incident (sn_gone)"]
    assert "the plugin Major Incident" in found.mend


def test_a_refused_table_has_the_platforms_words() -> None:
    site = new_site(Quirks(denied_tables=frozenset({"incident"})))
    with pytest.raises(NotAllowed) as told:
        list(site.adapter().sweep("incident", None, NOW))
    assert "reading incident" in str(told.value)
    assert told.value.exit_code == 3


def test_a_column_that_is_not_unique_is_told(ready: Site) -> None:
    entry = next(row for row in ready.rows("sys_dictionary") if row["element"] == "u_key")
    ready.write("sys_dictionary", entry["sys_id"], unique="false")
    assert findings(ready.adapter())["achievement.u_key"].detail == "the column is not unique"


def test_values_that_are_not_mapped_are_counted(ready: Site) -> None:
    for number in range(14):
        ready.put("incident", number=f"INC{number}", state="9")
    found = findings(ready.adapter())["incident.state"]
    assert found.detail == "14 records hold '9', not mapped"
    assert "incident.yaml" in found.mend


@pytest.mark.parametrize(("zone", "fine"), [("GMT", True), ("UTC", True), ("US/Pacific", False)])
def test_a_user_outside_utc_is_told(site: Site, zone: str, fine: bool) -> None:
    user = next(row for row in site.rows("sys_user") if row["user_name"] == "accord")
    site.write("sys_user", user["sys_id"], time_zone=zone)
    assert findings(site.adapter())["time zone"].fine is fine


def test_setup_makes_what_is_missing_and_takes_it_away(site: Site) -> None:
    adapter = site.adapter()
    made = list(adapter.provision(adapter.provisions()))
    assert all(one.present for one in site.adapter().provisions())
    assert list(site.adapter().provision(site.adapter().provisions())) == []
    removed = list(site.adapter().unprovision())
    assert not any(one.present for one in site.adapter().provisions())
    assert 0 < len(removed) <= len(made)


def test_setup_without_the_right_points_to_the_update_set(site: Site) -> None:
    adapter = site.adapter(user="reader")
    with pytest.raises(AccordError, match="--update-set"):
        adapter.provisions()
    missing = site.adapter().provisions()
    with pytest.raises(AccordError, match=r"security constraints.*--update-set"):
        list(adapter.provision(missing))


def test_the_update_set_names_everything_and_never_changes() -> None:
    catalogue = load_catalogue("servicenow", base=Path())
    text = update_set(catalogue, NOW)
    assert text == update_set(catalogue, NOW)
    for column in catalogue.records["achievement"].provision.columns:  # type: ignore[union-attr]
        assert f"element=&quot;{column}&quot;" in text or f'element="{column}"' in text


def test_nobody_listening_is_told_soon(site: Site) -> None:
    site.sandbox.faults.always("*", "refused")
    with pytest.raises(NotReachable, match="check the source's `url`"):
        site.adapter().prepare(["incident"])
    assert site.clock.at - NOW < 10_000


@pytest.mark.parametrize("records", [0, 3])
def test_a_dictionary_that_tells_only_of_other_tables_stops_nothing(site: Site, records: int) -> None:
    """Its rows may be hidden one by one; what it does not tell of is tried instead."""
    instance = site.sandbox.servicenow.instance
    for name in ("sys_dictionary", "sys_db_object"):
        table = instance.tables[name]
        for sys_id in [
            key for key, row in table.rows.items() if row[table.at["name"]] in ("incident", "task")
        ]:
            instance.hidden.add(sys_id)
    for number in range(records):
        site.put("incident", number=f"INC{number}", state="1")
    adapter = site.adapter()
    adapter.prepare(["incident"])
    site.put("incident", number="INC9", short_description="the latest", state="1")
    found = [record for page in adapter.sweep("incident", None, NOW) for record in page.records]
    assert len(found) == records + 1
    assert "the latest" in [record.fields["title"] for record in found]


def test_many_unmapped_words_of_a_field_are_told_as_a_number(site: Site) -> None:
    for word in range(20, 28):
        for _ in range(word - 19):
            site.put("incident", number=f"INC{word}", state=str(word), opened_at="2026-03-02 08:55:00")
    told = [one.detail for one in site.adapter().check() if one.what == "incident.state"]
    assert told[0] == "8 records hold '27', not mapped"
    assert told[5:] == ["6 records hold 3 other words, not mapped"]
