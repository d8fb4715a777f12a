"""What a rule sees of a ticket does not depend on which tickets are read or judged together with it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.model.instant import HOUR, MINUTE
from connector.stages import judge
from connector.store.schema import cycles
from tests.journeys.place import Place

RULES = """
agreement: network-ola
type: ola
version: 1
applies_to: {record: incident}
targets:
  hands-on: {is: stint, group: network, within: [{time: 2h}]}
"""


def desk(folder: Path) -> Place:
    """A desk whose groups may not be read: a history tells them by id, a ticket shows the name of its own."""
    made = Place(folder, rules=RULES, quirks={"denied_tables": frozenset({"sys_user_group"})})
    made.setup()
    return made


def group(place: Place, name: str) -> str:
    row = place.sandbox.servicenow.instance.insert("sys_user_group", {"name": name})
    return row[0]


def stints(place: Place) -> list[str]:
    """The states of all cycles, by ticket."""
    with closing(place.open_store()) as store, store.read() as tx:
        return list(tx.execute(sa.select(cycles.c.state).order_by(cycles.c.ticket_key)).scalars())


def play(place: Place, *, in_steps: bool) -> list[str]:
    """Two tickets leave the network group; a third, of which its name is learnt, comes to it later."""
    network, hardware = group(place, "network"), group(place, "hardware")
    past = [place.open(assignment_group=network) for _ in range(2)]
    place.pass_(HOUR)
    for sys_id in past:
        place.change(sys_id, assignment_group=hardware)
    place.pass_(5 * MINUTE)
    if in_steps:
        place.sync()
        assert stints(place) == []  # nobody has told yet what the group is called
    place.open(assignment_group=network)
    place.pass_(5 * MINUTE)
    place.sync()
    return stints(place)


@pytest.mark.parametrize("batch", [1, 2000])
@pytest.mark.parametrize("in_steps", [False, True])
def test_tickets_read_and_judged_in_any_slices_are_judged_alike(
    batch: int, in_steps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name learnt later has those tickets judged again that had told its id alone."""
    monkeypatch.setattr(judge, "BATCH", batch)
    assert play(desk(tmp_path), in_steps=in_steps) == ["met", "met", "running"]
