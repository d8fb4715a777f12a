"""Every kind on ServiceNow: its mapping loads, its fields are on the sandbox, what is written reads back.

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
from connector.model.instant import SECOND
from connector.model.kind import FieldType
from connector.model.record import Reference
from connector.platforms.servicenow.fields import lacking, learn
from connector.platforms.servicenow.spelling import ServiceNowSpelling
from tests.platforms.site import NOW, Site, new_site

CATALOGUE = load_catalogue("servicenow", base=Path())
KINDS = sorted(CATALOGUE.records)
READ = sorted(kind for kind, record in CATALOGUE.records.items() if record.fields)
WRITTEN = sorted(
    kind for kind, record in CATALOGUE.records.items() if record.write.key and record.write.fields
)
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


def test_every_kind_has_a_place_on_servicenow() -> None:
    assert set(CATALOGUE.records) == set(shipped_kinds())


@pytest.mark.parametrize("name", sorted(shipped_kinds()))
def test_every_kind_says_what_it_is_for(name: str) -> None:
    kind = shipped_kinds()[name]
    assert kind.work_product
    assert [field.name for field in kind.fields.values() if not field.meaning] == []


@pytest.fixture(scope="module")
def site() -> Site:
    made = new_site()
    adapter = made.adapter()
    list(adapter.provision(adapter.provisions()))
    return made


@pytest.mark.parametrize("kind", READ)
def test_every_mapped_field_exists(site: Site, kind: str) -> None:
    adapter = site.adapter()
    mapping = adapter.mapping(kind)
    learn(adapter.dictionary, [mapping])
    assert [str(one.problem) for one in lacking(adapter.client, adapter.dictionary, mapping)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_target_of_a_write_exists(site: Site, kind: str) -> None:
    adapter = site.adapter()
    mapping = CATALOGUE.records[kind]
    adapter.dictionary.learn([mapping.table])
    write = mapping.write
    wanted = {*write.fields.values(), *write.constants, *filter(None, (write.key, write.note, write.comment))}
    assert not mapping.table or wanted - set(adapter.dictionary.columns(mapping.table)) == set()


def a_value(given: FieldMapping) -> st.SearchStrategy[Any]:
    """Any canonical value the field can hold, to the second and as a platform's text can carry it."""
    if given.values:
        words = st.sampled_from(sorted(set(given.values.values())))
        return st.none() | words.map(lambda word: converted(word, given.type))
    plain: dict[FieldType, st.SearchStrategy[Any]] = {
        FieldType.INTEGER: st.integers(-(10**9), 10**9),
        FieldType.NUMBER: st.floats(-1e6, 1e6).map(lambda number: round(number, 4)),
        FieldType.BOOLEAN: st.booleans(),
        FieldType.DATETIME: st.integers(0, 4 * 10**9).map(lambda seconds: seconds * SECOND),
        FieldType.DURATION: st.integers(0, 10**8).map(lambda seconds: seconds * SECOND),
        FieldType.LIST: st.lists(_WORDS.filter(lambda w: "," not in w and w == w.strip()), min_size=1),
        FieldType.REFERENCE: st.from_regex(r"[0-9a-f]{32}", fullmatch=True).map(Reference),
    }
    return st.none() | plain.get(given.type, _WORDS)


def directly(mapping: RecordMapping) -> dict[str, FieldMapping]:
    """The fields that can be written: not along a reference, not reckoned from others."""
    return {
        name: one for name, one in mapping.fields.items()
        if not (one.journal or one.since or "." in one.origin)
    }  # fmt: skip


@pytest.mark.parametrize("kind", READ)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back_the_same(kind: str, data: st.DataObject) -> None:
    """For every field by itself: canonical → raw → canonical loses nothing."""
    mapping = CATALOGUE.records[kind]
    translation = Translation("acme", mapping, ServiceNowSpelling())
    for name, one in directly(mapping).items():
        value = data.draw(a_value(one), label=name)
        raw = {one.origin: translation.raw(name, value, CATALOGUE.kinds[kind])}
        unmapped: Counter[tuple[str, str, str]] = Counter()
        assert translation.field(raw, one, unmapped) == value
        assert not unmapped


@pytest.mark.parametrize("kind", READ)
def test_a_raw_record_gives_only_declared_fields(kind: str) -> None:
    mapping = CATALOGUE.records[kind]
    record = Translation("acme", mapping, ServiceNowSpelling()).record({"sys_id": "1" * 32}, Counter())
    assert set(record.fields) | set(mapping.journals) <= set(CATALOGUE.kinds[kind].fields)


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if kind != "achievement"])
def test_a_record_that_is_created_can_be_read(site: Site, kind: str) -> None:
    adapter = site.adapter()
    mapping = CATALOGUE.records[kind]
    title = next(name for name in ("title", "description", "name") if name in mapping.write.fields)
    effect = Effect(f"{kind:0<64}", Output.CREATE, "acme", "queue", {"kind": kind, "fields": {title: kind}})
    (request,) = adapter.compose([effect], {})
    (answer,) = adapter.send([request])
    assert answer.remote_id is not None, answer.words
    assert adapter.find([request]) == [answer.remote_id]
    (record,) = adapter.read(kind, [answer.remote_id]).records
    assert record.fields[title] == kind


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
table: u_weather
key: u_key
fields:
  key: u_key
  title: u_title
  state: {from: u_state, values: {sun: fine, rain: foul}}
  wind: u_wind
  at: u_at
write: {key: u_key, fields: [title, state, wind, at]}
provision:
  label: Weather
  columns:
    u_key: {type: string, length: 64, unique: true}
    u_title: {type: string, length: 100}
    u_state: {type: string, length: 40}
    u_wind: {type: float}
    u_at: {type: datetime}
"""


def test_a_new_kind_in_a_table_of_its_own_needs_no_python(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds/weather.yaml").write_text(WEATHER_KIND)
    (tmp_path / "weather.yaml").write_text(WEATHER)
    (tmp_path / "mapping.yaml").write_text("mapping: ours\nplatform: servicenow\nextends: servicenow\n")
    site = new_site()
    adapter = site.adapter(mapping=load_catalogue(str(tmp_path), base=tmp_path))
    list(adapter.provision(adapter.provisions()))
    values = {"title": "a storm", "state": "foul", "wind": 31.5, "at": NOW}
    effect = Effect("c" * 64, Output.CREATE, "acme", "queue", {"kind": "weather", "fields": values})
    adapter.send(adapter.compose([effect], {}))
    adapter = site.adapter(mapping=adapter.catalogue)
    adapter.prepare(["weather"])
    (record,) = [record for page in adapter.sweep("weather", None, NOW) for record in page.records]
    assert record.fields == {"key": "c" * 64, **values}
