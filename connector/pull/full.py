"""`sync --full`: compares the ids that the platform has in scope with those known here.

A sweep cannot see what is not there any more. Leaving a moving scope freezes a ticket, and so does being
deleted or hidden: nothing is cancelled on the strength of something not being seen.
"""

from __future__ import annotations

from connector.platforms.port import Platform
from connector.pull.again import Again, freeze
from connector.store import Store, tickets


def compare(store: Store, platform: Platform, again: Again) -> None:
    """Read what is known there and not here; freeze what is known here and not there any more."""
    for kind, keeper in sorted(again.keepers.items()):
        there = {id_ for page in platform.ids(kind) for id_ in page}
        with store.read() as tx:
            here = tickets.ids(tx, platform.source, kind)
        live = {id_ for id_, frozen in here.items() if frozen is None}
        again.read(kind, sorted(there - live))
        if lost := sorted(live - there):
            reasons = platform.missing(kind, lost)
            with store.begin() as tx:
                freeze(tx, keeper, reasons)
