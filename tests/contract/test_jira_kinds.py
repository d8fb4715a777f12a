"""Every kind on Jira: its mapping loads, what the sandbox has is found, what is written reads back.

A kind is picked up by its files alone; nothing here names one, but for a kind made up on the spot.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mappings.catalogue import FieldMapping, RecordMapping
from connector.mappings.kinds import shipped_kinds
from connector.mappings.reader import load_catalogue
from connector.mappings.translate import Translation, converted
from connector.model.effect import Effect, Output
from connector.model.kind import FieldType
from connector.model.record import Reference
from connector.platforms.jira.adapter import Jira
from connector.platforms.jira.facts import JiraField
from connector.platforms.jira.fields import types_of
from connector.platforms.jira.spelling import JiraSpelling, shaped
from tests.contract.test_kinds import CATALOGUE as ON_SERVICENOW
from tests.platforms.jira.site import NOW, Site, new_site

CATALOGUE = load_catalogue("jira", base=Path())
READ = sorted(kind for kind, record in CATALOGUE.records.items() if record.fields)
WRITTEN = sorted(kind for kind, record in CATALOGUE.records.items() if record.write.fields)
TICKETS = [kind for kind in READ if CATALOGUE.kinds[kind].is_ticket]


@pytest.fixture(scope="module")
def site() -> Site:
    made = new_site()
    made.ready()
    return made


@pytest.fixture(scope="module")
def adapter(site: Site) -> Jira:
    return site.adapter()


def test_every_kind_has_a_place_on_jira() -> None:
    assert set(CATALOGUE.records) == set(shipped_kinds())


def test_a_kind_that_is_written_on_one_platform_is_written_on_the_other() -> None:
    on_servicenow = {kind for kind, record in ON_SERVICENOW.records.items() if record.write.fields}
    assert on_servicenow - {"achievement"} == set(WRITTEN)  # achievements go into a property here


@pytest.mark.parametrize("kind", TICKETS)
def test_a_field_is_of_one_type_on_both_platforms(kind: str) -> None:
    """A rule file reads fields of ours, wherever they come from."""
    here, there = CATALOGUE.records[kind].fields, ON_SERVICENOW.records[kind].fields
    both = here.keys() & there.keys()
    assert {name: here[name].type for name in both} == {name: there[name].type for name in both}
    every_rule = {"state", "priority", "assignee", "assignment_group", "requester", "service", "customer"}
    assert every_rule | {"opened", "resolved", "public_reply", "work_note"} <= both


@pytest.mark.parametrize("kind", READ)
def test_a_kind_can_be_read_or_says_what_it_comes_with(adapter: Jira, kind: str) -> None:
    problem = adapter.place_problem(adapter.given(kind))
    if problem is not None:
        comes_with = adapter.given(kind).optional
        assert comes_with
        assert comes_with in (problem.hint or "")
        return
    adapter.prepare([kind])
    for page in adapter.sweep(kind, None, NOW):
        assert not page.aside


def a_value(given: FieldMapping, field: JiraField) -> st.SearchStrategy[Any]:
    """Any canonical value the field can hold, as the site's type can carry it."""
    if given.values:
        words = st.sampled_from(sorted(set(given.values.values())))
        return st.none() | words.map(lambda word: converted(word, given.type))
    days = st.integers(0, 20_000).map(lambda day: day * 86_400_000)
    letters = st.sampled_from("abcXYZ019äöß\"\\{}[]*_'<>&")
    text = st.text(letters, min_size=1, max_size=30)
    ids = st.uuids().map(str) if field.type == "group" else st.integers(1, 10**6).map(str)
    plain: dict[FieldType, st.SearchStrategy[Any]] = {
        FieldType.INTEGER: st.integers(-(10**9), 10**9),
        FieldType.NUMBER: st.floats(-1e6, 1e6).map(lambda number: round(number, 4)),
        FieldType.DATETIME: days if field.type == "date" else st.integers(0, 4 * 10**12),
        FieldType.REFERENCE: ids.map(Reference),
    }
    return st.none() | plain.get(given.type, text)


def shown(field: JiraField, value: Any) -> Any:
    """What the site shows of what was written: of organisations, written by number, objects."""
    if field.items == "sd-customerorganization" and isinstance(value, list):
        return [{"id": one} for one in value]
    return value


@pytest.mark.parametrize("kind", WRITTEN)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back_the_same(kind: str, data: st.DataObject) -> None:
    """For every field by itself: canonical → as the site takes it → as it shows it → canonical."""
    mapping = READY.mapping(kind)
    translation = Translation("desk", mapping, JiraSpelling())
    for name, origin in both_ways(mapping).items():
        field, one = READY.facts.fields[origin], mapping.fields[name]
        value = data.draw(a_value(one, field), label=name)
        plain = translation.raw(name, value, CATALOGUE.kinds[kind])
        raw = {"fields": {origin: shown(field, shaped(field, plain, is_cloud=True))}}
        unmapped: Counter[tuple[str, str, str]] = Counter()
        assert translation.field(raw, one, unmapped) == value
        assert not unmapped


READY = new_site().ready()


def both_ways(mapping: RecordMapping) -> dict[str, str]:
    """The fields that are written to the very place they are read from."""
    return {
        name: origin for name, origin in mapping.write.fields.items()
        if name in mapping.fields and mapping.fields[name].origin == origin
    }  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_record_that_is_created_can_be_read_and_swept(site: Site, kind: str) -> None:
    adapter = site.adapter()
    adapter.prepare([kind])
    mapping = adapter.mapping(kind)
    assert types_of(adapter.facts, mapping)
    title = next((name for name in ("title", "description") if name in both_ways(mapping)), None)
    values = {title: f"a {kind}"} if title else {}
    effect = Effect(f"{kind:0<64}", Output.CREATE, "desk", "queue", {"kind": kind, "fields": values})
    (request,) = adapter.compose([effect], {})
    (answer,) = adapter.send([request])
    assert answer.remote_id is not None, answer.words
    assert adapter.find([request]) == [answer.remote_id]
    (record,) = adapter.read(kind, [answer.remote_id]).records
    assert title is None or record.fields[title] == f"a {kind}"
    assert answer.remote_id in {one.id for page in adapter.sweep(kind, None, NOW) for one in page.records}


def test_records_of_one_kind_are_not_swept_as_another() -> None:
    site = new_site()
    adapter = site.ready()
    made = [kind for kind in WRITTEN if not CATALOGUE.kinds[kind].is_ticket]
    for kind in made:
        effect = Effect(f"{kind:0<64}", Output.CREATE, "desk", "queue", {"kind": kind, "fields": {}})
        adapter.send(adapter.compose([effect], {}))
    adapter.prepare(made)
    assert {kind: sum(len(part) for part in adapter.ids(kind)) for kind in made} == dict.fromkeys(made, 1)


WEATHER_KIND = """
kind: weather
work_product: Service Event Data
fields:
  key: {type: string, meaning: identity}
  title: {type: text, meaning: in words}
  state: {type: string, values: [fine, foul], meaning: how it is}
  wind: {type: number, meaning: metres a second}
  at: {type: datetime, meaning: when}
"""
WEATHER = """
extends: issue
issue_type: [Task]
jql: labels = weather
fields:
  updated: null
  state: {from: status, values: {"category:new": fine, "category:done": foul}}
  wind: Wind
  at: Seen at
write:
  constants: {labels: weather}
  fields: {title: summary, wind: Wind, at: Seen at}
provision:
  columns:
    Wind: {type: float}
    Seen at: {type: datetime}
"""


def test_a_new_kind_needs_no_python(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds/weather.yaml").write_text(WEATHER_KIND)
    (tmp_path / "weather.yaml").write_text(WEATHER)
    (tmp_path / "mapping.yaml").write_text("mapping: ours\nplatform: jira\nextends: jira\n")
    site = new_site()
    adapter = site.adapter(mapping=load_catalogue(str(tmp_path), base=tmp_path))
    list(adapter.provision([one for one in adapter.provisions() if not one.present]))
    values = {"title": "a storm", "wind": 31.5, "at": NOW}
    effect = Effect("c" * 64, Output.CREATE, "desk", "queue", {"kind": "weather", "fields": values})
    (answer,) = adapter.send(adapter.compose([effect], {}))
    assert answer.remote_id is not None, answer.words
    adapter = site.adapter(mapping=adapter.catalogue)
    adapter.prepare(["weather"])
    (record,) = [record for page in adapter.sweep("weather", None, NOW) for record in page.records]
    assert record.fields == {"key": record.key, "state": "fine", **values}
