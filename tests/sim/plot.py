"""What can go wrong, and where: every fault with every boundary that it can meet, dealt out to seeds in turn.

A boundary is a request by what it is for, or a transaction by what it keeps. So that each pair is met often,
a seed is not left to chance alone: it gets its share of the pairs, and its story leads up to them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tests.sim.mortal import chance

PLATFORMS = ("servicenow", "jira")
SHARE = 10  # pairs a seed
Pair = tuple[str, str]  # fault, boundary

READS = {
    "servicenow": ("metadata", "pull page", "history", "read again", "look-up"),
    "jira": (
        "metadata",
        "pull page",
        "history",
        "comments",
        "our notes",
        "read again",
        "look-up",
        "property",
    ),
}
SENDS = {
    "servicenow": ("send batch", "send ticket", "send achievement", "send record"),
    "jira": ("send ticket", "send note", "send record"),
}
IN_A_BATCH = tuple(f"{name} in a batch" for name in SENDS["servicenow"][1:])
# What a question may meet, what a write may meet, and what a part of a batch may meet.
ASKING = (
    "refused", "timeout", "500", "gateway", "429", "429_date", "429_bare", "cut", "html_200", "401", "slow",
)  # fmt: skip
SENDING = (*ASKING, "commit_then_timeout", "late_commit", "commit_then_500")
OF_A_PART = ("500", "commit_then_500", "timeout", "commit_then_timeout", "error_200")
ROWS = ("pull page", "history", "read again", "look-up")  # lists of rows, on ServiceNow
# What a site of Jira does by itself, unasked: limits of its own, and an index that is behind.
OWN = (
    ("index lag", "pull page"),
    *(("limit of an issue", name) for name in ("send ticket", "send note")),
    *(("limit of bursts", name) for name in ("pull page", "comments", "send ticket", "send note")),
    ("hour's points", "pull page"),
)
# Transactions by what they keep: without them nothing could be told of a run that ended early.
KEPT = ("page", "sweep done", "watermark", "state", "claim", "answer", "look-up", "lease", "record again")
TIMES = (1, 1, 1, 2, 9)


@dataclass(frozen=True)
class Wish:
    """A fault for a boundary, and what the story needs for the boundary to be reached."""

    fault: str
    boundary: str

    @property
    def is_of_requests(self) -> bool:
        """Whether the sandbox makes it, in answer to a request."""
        return self.fault in SENDING or self.fault in ("partial_200", "touched", "uncounted", "error_200")

    @property
    def needs_news(self) -> bool:
        """Whether there has to be something to write."""
        return "send" in self.boundary or self.boundary.endswith(("property", "claim", "answer", "look-up"))

    @property
    def needs_one_ticket(self) -> bool:
        """Whether nothing else may be written, lest it goes in a batch."""
        return self.boundary.endswith(("send ticket", "send achievement", "send record"))

    @property
    def needs_a_crowd(self) -> bool:
        """Whether several tickets have to be written to at once."""
        return self.boundary.endswith("batch")

    @property
    def needs_a_lost_answer(self) -> bool:
        return self.boundary.endswith("look-up")

    @property
    def needs_other_rules(self) -> bool:
        return self.fault == "other rules" or self.boundary.endswith("back-fill")

    @property
    def needs_an_hour(self) -> bool:
        """Until targets are missed, and what was learned of the platform is forgotten."""
        return "metadata" in self.boundary or "send record" in self.boundary

    @property
    def needs_a_nudge(self) -> bool:
        return self.boundary.endswith(("read again", "record again"))


@lru_cache(maxsize=2)
def pairs(platform: str) -> tuple[Pair, ...]:
    """Every fault with every boundary that it can meet on a platform."""
    return tuple(sorted(set(_pairs(platform))))


def to_be_met(platform: str) -> tuple[Pair, ...]:
    """All that stories have to meet: the pairs dealt out, and what the platform does by itself."""
    return (*pairs(platform), *(OWN if platform == "jira" else ()))


@lru_cache(maxsize=64)
def _dealt(platform: str, deal: int) -> tuple[Pair, ...]:
    """The pairs in another order each time that all of them are dealt out: none has always the same
    neighbours."""
    found = [*pairs(platform), *(pair for pair in pairs(platform) if _is_hard_to_meet(pair))]
    chance(deal, f"pairs on {platform}").shuffle(found)
    return tuple(found)


def _pairs(platform: str) -> Iterator[Pair]:
    reads, sends = READS[platform], SENDS[platform]
    yield from ((fault, name) for name in reads for fault in ASKING)
    yield from ((fault, name) for name in sends for fault in SENDING)
    if platform == "servicenow":
        yield from (("error_200", name) for name in sends)
        yield from ((fault, name) for name in IN_A_BATCH for fault in OF_A_PART)
        yield from (("partial_200", name) for name in ROWS)
        yield from (("uncounted", name) for name in ("pull page", "history"))
    yield from (("touched", name) for name in ("pull page", "history"))
    yield from ((fault, "token") for fault in ("429", "500", "refused"))
    around = [f"{side} {name}" for name in (*reads, *sends) for side in ("before", "after")]
    yield from (("death", name) for name in around)
    yield from (("death", f"{what} {name}") for name in KEPT for what in ("begin", "commit"))
    yield from (("disk full", f"commit {name}") for name in KEPT)
    yield from (("takeover", name) for name in around)
    yield from (("takeover", f"begin {name}") for name in KEPT if name != "lease")
    yield from (("second worker", name) for name in ("before pull page", "begin claim"))
    yield from (("token expiry", f"before {name}") for name in (*reads, *sends))
    yield from (("clock jump", f"before {name}") for name in (*reads, *sends))
    yield from (("people at work", name) for name in ("before pull page", "after pull page", "after history"))
    yield from ((fault, "between runs") for fault in ("restored backup", "other rules", "close call"))
    yield from (("death", f"{what} back-fill") for what in ("begin", "commit"))
    if platform == "servicenow":
        yield ("late history", "between runs")


def _is_hard_to_meet(pair: Pair) -> bool:
    """Whether a pair is dealt out twice: much may come between before its boundary is reached."""
    fault, boundary = pair
    around_a_write = "send" in boundary or boundary.endswith(("property", "our notes", "record again"))
    rare = fault in ("takeover", "clock jump", "token expiry", "disk full", "death") and around_a_write
    return rare or boundary.endswith(("look-up", "back-fill"))


def platform_of(seed: int) -> str:
    """Seeds are split between the platforms."""
    return PLATFORMS[seed % len(PLATFORMS)]


def share_of(seed: int, luck: random.Random) -> list[Wish]:
    """The pairs that this seed has to meet; deaths and what ends a run come last."""
    platform = platform_of(seed)
    size, start = len(_dealt(platform, 0)), seed // len(PLATFORMS) * SHARE
    places = (divmod(start + place, size) for place in range(SHARE))
    wishes = [Wish(*_dealt(platform, deal)[place]) for deal, place in places]
    luck.shuffle(wishes)
    return sorted(wishes, key=lambda wish: not wish.is_of_requests)


def in_turn(wishes: list[Wish], platform: str) -> Iterator[list[Wish]]:
    """What each run is to meet: first what needs one ticket alone, then what needs several, and what a
    webhook brings about by itself."""
    nudged = [wish for wish in wishes if wish.needs_a_nudge]
    late = [
        one for one in wishes if one.needs_a_crowd or one.needs_a_lost_answer or one.needs_other_rules
        or one.fault in ("late history", "close call")
    ]  # fmt: skip
    early = [wish for wish in wishes if wish not in nudged and wish not in late]
    if any(wish.needs_a_lost_answer for wish in late):
        early.append(lost_answer(platform))
    while len(late) + 1 < len(early) and not early[-1].boundary.startswith("send"):
        late.append(early.pop())
    yield early
    yield late
    if nudged:
        yield nudged


def lost_answer(platform: str) -> Wish:
    """What leads to a look-up: a write of which nobody knows what became."""
    return Wish("commit_then_timeout", "send ticket" if platform == "servicenow" else "send record")
