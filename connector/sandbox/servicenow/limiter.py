"""The instance's rate limit: so many requests per user in an hour, counted with a delay.

Nodes flush their counters every half minute, so a user may exceed the limit until the next flush.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.sandbox.servicenow import errors
from connector.sandbox.servicenow.accounts import Caller

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

HOUR_MS = 3_600_000


class Limiter:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._hour = -1
        self._flushed_at = 0
        self._counted: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def admit(self, caller: Caller) -> tuple[tuple[str, str], ...]:
        """The headers a limited request carries; Refused with 429 when the limit is reached."""
        limit = self._instance.quirks.requests_per_hour
        if not limit:
            return ()
        now = self._instance.now()
        self._keep_up(now)
        self._waiting[caller.name] += 1
        reset = (self._hour + 1) * HOUR_MS // 1000
        rule = self._instance.world.chance.identifier("rate_limit", "accord")
        headers = (
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Reset", str(reset)),
            ("X-RateLimit-Rule", rule),
        )
        if self._counted[caller.name] >= limit:
            refused = errors.rate_limited(limit)
            refused.headers = (*headers, ("Retry-After", str(max(1, reset - now // 1000))))
            raise refused
        return headers

    def _keep_up(self, now: int) -> None:
        if now // HOUR_MS != self._hour:
            self._hour, self._flushed_at = now // HOUR_MS, now
            self._counted.clear()
            self._waiting.clear()
        if now - self._flushed_at >= self._instance.quirks.limiter_lag_s * 1000:
            self._counted.update(self._waiting)
            self._waiting.clear()
            self._flushed_at = now
