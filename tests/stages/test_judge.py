"""A judgement that is cut short goes on, and is not taken for a whole one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.decide import load_wording
from connector.model.effect import Held
from connector.model.instant import MINUTE
from connector.platforms.registry import open_platform
from connector.pull.pull import pull
from connector.pull.stop import Stop
from connector.stages import judge as judging
from connector.stages.judge import judge
from connector.stages.source import Source, meet, why_cautious
from connector.store import Store, backfills, sources
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


def met(place: Place, store: Store) -> Source:
    """The source as a run meets it, all of it read."""
    site = place.load()
    settings, catalogue = site.config.sources["acme"], site.catalogues["acme"]
    platform = open_platform(settings, catalogue, place.world)
    source = Source(site.config, settings, catalogue, site.book, platform, place.clock())
    meet(store, source)
    pull(store, platform, source.kinds, settings.pull, place.world, Stop(place.world), run=1)
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
