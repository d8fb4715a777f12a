"""Step one of a delivery: the exact request is frozen in the store before its first byte leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.deliver.frozen import as_json
from connector.deliver.heads import Send
from connector.deliver.post import Post, Waiting
from connector.errors import Busy
from connector.model.instant import SECOND, Instant, Millis
from connector.platforms.governor import WRITES
from connector.platforms.port import Request
from connector.platforms.wire import CONNECT_S, READ_S
from connector.store import Transaction, deliveries, leases, queues
from connector.store.queues import Queued

# How long after its heartbeat a request may still be handed over. Its way out may take `WRITES.whole_s` until
# it leaves, and it ends at the latest after the time-outs to connect and to read: all before the lease could
# be another's.
LEAVES_WITHIN: Millis = leases.LASTS - int((WRITES.whole_s + CONNECT_S + READ_S) * SECOND)


@dataclass(frozen=True, slots=True)
class Claim:
    """A frozen request that is about to be sent, the delivery that keeps it, and the lease's heartbeat
    then."""

    send: Send
    delivery: int
    renewed: Instant

    @property
    def request(self) -> Request:
        return self.send.frozen.request


def claim(post: Post, waiting: Waiting, sends: Sequence[Send]) -> list[Claim]:
    """Freeze what is about to be sent, in one transaction that also renews the lease.

    What somebody else changed meanwhile (dropped, set aside) is left to the next round. Raises Busy where the
    lease is lost, or was renewed so long ago that it may be by now.
    """
    if not sends:
        return []
    now = post.world.now()
    with post.store.begin() as tx:
        present = queues.waiting(tx, post.source, [send.queue for send in sends])
        unchanged = [s for s in sends if _carried(s, present[s.queue]) == _carried(s, waiting[s.queue])]
        claimed = _freeze(tx, post, unchanged, now)
    if is_too_late(post, now):
        raise Busy(
            f"{post.source}: this run stood still for too long, and another may have taken over",
            hint="nothing is lost: run it again",
        )
    return claimed


def is_too_late(post: Post, renewed: Instant) -> bool:
    """Whether the lease, last renewed at *renewed*, might not outlast a request that is handed over now."""
    return post.world.now() - renewed > LEAVES_WITHIN


def _freeze(tx: Transaction, post: Post, sends: Sequence[Send], now: Instant) -> list[Claim]:
    fence = post.store.lease.fence if post.store.lease else 0
    numbers = deliveries.add(
        tx,
        [
            deliveries.Leaving(
                source=post.source,
                queue=send.queue,
                keys=send.frozen.request.effects,
                request=as_json(send.frozen),
                guard=str(send.frozen.request.guard),
                attempt=send.attempt + 1,
            )
            for send in sends
        ],
        fence=fence,
        now=now,
    )
    claimed = [Claim(send, number, now) for send, number in zip(sends, numbers, strict=True)]
    carried = {key: claim.delivery for claim in claimed for key in claim.request.effects}
    queues.begin(tx, carried, fence, now)
    return claimed


def _carried(send: Send, queue: Sequence[Queued]) -> list[Queued]:
    return [one for one in queue if one.row.effect.key in send.frozen.request.effects]
