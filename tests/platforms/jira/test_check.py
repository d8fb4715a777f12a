"""`check` and `setup`: what is missing is told with its mend, made, and taken away again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.errors import NotAllowed, Wrong
from connector.mappings.catalogue import Catalogue
from connector.platforms.jira.adapter import Jira
from connector.platforms.jira.answers import Gone
from connector.platforms.port import Finding
from tests.platforms.jira.site import JiraQuirks, Site, new_site, pat, token


def found(site: Site, **more: object) -> dict[str, Finding]:
    return {one.what: one for one in site.adapter(**more).check()}  # type: ignore[arg-type]


def amiss(findings: dict[str, Finding]) -> set[str]:
    return {what for what, one in findings.items() if not one.fine}


def test_a_site_as_it_comes_lacks_only_what_setup_makes(site: Site) -> None:
    findings = found(site)
    assert amiss(findings) == {f"{kind} fields" for kind in ("incident", "problem", "request", "change")}
    assert all(findings[what].mend == "accord setup --apply" for what in amiss(findings))


def test_after_setup_nothing_is_amiss(site: Site) -> None:
    site.ready()
    assert amiss(found(site)) == set()


def test_setup_makes_each_thing_once_and_takes_it_away(site: Site) -> None:
    adapter = site.ready()
    assert all(one.present for one in adapter.provisions())
    names = [one.name for one in site.jira.site.setup.fields]
    assert names.count("SLA state") == 1
    removed = [one.what for one in adapter.unprovision()]
    assert "field SLA due" in removed
    assert "register issue in DESK" in removed
    assert "SLA due" not in [one.name for one in site.jira.site.setup.fields]


def test_setup_makes_a_register_for_each_agreement(site: Site) -> None:
    adapter = site.ready()
    missing = [one for one in adapter.provisions(["gold", "two words"]) if not one.present]
    assert [one.what for one in missing] == [
        "register issue of gold in DESK",
        "register issue of two words in DESK",
    ]
    list(adapter.provision(missing))
    adapter = site.adapter()
    assert all(one.present for one in adapter.provisions(["gold", "two words"]))
    three = {adapter.registers.of("DESK", name) for name in ("gold", "two words", "no agreement")}
    assert len(three) == 3
    removed = [one.what for one in adapter.unprovision()]
    assert len([what for what in removed if what.startswith("register issue")]) == 3


def test_setup_without_the_right_says_so(site: Site) -> None:
    adapter = site.adapter(user="accord_min")
    missing = [one for one in adapter.provisions() if not one.present]
    with pytest.raises(NotAllowed, match="administrators") as refused:
        list(adapter.provision(missing))
    hint = str(refused.value.problem.hint)
    assert "login of a Jira administrator" in hint
    assert "field SLA due (datetime); field SLA target (textfield)" in hint


def test_what_needs_no_administrator_is_made_all_the_same(site: Site) -> None:
    adapter = site.adapter(user="accord_min")
    missing = [one for one in adapter.provisions() if not one.present]
    made: list[str] = []
    with pytest.raises(NotAllowed):
        made.extend(one.what for one in adapter.provision(missing))
    assert made == [one.what for one in missing if one.request["make"] == "register"]


def test_an_address_at_which_there_is_no_jira_is_told() -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    (only,) = found(site, url="https://jira.example.org/ex/jira/of-somebody-else").values()
    assert only.stops
    assert "the source's `url`" in only.mend


def test_a_refused_login_stops_everything(site: Site) -> None:
    (only,) = found(site, auth=token("expired")).values()
    assert only.stops
    assert "token" in only.mend


def _with_effects_on(adapter: Jira, *outputs: str) -> dict[str, Finding]:
    adapter.client.source = replace(adapter.client.source, effects=dict.fromkeys(outputs, "on"))
    return {one.what: one for one in adapter.check()}


def test_rights_that_effects_need_are_told_before_they_are_refused(site: Site) -> None:
    outputs = ("fields", "note", "create.problem")
    assert _with_effects_on(site.adapter(), *outputs)["rights in DESK"].fine
    finding = _with_effects_on(site.adapter(user="reader"), *outputs)["rights in DESK"]
    assert (finding.fine, finding.detail) == (False, "not given: Link Issues, Edit Issues")


def test_rights_are_not_asked_for_what_is_switched_off(site: Site) -> None:
    assert "rights in DESK" not in _with_effects_on(site.adapter(user="reader"))


def test_a_site_that_tells_no_rights_is_no_problem(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = site.adapter()
    get = adapter.client.get

    def less(path: str, *told: Any, **more: Any) -> Any:
        if path.endswith("/mypermissions"):
            raise Gone("no such address")
        return get(path, *told, **more)

    monkeypatch.setattr(adapter.client, "get", less)
    finding = _with_effects_on(adapter, "note")["rights in DESK"]
    assert finding.fine
    assert "cannot be asked" in finding.detail


def test_who_is_no_agent_is_told_what_licence_is_missing(site: Site) -> None:
    finding = found(site, user="reader")["agent licence"]
    assert not finding.fine
    assert "licence" in finding.mend


def test_a_login_for_another_sort_of_jira_is_told() -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    findings = found(site, auth=pat())
    assert findings["deployment"].fine
    adapter = new_site().adapter(auth=pat())
    (only,) = adapter.check()
    assert only.stops


def test_words_that_the_mapping_does_not_cover_are_counted(site: Site) -> None:
    site.ready()
    for name in ("one", "two"):
        site.jira.create(name, priority=add_priority(site))
    finding = found(site)["incident.priority"]
    assert finding.detail == "2 records hold 'Someday', not mapped"
    assert "values" in finding.mend


def add_priority(site: Site) -> str:
    site.jira.site.setup.priorities["9"] = "Someday"
    return "9"


def with_field(site: Site, name: str, origin: str) -> Catalogue:
    catalogue = site.adapter().catalogue
    given = catalogue.records["incident"]
    field = replace(given.fields["category"], name=name, origin=origin, shipped=False)
    mapping = replace(given, fields={**given.fields, name: field})
    return replace(catalogue, records={**catalogue.records, "incident": mapping})


def test_a_field_that_is_gone_is_told_with_what_may_be_meant(site: Site) -> None:
    with pytest.raises(Wrong, match=r"no field 'Ugrency'.*did you mean 'Urgency'"):
        site.adapter(mapping=with_field(site, "region", "Ugrency")).prepare(["incident"])


def test_a_field_id_that_is_gone_is_told(site: Site) -> None:
    with pytest.raises(Wrong, match="no field 'customfield_99999'"):
        site.adapter(mapping=with_field(site, "region", "customfield_99999")).prepare(["incident"])


def test_a_name_that_two_fields_share_is_refused_with_both_ids(site: Site) -> None:
    first = site.jira.site.setup.fields[site.field("Urgency")]
    site.jira.site.setup.fields.add(replace(first, id="customfield_10999"))
    with pytest.raises(Wrong, match=rf"several fields named 'Urgency' \({first.id}, customfield_10999\)"):
        site.adapter().prepare(["incident"])
    catalogue = with_field(site, "urgency", first.id)
    given = catalogue.records["incident"]
    written = {name: origin for name, origin in given.write.fields.items() if name != "urgency"}
    told_apart = replace(given, write=replace(given.write, fields=written))
    mapping = replace(catalogue, records={**catalogue.records, "incident": told_apart})
    site.adapter(mapping=mapping).prepare(["incident"])


def test_a_second_run_relies_on_what_the_first_found_out(site: Site) -> None:
    learned = site.adapter().prepare(["incident"])
    before = site.sandbox.requests.total()
    assert site.adapter().prepare(["incident"], learned) == learned
    assert site.sandbox.requests.total() == before


@pytest.mark.parametrize("switch", ["on", "plan"])
def test_a_type_that_only_another_project_has_is_told_before_it_is_needed(site: Site, switch: str) -> None:
    adapter = site.ready()
    adapter.client.source = replace(adapter.client.source, effects={"create.review": switch})
    task = site.jira.site.setup.type_named("Task")
    site.jira.site.setup.projects["DESK"].types.remove(task.id)
    adapter.forget()
    finding = {one.what: one for one in adapter.check()}["new review"]
    assert finding.fine == (switch == "plan")
    assert finding.detail == "the project DESK has no issue type 'Service review' or 'Task'"
    assert "issue type scheme" in finding.mend
    assert "mappings/jira/review.yaml" in finding.mend
