"""A request as the store keeps it: what was sent, and which values of the effects it carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connector.platforms.port import Guard, Request
from connector.store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Frozen:
    """A request with the hashes of the desired values in it, by key (None for acts)."""

    request: Request
    hashes: Mapping[str, str | None]

    @property
    def acts(self) -> tuple[str, ...]:
        """The keys of the acts among them."""
        return tuple(key for key, payload_hash in self.hashes.items() if payload_hash is None)

    @property
    def carries_acts_only(self) -> bool:
        """Whether it is enough to find it there: its values cannot have changed since."""
        return len(self.acts) == len(self.hashes)


def as_json(frozen: Frozen) -> dict[str, Any]:
    """What the store keeps."""
    return {"request": asdict(frozen.request), "hashes": dict(frozen.hashes)}


def thaw(delivery: Delivery) -> Frozen:
    """The request that a delivery keeps."""
    kept = delivery.request["request"]
    changes = tuple(kept["changes"]) if kept.get("changes") else None
    read = {"effects": tuple(kept["effects"]), "guard": Guard(kept["guard"]), "changes": changes}
    request = Request(**{**kept, **read})
    return Frozen(request, delivery.request["hashes"])
