"""The state machine of a target: which row of the rules' table decides at each step, for all tickets
together.

Rules: Clocks, the table. What holds at a step comes in as bits; the table is laid out once over every
combination of bits, and the k-th step of all tickets is one look-up. Time is not known here: only states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from connector.evaluate.arrays import Bools, Flags, Ints, Positions
from connector.evaluate.frame import Steps

# What holds at a step. Of the version in force at the step, which a new cycle would have:
OPENS = 1  # `start` and `applies_to`, and neither `stop` nor `cancel`
OPENS_PAUSED = 2  # `pause`
CAN_RESTART = 4  # `applies_to`
BORN_STOPPED = 8  # with `born_stopped: met`: `stop` at the first step at which the clock would start
# Of the version the cycle has:
CAN_RESUME = 16  # as OPENS, and some version is in force
STOP = 32
RESET = 64
CANCEL = 128  # `cancel`, or `applies_to` no longer, or with `start_must_hold` not `start`
RESTART = 256  # the entry of `within` changed, with `on_goal_change: restart`
PAUSED = 512  # `pause`
TO_PAUSE = 1024  # `pause`, and not `resume` where one is given
TO_RUN = 2048  # not `pause`, and `resume` where one is given

_BITS = 12
NEW_VERSION = OPENS | OPENS_PAUSED | CAN_RESTART | BORN_STOPPED

# What a step makes of a cycle: the state after it, how one ended at it, whether one began or resumed.
NONE_, RUNNING, PAUSED_, ENDED = 0, 1, 2, 3
STATE = 3
ENDED_BY = 7 << 2
BY_STOP, BY_RESET, BY_CANCEL, BY_RESTART = (kind << 2 for kind in (1, 2, 3, 4))
BEGAN = 1 << 5
RESUMED = 1 << 6


@dataclass(frozen=True, slots=True)
class Version:
    """What holds at each step for the cycles of one version of a target."""

    flags: Flags
    reopen: str


def play(
    steps: Steps, versions: Sequence[Version], fresh: Flags, in_force: Positions
) -> tuple[Flags, Ints | None]:
    """What each live step makes of the cycle (see `STATE`, `ENDED_BY`, `BEGAN`, `RESUMED`), and the
    version of the cycle at each step where there are several. *fresh*: the bits of the version *in_force*
    (an index)."""
    if len(versions) == 1:
        return _play_one(steps, versions[0].flags | fresh, _table(versions[0].reopen)), None
    return _play_many(steps, versions, fresh, in_force)


@cache
def _table(reopen: str) -> Flags:
    """The rules' table for every state and combination of bits; the first row that holds decides."""
    code = np.arange(4 << _BITS)
    state = code >> _BITS
    is_open = (state == RUNNING) | (state == PAUSED_)

    def holds(bit: int) -> Bools:
        return np.asarray((code & bit) != 0, np.bool_)

    new = BEGAN | np.where(holds(OPENS_PAUSED), PAUSED_, RUNNING)
    resumed = RESUMED | np.where(holds(PAUSED), PAUSED_, RUNNING)
    first = (state == NONE_) | ((state == ENDED) & (reopen == "new_cycle"))
    rows = [
        (first & holds(OPENS), new),
        (first & holds(BORN_STOPPED), BEGAN | BY_STOP | ENDED),
        (is_open & holds(STOP), BY_STOP | ENDED),
        (is_open & holds(RESET), BY_RESET | np.where(holds(OPENS), new, NONE_)),
        (is_open & holds(CANCEL), BY_CANCEL | NONE_),
        (is_open & holds(RESTART), BY_RESTART | np.where(holds(CAN_RESTART), new, NONE_)),
        ((state == RUNNING) & holds(TO_PAUSE), PAUSED_),
        ((state == PAUSED_) & holds(TO_RUN), RUNNING),
        ((state == ENDED) & (reopen == "resume") & holds(CAN_RESUME), resumed),
    ]
    conditions, outcomes = zip(*rows, strict=True)
    return np.select(conditions, [np.broadcast_to(o, code.shape) for o in outcomes], state).astype(np.uint16)


def _play_one(steps: Steps, flags: Flags, table: Flags) -> Flags:
    made = np.zeros(len(flags), np.uint16)
    first, counts = _longest_first(steps)
    state = np.zeros(len(first), np.uint16)
    for k, active in enumerate(counts):
        if active <= _FEW:
            _play_long(steps, flags, table, made, first[:active], k, state)
            break
        step = first[:active] + k
        state = table[(state[:active] << _BITS) | flags[step]]
        made[step] = state
        state &= STATE
    return made


_FEW = 4


def _play_long(
    steps: Steps, flags: Flags, table: Flags, made: Flags, first: Ints, k: int, states: Flags
) -> None:
    """The rest of the few longest tickets, one after the other."""
    ends = steps.first + steps.live
    for row, start in enumerate(first.tolist()):
        end = int(ends[steps.ticket[start]])
        state = int(states[row])
        found = []
        for bits in flags[start + k : end].tolist():
            state = int(table[((state & STATE) << _BITS) | bits])
            found.append(state)
        made[start + k : end] = found


def _play_many(
    steps: Steps, versions: Sequence[Version], fresh: Flags, in_force: Positions
) -> tuple[Flags, Ints]:
    flags = np.stack([version.flags for version in versions])
    tables = np.stack([_table(version.reopen) for version in versions])
    made = np.zeros(len(fresh), np.uint16)
    version_at = np.zeros(len(fresh), np.int64)
    first, counts = _longest_first(steps)
    state = np.zeros(len(first), np.uint16)
    version = np.zeros(len(first), np.int64)
    for k, active in enumerate(counts):
        step, version = first[:active] + k, version[:active]
        bits = flags[version, step] | fresh[step]
        state = tables[version, (state[:active] << _BITS) | bits]
        version = np.where((state & BEGAN) != 0, in_force[step], version)
        made[step], version_at[step] = state, version
        state &= STATE
    return made, version_at


def _longest_first(steps: Steps) -> tuple[Ints, list[int]]:
    """First steps of the tickets that have live ones, longest first; how many have a k-th step, for each
    k."""
    longest = int(steps.live.max(initial=0))
    # A stable sort of small numbers is quick (by radix).
    shortness = (longest - steps.live).astype(np.uint16 if longest < 1 << 16 else np.int64)
    order = np.argsort(shortness, kind="stable")
    live = steps.live[order]
    if not longest:
        return steps.first[:0], []
    counts = len(live) - np.cumsum(np.bincount(live, minlength=int(live[0]) + 1))[: int(live[0])]
    return steps.first[order[: counts[0]]], counts.tolist()
