"""What to do with the head of each queue: send it, look it up first, wait, or give it up.

Nothing here writes or talks to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.channels.port import Channel
from connector.deliver.frozen import Frozen, thaw
from connector.errors import AccordError, NotAllowed, NotReachable
from connector.model.effect import redirected
from connector.model.instant import Instant, Millis
from connector.platforms.port import Guard
from connector.store import leases
from connector.store.deliveries import Delivery
from connector.store.effectrows import READY, SENDING
from connector.store.queues import Queued

UNCLEAR = "it is unclear whether it was sent, and it cannot be looked up; it is not repeated"


@dataclass(frozen=True, slots=True)
class Send:
    """Freeze and send this; *attempt* is how often it was tried before."""

    queue: str
    frozen: Frozen
    attempt: int


@dataclass(frozen=True, slots=True)
class LookUp:
    """It may have arrived: ask for it. *delivery* is the one that may have brought it."""

    queue: str
    frozen: Frozen
    attempt: int
    delivery: int | None

    @property
    def is_enough(self) -> bool:
        """Whether its being there is all that is wanted; else what is there takes the latest values."""
        return self.frozen.request.guard is not Guard.UNIQUE or self.frozen.carries_acts_only


@dataclass(frozen=True, slots=True)
class Wait:
    """It was being sent when its run ended; nothing can be told before *until*."""

    keys: tuple[str, ...]
    until: Instant


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will not be sent, because of *words*; *frozen* is what *delivery* may have brought of it."""

    keys: tuple[str, ...]
    words: str
    frozen: Frozen | None = None
    delivery: int | None = None

    @property
    def given_up(self) -> tuple[str, ...]:
        """The keys that will not be sent: values are, when they went with acts of which nothing is known."""
        return self.keys if self.frozen is None else self.frozen.acts


Step = Send | LookUp | Wait | GiveUp


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging a head needs. *doubted_until*: when this store was recognised as a copy of an older
    one. *redirect_to*: where all notices go, those too that were decided before it was so."""

    channel: Channel
    deliveries: Mapping[int, Delivery]
    remote: Mapping[str, str]
    now: Instant
    settle: Millis
    doubted_until: Instant | None
    redirect_to: str | None = None


def next_step(queue: str, waiting: Sequence[Queued], bench: Bench) -> Step | None:
    """What the head of a queue calls for; None where nothing waits in it."""
    if not waiting:
        return None
    head = waiting[0].row
    delivery = bench.deliveries.get(head.delivery) if head.delivery is not None else None
    if head.state == READY:
        return compose(queue, waiting, bench)
    if delivery is None:
        return _doubt_without_a_trace(queue, waiting, bench)
    if head.state == SENDING and delivery.guard != Guard.UNIQUE:
        # The lease lets a request leave this long after it was frozen.
        settled = delivery.sent_at + leases.LASTS + bench.settle
        if bench.now < settled and delivery.guard != Guard.ONCE:
            return Wait(delivery.keys, settled)
    return _doubt(queue, waiting, delivery, bench)


def compose(queue: str, waiting: Sequence[Queued], bench: Bench) -> Step:
    """The first request of what waits, as it would be sent now."""
    together = _together(waiting, bench.now)
    effects = [redirected(one.row.effect, bench.redirect_to) for one in together]
    try:
        requests = bench.channel.compose(effects, bench.remote)
    except (NotReachable, NotAllowed):
        raise  # the platform's trouble, not the effect's
    except AccordError as error:
        if len(together) > 1:
            return compose(queue, waiting[:1], bench)
        return GiveUp((together[0].row.effect.key,), str(error))
    carried = {one.row.effect.key: one for one in together}
    hashes = {key: carried[key].payload_hash for key in requests[0].effects}
    return Send(queue, Frozen(requests[0], hashes), max(carried[key].row.attempt for key in hashes))


def _together(waiting: Sequence[Queued], now: Instant) -> Sequence[Queued]:
    """Those of a queue that may go now; one that was refused in company is tried alone."""
    if waiting[0].row.state == READY and waiting[0].row.words:
        return waiting[:1]
    behind = (place for place, one in enumerate(waiting) if place and _must_stay_behind(one, now))
    return waiting[: next(behind, len(waiting))]


def _must_stay_behind(one: Queued, now: Instant) -> bool:
    is_doubtful_act = one.row.effect.is_act and one.row.state != READY
    return one.row.not_before > now or is_doubtful_act or bool(one.row.words and one.row.state == READY)


def _doubt(queue: str, waiting: Sequence[Queued], delivery: Delivery, bench: Bench) -> Step:
    head = waiting[0].row
    match Guard(delivery.guard):
        case Guard.ABSOLUTE:
            return compose(queue, waiting, bench)
        case Guard.ONCE:
            return GiveUp(delivery.keys, UNCLEAR, thaw(delivery), delivery.id)
        case Guard.UNIQUE | Guard.LOOKUP:
            return LookUp(queue, thaw(delivery), head.attempt, delivery.id)


def _doubt_without_a_trace(queue: str, waiting: Sequence[Queued], bench: Bench) -> Step:
    """An act that another store, of which this one is an older copy, may have sent."""
    settled = (bench.doubted_until or 0) + bench.settle
    if bench.now < settled:
        return Wait((waiting[0].row.effect.key,), settled)
    step = compose(queue, waiting[:1], bench)
    if not isinstance(step, Send) or step.frozen.request.guard in (Guard.ABSOLUTE, Guard.UNIQUE):
        return step
    if step.frozen.request.guard is Guard.ONCE:
        return GiveUp(step.frozen.request.effects, UNCLEAR)
    return LookUp(queue, step.frozen, step.attempt, None)
