"""The present of a run: the world's, or one that a rehearsal sets.

Rehearsed time would spoil a real store: tickets would be announced before their time, or never. So a store
whose first run was real takes no other, and in none does time run backwards.
"""

from __future__ import annotations

from connector.errors import AccordError
from connector.model.instant import Instant, format_instant
from connector.store import Store, Transaction, about, runs


def present(store: Store, rehearsed: Instant | None) -> Instant:
    """The run's now. Raises AccordError for a *rehearsed* one that the store cannot take."""
    with store.read() as tx:
        last = about.get(tx, about.REHEARSED_NOW)
        is_new = not runs.last(tx, 1)
    if rehearsed is not None and last is None and not is_new:
        raise AccordError(
            "--now is for rehearsals, and this store has seen real runs",
            hint="rehearse with a store of its own: another `store:` in a copy of the configuration",
        )
    now = store.world.now() if rehearsed is None else rehearsed
    if last is not None and now < int(last):
        raise AccordError(
            f"the last run of this store was at {format_instant(int(last))}; time does not run backwards",
            hint="give --now a later instant",
        )
    return now


def note_present(tx: Transaction, now: Instant, *, is_rehearsed: bool) -> None:
    """Remember a rehearsed present, and any other in a store that has rehearsed."""
    if is_rehearsed or about.get(tx, about.REHEARSED_NOW) is not None:
        about.put(tx, about.REHEARSED_NOW, str(now))
