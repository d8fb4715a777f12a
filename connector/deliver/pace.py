"""How many acts a run may do (design: Never floods). Values are paced by the governor and never held back.

Every act is decided with `Held.TURN` or, at first contact and after a change of rules, with the reason to be
careful. Only here, where all that wait are known, does it become clear which of them may go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.model.effect import Held
from connector.model.instant import Instant
from connector.store import Transaction, outbox, queues
from connector.store.effectrows import HELD, Waiting

IN_QUESTION = (Held.FIRST_CONTACT, Held.CHANGE)
IN_TURN = (Held.TURN, Held.PACED, Held.QUIET, Held.DIGEST)


@dataclass(frozen=True, slots=True)
class Paced:
    """How many acts may go now, how many follow in later runs, and how many are held until `--allow` is given
    their number (*held*)."""

    go: int
    paced: int
    held: int


@dataclass(frozen=True, slots=True)
class Release:
    """The keys of acts that may go now, that follow later, and that somebody has to allow."""

    go: tuple[str, ...]
    paced: tuple[str, ...]
    held: tuple[str, ...]


def pace_among(tx: Transaction, source: str, names: Sequence[str], now: Instant, *, limit: int) -> Paced:
    """Let at most *limit* acts into the queues *names*, of those whose only reason to wait is their turn."""
    waiting = outbox.in_state(tx, source, HELD)
    in_turn = [one for one in waiting if one.effect.queue in set(names) and one.held_why in IN_TURN]
    chosen = release(in_turn, now, limit=limit)
    outbox.release(tx, chosen.go)
    return Paced(len(chosen.go), len(chosen.paced), 0)


def pace(
    tx: Transaction,
    source: str,
    now: Instant,
    *,
    limit: int,
    allow: int | None = None,
    is_whole: bool = True,
) -> Paced:
    """Let as many of the acts that wait at *source* into their queues as this run may do. *is_whole*: all has
    been decided that the rules as they are call for."""
    held = outbox.in_state(tx, source, HELD)
    if not is_whole and allow is None:
        # How many there are is not known yet, so nobody can say whether they are too many.
        held = [one for one in held if one.held_why not in IN_QUESTION]
    chosen = release(held, now, limit=limit, allow=allow)
    outbox.release(tx, chosen.go)
    queues.hold(tx, chosen.paced, Held.PACED)
    return Paced(len(chosen.go), len(chosen.paced), len(chosen.held))


def release(held: Sequence[Waiting], now: Instant, *, limit: int, allow: int | None = None) -> Release:
    """Which of the *held* acts may go out: at most *limit*, or *allow* where that is more.

    Of acts decided at first contact or after a change of rules more than that are nobody's intention yet:
    they stay held whole, in later runs too. Otherwise the most urgent go, and the rest follow in the next
    runs.
    """
    most = max(limit, allow or 0)
    timely = sorted((one for one in held if one.not_before <= now), key=_by_urgency)
    in_question = [one for one in timely if one.held_why in IN_QUESTION]
    in_turn = [one for one in timely if one.held_why in IN_TURN]
    allowed = in_question if len(in_question) <= most else []
    room = most - len(allowed)
    return Release(
        go=tuple(one.effect.key for one in (*allowed, *in_turn[:room])),
        paced=tuple(one.effect.key for one in in_turn[room:]),
        held=tuple(one.effect.key for one in in_question if not allowed),
    )


def _by_urgency(one: Waiting) -> tuple[int, Instant, int]:
    return (-one.effect.urgency, one.effect.at, one.seq)
