"""Who works on a source. A lease carries a fence, a number that grows with every holder: whoever comes with
an older one has lost the source, however alive it feels."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connector.errors import Busy
from connector.model.instant import SECOND, Instant, Millis, format_instant
from connector.store.rows import upsert
from connector.store.schema import leases
from connector.world import World

LASTS: Millis = 60 * SECOND  # after the last heartbeat


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on *source*, until someone comes with a higher *fence*."""

    source: str
    fence: int


def take(tx: sa.Connection, source: str, world: World) -> Lease:
    """The lease on *source*. Raises Busy while another holds it: one whose heartbeat is under a minute old,
    unless it is a process of this host that is not alive any more."""
    now = world.now()
    found = tx.execute(sa.select(leases).where(leases.c.source == source)).mappings().first()
    if found is not None and not found["released"] and not _is_dead(found, world, now):
        raise Busy(
            f"another run works on {source}: process {found['pid']} on {found['host']},"
            f" last heard of at {format_instant(found['heartbeat'])}",
            hint="wait for it to end, or end it",
        )
    lease = Lease(source, (found["fence"] if found is not None else 0) + 1)
    upsert(tx, leases, [(source, world.host, world.pid, lease.fence, now, 0)])
    return lease


def holder(tx: sa.Connection, source: str) -> str | None:
    """Who works on *source*, in words; None where nobody does."""
    found = tx.execute(sa.select(leases).where(leases.c.source == source, leases.c.released == 0)).first()
    if found is None:
        return None
    return f"process {found.pid} on {found.host}, last heard of at {format_instant(found.heartbeat)}"


def is_held(tx: sa.Connection, source: str, world: World) -> bool:
    """Whether somebody who may be alive works on *source*."""
    found = tx.execute(sa.select(leases).where(leases.c.source == source)).mappings().first()
    return found is not None and not found["released"] and not _is_dead(found, world, world.now())


def renew(tx: sa.Connection, lease: Lease, now: Instant) -> None:
    """A heartbeat. Raises Busy when another has taken the source meanwhile."""
    renewed = tx.execute(_RENEW, {"ours": lease.source, "our_fence": lease.fence, "now": now})
    if renewed.rowcount != 1:
        raise Busy(
            f"another run has taken over {lease.source}, since nothing was heard of this one for a minute",
            hint="nothing is lost: that run goes on from here",
        )


# Every transaction begins with it, so it is put together once.
_RENEW = (
    sa.update(leases)
    .where(
        leases.c.source == sa.bindparam("ours"),
        leases.c.fence == sa.bindparam("our_fence"),
        leases.c.released == 0,
    )
    .values(heartbeat=sa.bindparam("now"))
)


def release(tx: sa.Connection, lease: Lease) -> None:
    """Give the source back, if it is still ours."""
    tx.execute(
        sa.update(leases)
        .where(leases.c.source == lease.source, leases.c.fence == lease.fence)
        .values(released=1)
    )


def _is_dead(found: sa.RowMapping, world: World, now: Instant) -> bool:
    if found["host"] == world.host and (
        found["pid"] == world.pid or not world.process_is_alive(found["pid"])
    ):
        return True
    return bool(now - found["heartbeat"] >= LASTS)
