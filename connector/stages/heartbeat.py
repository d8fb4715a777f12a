"""A sign of life where the platform's own administrators can alarm on it: one achievement record without a
ticket, whose `due` every run of a service moves on. When it passes, nobody has been at work.

Sent like every other value, by the same promises. Only where `effects: {heartbeat: on}` asks for it.
"""

from __future__ import annotations

from connector.model.effect import Effect, Output
from connector.model.instant import MINUTE, Instant
from connector.stages.source import Source
from connector.store import Transaction, desired
from connector.store.effectrows import Wanted

SWITCH = "heartbeat"
KEY_LENGTH = 64  # what the platform's column holds


def beat(tx: Transaction, source: Source, host: str, since: Instant, now: Instant) -> None:
    """Want the heartbeat of the service on *host*, up *since*, to say that it was alive at *now*."""
    if source.settings.switch(SWITCH) != "on":
        return
    key = f"{SWITCH}:{source.name}@{host}"[:KEY_LENGTH]
    payload = {
        "key": key,
        "agreement": "accord",
        "target": SWITCH,
        "state": "running",
        "started": since,
        "due": now + 2 * source.config.every_ms + MINUTE,
        "rule_hash": source.book.hash,
    }
    effect = Effect(key, Output.ACHIEVEMENT, source.name, key, payload, at=now)
    desired.want(tx, [Wanted(effect, None, 0, None)], now)
