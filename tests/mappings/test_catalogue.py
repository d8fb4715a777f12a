"""Mapping files: laid over each other key by key, and every mistake told with its place."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from connector.errors import Wrong
from connector.mappings.catalogue import Catalogue
from connector.mappings.kinds import read_kinds, shipped_kinds
from connector.mappings.reader import load_catalogue
from connector.mappings.shapes import mapping_schema
from connector.mappings.translate import Translation, Unreadable
from connector.model.kind import FieldType
from connector.model.record import Reference
from connector.paths import shipped
from connector.platforms.servicenow.spelling import ServiceNowSpelling

# Design, §3: the fields that all ticket kinds share.
SHARED = set(
    """
    key title state priority severity impact urgency category subcategory request_type channel
    service ci location company customer plan requester opened_by assignment_group assignee opened
    acknowledged_at updated resolved closed hold_reason resolution workaround root_cause parent
    reopened public_reply work_note
    """.split()  # noqa: SIM905 (as the design lists them)
)

ROOT = "mapping: ours\nplatform: servicenow\nextends: servicenow\n"


def load(folder: Path, **files: str) -> Catalogue:
    """A site's own folder; `incident="…"` is its incident.yaml."""
    files.setdefault("mapping", ROOT)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_catalogue(str(folder), base=folder)


def wrong(folder: Path, **files: str) -> str:
    with pytest.raises(Wrong) as told:
        load(folder, **files)
    return str(told.value)


@pytest.mark.parametrize("name", ["incident", "problem", "request", "change"])
def test_tickets_share_their_fields(name: str) -> None:
    kind = shipped_kinds()[name]
    assert kind.is_ticket
    assert set(kind.fields) >= SHARED


def test_what_is_shared_is_no_kind_of_its_own() -> None:
    assert "ticket" not in shipped_kinds()
    assert "ticket" not in load_catalogue("servicenow", base=Path()).records


def test_a_site_states_only_what_differs(tmp_path: Path) -> None:
    ours = load(tmp_path, incident="fields:\n  service: u_service.name\n  state: {values: {9: on_hold}}\n")
    shipped = load_catalogue("servicenow", base=tmp_path)
    incident = ours.records["incident"]
    assert incident.fields["service"].origin == "u_service.name"
    assert incident.fields["state"].values == {
        **shipped.records["incident"].fields["state"].values,
        "9": "on_hold",
    }
    assert incident.fields["title"] == shipped.records["incident"].fields["title"]
    assert ours.records["problem"] == shipped.records["problem"]


def test_null_takes_away_and_a_list_replaces(tmp_path: Path) -> None:
    ours = load(tmp_path, incident="fields: {severity: null}\nauthors: {automation: {users: [robot]}}\n")
    assert "severity" not in ours.records["incident"].fields
    assert ours.records["incident"].authors["automation"].users == ("robot",)
    gone = load(tmp_path, mapping=ROOT + "records: {metric: null}\n")
    assert "metric" not in gone.records


def test_one_file_may_hold_everything(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(ROOT + "records:\n  incident:\n    scope: active=true\n")
    assert load_catalogue("all.yaml", base=tmp_path).records["incident"].scope == "active=true"


def test_mappings_may_be_laid_in_several_layers(tmp_path: Path) -> None:
    (tmp_path / "region").mkdir()
    (tmp_path / "region/mapping.yaml").write_text(ROOT + "records: {incident: {scope: active=true}}\n")
    (tmp_path / "mapping.yaml").write_text("mapping: city\nplatform: servicenow\nextends: region\n")
    ours = load_catalogue(str(tmp_path), base=tmp_path)
    assert (ours.name, ours.records["incident"].scope) == ("city", "active=true")


def test_a_mapping_laid_over_one_of_another_platform_is_told_once(tmp_path: Path) -> None:
    told = wrong(tmp_path, mapping="mapping: ours\nplatform: jira\nextends: servicenow\n")
    assert told == (
        f"{tmp_path}/mapping.yaml:2:11: `platform` is 'jira', but 'servicenow', which it extends, is a"
        " mapping for 'servicenow'; let both name the same platform"
    )


def test_a_circle_is_told(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.yaml").write_text(
            f"mapping: {one}\nplatform: servicenow\nextends: {other}.yaml\n"
        )
    with pytest.raises(Wrong, match="extends itself"):
        load_catalogue("a.yaml", base=tmp_path)


def test_a_field_of_its_own_states_its_type(tmp_path: Path) -> None:
    ours = load(
        tmp_path, incident="fields:\n  vip: {from: caller_id.vip, type: boolean}\n  region: u_region\n"
    )
    fields = ours.kinds["incident"].fields
    assert (fields["vip"].type, fields["region"].type) == (FieldType.BOOLEAN, FieldType.STRING)
    assert "vip" not in ours.kinds["problem"].fields


@pytest.mark.parametrize(
    ("incident", "expected"),
    [
        ("fields:\n  piority: priority\n", "incident.yaml:2:3: kind incident has no field 'piority'; did"),
        ("fields:\n  state: {values: {4: onhold}}\n", "incident.yaml:2:23: 'onhold' is no value of state"),
        ("feilds:\n  title: x\n", "incident.yaml:1:1: unknown key 'feilds'; did you mean 'fields'?"),
        ("scope: a=b^NQc=d\n", "incident.yaml:1:8: `scope`: '^NQ' may not stand in a scope"),
        (
            "fields:\n  hold_reason: {from: hold_reason, by_status: {x: awaiting_caller}}\n",
            "incident.yaml:2:47: `by_status` is for mappings of Jira; use `values`",
        ),
        ("scope: a=b^ORDERBYnumber\n", "incident.yaml:1:8: `scope`: '^ORDERBY' may not stand in a scope"),
        ("scope: a=b^RLQUERYx\n", "may not stand in a scope"),
        ("history: {from: sys_audti}\n", "incident.yaml:1:17: `from`: 'sys_audti' is not one of"),
        ("history: {from: timestamps}\n", "timestamps need the `dates`"),
        ("history: {from: timestamps, dates: {state: {nwe: opened_at}}}\n", "'nwe' is no value of state"),
        ("fields:\n  priority: {from: priority, values: {1: high}}\n", "priority: 'high' is no integer"),
        ("fields:\n  title: {type: text}\n", "either `from: FIELD` or `journal: FIELD`"),
        ("write: {fields: {sla_stat: u_x}}\n", "incident.yaml:1:18: kind incident has no field 'sla_stat'"),
        ("write: {fields: [titel]}\n", "do not say where 'titel' stands; did you mean 'title'?"),
        ("authors: {agent: {fields: [asignee]}}\n", "has no field 'asignee'; did you mean 'assignee'?"),
        ("provision: {columns: {u_x: {type: string}}}\n", "a string column states its length"),
        ("provision: {columns: {u_x: {type: reference}}}\n", "a reference column states its table"),
        ("extends: tikcet\n", "there is no record 'tikcet' to extend; did you mean 'ticket'?"),
        ("table: [x]\n", "incident.yaml:1:8"),
    ],
)  # fmt: skip
def test_mistakes_name_their_place_and_a_guess(tmp_path: Path, incident: str, expected: str) -> None:
    assert expected in wrong(tmp_path, incident=incident)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = wrong(tmp_path, incident="fields:\n  piority: priority\n", problem="scope: a^NQb\n")
    assert told.count("\n") == 1


def test_a_mistake_in_an_inherited_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/mapping.yaml").write_text(ROOT + "records: {incident: {scope: a^NQb}}\n")
    (tmp_path / "mapping.yaml").write_text("mapping: x\nplatform: servicenow\nextends: base\n")
    with pytest.raises(Wrong, match=r"base/mapping\.yaml:4:"):
        load_catalogue(str(tmp_path), base=tmp_path)


def test_an_unknown_kind_says_where_to_declare_it(tmp_path: Path) -> None:
    assert "declare it in kinds/weather.yaml" in wrong(tmp_path, weather="table: u_weather\n")
    assert "did you mean 'incident'?" in wrong(tmp_path, incidnet="table: incident\n", weather="{}")


def test_an_unknown_mapping_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="did you mean 'servicenow'"):
        load_catalogue("servicenwo", base=tmp_path)


def test_a_folder_without_its_root_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match=r"it has no mapping\.yaml"):
        load_catalogue(str(tmp_path), base=tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: x\nextends: tikcet\n", "x.yaml:2:10: there is no kind 'tikcet'"),
        ("kind: x\nextends: x\n", "extends itself"),
        ("kind: x\nfields: {a: {type: sting}}\n", "x.yaml:2:20: `type`: 'sting' is not one of"),
        ("kind: x\nfeilds: {}\n", "x.yaml:2:1: unknown key 'feilds'"),
    ],
)
def test_mistakes_in_a_kind_name_their_place(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(Wrong) as told:
        read_kinds([tmp_path])
    assert expected in str(told.value)


@pytest.mark.parametrize("file", sorted(shipped("mappings").glob("servicenow/*.yaml")), ids=lambda p: p.stem)
def test_the_schema_for_editors_takes_what_ships(file: Path) -> None:
    written = json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8"))))
    jsonschema.validate(written, mapping_schema())


def translation() -> Translation:
    return Translation(
        "acme", load_catalogue("servicenow", base=Path()).records["incident"], ServiceNowSpelling()
    )


def test_values_are_compared_as_text_and_an_empty_one_is_none() -> None:
    unmapped: Counter[tuple[str, str, str]] = Counter()
    record = translation().record({"sys_id": "1", "state": 6, "hold_reason": "", "priority": "2"}, unmapped)
    assert (record.fields["state"], record.fields["hold_reason"], record.fields["priority"]) == (
        "resolved",
        None,
        2,
    )
    assert not unmapped


def test_what_is_not_mapped_is_kept_as_it_is_and_counted() -> None:
    unmapped: Counter[tuple[str, str, str]] = Counter()
    for _ in range(3):
        record = translation().record({"sys_id": "1", "state": "9", "priority": "P1"}, unmapped)
    assert (record.fields["state"], record.fields["priority"]) == ("9", "P1")
    assert unmapped == {("incident", "state", "9"): 3, ("incident", "priority", "P1"): 3}


def test_a_default_stands_for_an_empty_value_only(tmp_path: Path) -> None:
    ours = load(tmp_path, incident="fields: {plan: {from: u_plan, values: {g: gold}, default: bronze}}\n")
    ours_translation = Translation("acme", ours.records["incident"], ServiceNowSpelling())
    unmapped: Counter[tuple[str, str, str]] = Counter()
    plans = [
        ours_translation.record({"sys_id": "1", "u_plan": raw}, unmapped).fields["plan"]
        for raw in ("", "g", "s")
    ]
    assert plans == ["bronze", "gold", "s"]


def test_a_reference_has_id_and_name() -> None:
    raw = {"sys_id": "1", "assignment_group": "7" * 32, "assignment_group.name": "Network"}
    assert translation().record(raw, Counter()).fields["assignment_group"] == Reference("7" * 32, "Network")


@pytest.mark.parametrize(
    "raw", [{"sys_id": "1", "opened_at": "02.03.2026"}, {"opened_at": "2026-03-02 08:00:00"}]
)
def test_a_record_that_cannot_be_read_says_why(raw: dict[str, str]) -> None:
    with pytest.raises(Unreadable, match=r"opened_at holds '02\.03\.2026'|no sys_id"):
        translation().record(raw, Counter())
