"""A site whose store holds one open incident, for commands that read the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.evaluate import evaluate
from connector.model.instant import parse_instant
from connector.model.record import Record
from connector.site import load_site
from connector.store import cycles, open_store, sources, tickets
from connector.world import World

AT = parse_instant("2026-11-02T09:00:00Z")
WORLD = World(now=lambda: AT, environ={})
CONFIG = """\
sources:
  acme:
    platform: servicenow
    url: https://acme.example
    auth: {type: basic, user: u, password: env:P}
"""
RULES = """\
agreement: desk
type: sla
applies_to: {record: incident}
targets: {resolution: {is: resolution, within: [{time: 4h}]}}
objectives: {in-time: {attained: resolution, at_least: 95%}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site whose store holds one open incident, late since October."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "desk.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    site = load_site(tmp_path / "config.yaml", WORLD)
    fields = {"opened": parse_instant("2026-10-05T09:00:00Z"), "state": "new"}
    record = Record("incident", "acme", "1", "INC1", fields)
    store = open_store(site.config.store, WORLD)
    with store.begin() as tx:
        sources.meet(tx, "acme", "https://acme.example", 0)
        tickets.put(tx, [tickets.Reading(record, "digest", AT)], {})
        found = evaluate([record], site.book, at=AT, kinds=site.kinds).cycles()
        cycles.put(tx, "acme", "incident", ["1"], [(cycle, {}) for cycle in found])
        sources.move_watermark(tx, "acme", AT)
    store.close()
    return tmp_path / "config.yaml"
