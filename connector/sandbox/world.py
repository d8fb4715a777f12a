"""The world both platforms live in: its time, its chance and what is still to happen in it.

Everything that may differ between two runs comes from here, so that one seed and one order of requests give
one history. What a happening means is the business of the platform that applies it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol


class Happening(Protocol):
    """Something that will happen at an instant (epoch milliseconds)."""

    @property
    def at(self) -> int: ...


class Clock:
    """The sandbox's own time, or somebody else's.

    With a number the clock stands still until it is moved; with a callable it shows what the callable says,
    and never less than what it was moved to.
    """

    def __init__(self, now: Callable[[], int] | int) -> None:
        self._outside = now if callable(now) else None
        self._floor = 0 if callable(now) else now

    def now(self) -> int:
        """Epoch milliseconds, UTC."""
        if self._outside is None:
            return self._floor
        return max(self._floor, self._outside())

    def move(self, to: int) -> None:
        """Move on to an instant; an earlier one changes nothing, for platforms never travel back."""
        self._floor = max(self._floor, to)


class Chance:
    """Seeded chance: the n-th question about a subject always has the same answer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._asked: dict[str, int] = {}

    def next(self, subject: str) -> float:
        """A number in [0, 1) that moves on with every question."""
        count = self._asked.get(subject, 0)
        self._asked[subject] = count + 1
        return self.of(subject, count)

    def of(self, *subject: object) -> float:
        """A number in [0, 1) that is always the same for this subject."""
        return self.number(*subject) / 2**64

    def number(self, *subject: object) -> int:
        """A number below 2**64 that is always the same for this subject."""
        text = "\x1f".join(map(str, (self.seed, *subject)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())

    def identifier(self, *subject: object) -> str:
        """32 hexadecimal digits, as the platforms' record ids, always the same for this subject."""
        text = "\x1f".join(map(str, (self.seed, *subject)))
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def fresh_identifier(self) -> str:
        """An identifier nobody has had before."""
        count = self._asked.get("identifier", 0)
        self._asked["identifier"] = count + 1
        return self.identifier("identifier", count)

    def state(self) -> dict[str, int]:
        """How often each subject was asked about: enough to go on after a restart."""
        return dict(self._asked)

    def restore(self, asked: dict[str, int]) -> None:
        self._asked = dict(asked)


class Timeline:
    """A recorded history in time order, and how much of it has been played."""

    def __init__(self) -> None:
        self._happenings: Sequence[Any] = ()
        self.played = 0

    def load(self, happenings: Iterable[Happening]) -> None:
        """Replace the history by another, of which nothing has been played."""
        self._happenings = sorted(happenings, key=lambda happening: happening.at)
        self.played = 0

    def skip(self, count: int) -> None:
        """Take the first `count` happenings as played."""
        self.played = count

    def until(self, instant: int) -> Iterator[Any]:
        """Play, one by one, what happens up to and including an instant."""
        happenings = self._happenings
        while self.played < len(happenings) and happenings[self.played].at <= instant:
            self.played += 1
            yield happenings[self.played - 1]

    @property
    def past(self) -> Sequence[Any]:
        """What has been played, in order."""
        return self._happenings[: self.played]

    @property
    def waiting(self) -> int:
        return len(self._happenings) - self.played

    @property
    def end(self) -> int | None:
        """The instant of the last happening, or None when there is no history."""
        return self._happenings[-1].at if self._happenings else None


@dataclass(order=True, slots=True)
class _Due:
    at: int
    order: int
    what: Callable[[], None]


class Agenda:
    """What the sandbox has promised to do later: commits that land late, rows that show late."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self._order = 0

    def add(self, at: int, what: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._due, _Due(at, self._order, what))

    def keep_up(self, now: int) -> int:
        """Do all that is due by now, in order; how many things that were."""
        done = 0
        while self._due and self._due[0].at <= now:
            heapq.heappop(self._due).what()
            done += 1
        return done


class World:
    """Time, chance, the recorded history and the agenda, shared by every platform of one sandbox."""

    def __init__(self, now: Callable[[], int] | int, seed: int) -> None:
        self.clock = Clock(now)
        self.chance = Chance(seed)
        self.timeline = Timeline()
        self.agenda = Agenda()
        self.lock = threading.RLock()

    def now(self) -> int:
        return self.clock.now()


def instant(text: str) -> int:
    """Epoch milliseconds of an ISO 8601 text; one without an offset is taken as UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def iso(at: int) -> str:
    """ISO 8601 with `Z` of epoch milliseconds, to the second where it is whole."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    spec = "milliseconds" if at % 1000 else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
