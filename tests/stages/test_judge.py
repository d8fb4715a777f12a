"""A judgement that is cut short goes on, and is not taken for a whole one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.decide import load_wording
from connector.model.effect import Held
from connector.model.instant import HOUR, MINUTE
from connector.platforms.registry import open_platform
from connector.pull.pull import pull
from connector.pull.stop import Stop
from connector.stages import judge as judging
from connector.stages.enacted import note_versions
from connector.stages.judge import judge
from connector.stages.source import Source, meet, why_cautious
from connector.store import Store, backfills, outbox, sources, text
from connector.store.effectrows import Waiting
from connector.store.schema import tickets
from tests.journeys.place import RULES, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "site")
    made.setup()
    for _ in range(5):
        made.open(urgency="1", impact="1")
    made.pass_(5 * MINUTE)
    return made


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open_store()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "BATCH", 2)


def source_of(place: Place) -> Source:
    site = place.load()
    settings, catalogue = site.config.sources["acme"], site.catalogues["acme"]
    platform = open_platform(settings, catalogue, place.world)
    return Source(site.config, settings, catalogue, site.book, platform, place.clock())


def met(place: Place, store: Store) -> Source:
    """The source as a run meets it, all of it read."""
    source = source_of(place)
    meet(store, source)
    pull(store, source.platform, source.kinds, source.settings.pull, place.world, Stop(place.world), run=1)
    return source


class After(Stop):
    """Asks to stop once that many batches were done."""

    batches = 1

    @property
    def is_asked(self) -> bool:
        self.batches -= 1
        return self.batches < 0


def known(store: Store) -> sources.Source:
    with store.read() as tx:
        found = sources.get(tx, "acme")
    assert found is not None
    return found


def test_a_first_contact_cut_short_is_still_a_first_contact(place: Place, store: Store) -> None:
    source = met(place, store)
    watermark = known(store).watermark
    judged = judge(store, source, load_wording(), watermark, After(place.world))
    assert (judged.tickets, judged.is_complete) == (2, False)
    assert why_cautious(known(store), source.book) is Held.FIRST_CONTACT
    judged = judge(store, source, load_wording(), watermark, Stop(place.world))
    assert (judged.tickets, judged.is_complete) == (3, True)
    assert why_cautious(known(store), source.book) is None


def test_a_back_fill_cut_short_goes_on_behind_its_last_slice(place: Place, store: Store) -> None:
    place.sync()
    place.write(RULES.replace("agreement: desk", "agreement: other") + "---" + RULES)
    source = met(place, store)
    stop = After(place.world)
    stop.batches = 2  # one question whether anything is new, one slice
    judged = judge(store, source, load_wording(), known(store).watermark, stop)
    assert (judged.tickets, judged.is_complete) == (2, False)
    assert judged.backfill == "rules, calendars or packages have changed: 2 of 5 tickets"
    assert why_cautious(known(store), source.book) is Held.CHANGE
    judged = judge(store, source, load_wording(), known(store).watermark, Stop(place.world))
    assert (judged.tickets, judged.is_complete, judged.backfill) == (3, True, None)
    assert judged.silent == judged.events  # it is all of the past
    with store.read() as tx:
        assert backfills.get(tx, "acme") is None
    assert why_cautious(known(store), source.book) is None


def test_a_back_fill_judges_tickets_only(place: Place, store: Store) -> None:
    """Outages, people and the platform's own cycles are kept beside them, and have no clocks."""
    place.sync()
    with store.begin() as tx:
        row = tx.execute(sa.select(tickets)).mappings().first()
        assert row is not None
        tx.execute(sa.insert(tickets).values({**row, "kind": "outage", "dirty": 0, "fields": text.dump({})}))
    place.write(RULES.replace("agreement: desk", "agreement: other") + "---" + RULES)
    judged = judge(store, met(place, store), load_wording(), known(store).watermark, Stop(place.world))
    assert (judged.tickets, judged.aside, judged.is_complete) == (5, 0, True)


@pytest.mark.parametrize(("why", "stays"), [(None, False), ("state became 'resolved'", True)])
def test_a_history_that_contradicts_its_record_takes_no_act_back(
    place: Place, store: Store, why: str | None, stays: bool
) -> None:
    """Without its history a resolved ticket looks as if no clock had ever run on it."""
    judged_now(place, store)
    place.pass_(2 * HOUR)
    judged_now(place, store)
    waiting = {act.effect.key for act in queued(store)}
    assert len(waiting) == 10  # of each of five tickets a note and a problem
    with store.begin() as tx:
        for written in tx.execute(sa.select(tickets.c.id, tickets.c.fields)).all():
            fields = text.dump({**text.load(written.fields), "state": "resolved"})
            changed = {"fields": fields, "pending_why": why, "dirty": 1, "revision": tickets.c.revision + 1}
            tx.execute(sa.update(tickets).where(tickets.c.id == written.id).values(changed))
    judge(store, source_of(place), load_wording(), known(store).watermark, Stop(place.world))
    assert {act.effect.key for act in queued(store)} == (waiting if stays else set())


def judged_now(place: Place, store: Store) -> None:
    source = met(place, store)
    note_versions(store, source.book, source.now)
    judge(store, source, load_wording(), known(store).watermark, Stop(place.world))


def queued(store: Store) -> list[Waiting]:
    with store.read() as tx:
        return outbox.in_state(tx, "acme", "ready", "held")
