"""What a person may do about effects that have not gone out: look at them, try them again, forget them.

Whatever a request may have brought is looked up before it is sent again; only what cannot be looked up
(mail) is repeated on a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.errors import AccordError
from connector.store import Transaction, backlog, queues
from connector.store.effectrows import HELD, READY, SET_ASIDE, Waiting

SHORTEST = 6  # digits of a key that are enough to name it


def named(tx: Transaction, words: Sequence[str], source: str | None = None) -> list[Waiting]:
    """The effects that *words* name: the beginning of a key, or a ticket's key (all of its effects).

    Raises AccordError for a word that names none.
    """
    waiting = backlog.every(tx, source)
    found: dict[str, Waiting] = {}
    for word in words:
        meant = [one for one in waiting if _is_meant(one, word)]
        if not meant:
            hint = "`accord outbox list` shows keys and tickets; what has arrived is not there any more"
            raise AccordError(f"nothing in the outbox is called {word!r}", hint=hint)
        found |= {one.effect.key: one for one in meant}
    return list(found.values())


def retry(tx: Transaction, chosen: Sequence[Waiting]) -> tuple[int, list[Waiting]]:
    """Try effects again that were set aside; how many, and those of *chosen* that were not."""
    ready = [one for one in chosen if one.state == SET_ASIDE]
    queues.revive(tx, [one.effect.key for one in ready])
    return len(ready), [one for one in chosen if one.state != SET_ASIDE]


def drop(tx: Transaction, chosen: Sequence[Waiting]) -> tuple[int, list[Waiting]]:
    """Forget effects that are not being sent; how many, and those of *chosen* that are."""
    idle = [one for one in chosen if one.state in (HELD, SET_ASIDE) or _is_not_begun(one)]
    queues.drop(tx, [one.effect.key for one in idle])
    return len(idle), [one for one in chosen if one not in idle]


def _is_not_begun(one: Waiting) -> bool:
    return one.state == READY and not one.attempt


def _is_meant(one: Waiting, word: str) -> bool:
    by_key = len(word) >= SHORTEST and one.effect.key.startswith(word.lower())
    ticket = one.effect.ticket
    return by_key or (ticket is not None and ticket.key.lower() == word.lower())
