"""Rate limits: what a 429 of Jira says, and what is left alone because of it.

Source: Atlassian, Rate limiting. Three limits run at once: points for an hour (everything waits), a burst for
each endpoint and site (that endpoint waits), and writes to one issue (writes to that issue wait).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from connector.model.instant import Instant, format_instant, from_datetime
from connector.platforms.governor import Because, Passing, retry_after

_RESETS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Lanes:
    """The parts of the platform that a request touches: its endpoint and, of a write, its issue."""

    endpoint: str
    issue: str | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """As the governor counts them."""
        return (self.endpoint, self.issue) if self.issue else (self.endpoint,)


class QuotaSpent(Passing):
    """The hour's points are used up: nothing may be asked before they are given anew."""


def limited(response: requests.Response, now: Instant, lanes: Lanes, words: str) -> Passing:
    """What a 429 means: how long to wait, and with what."""
    reason = response.headers.get("RateLimit-Reason", "")
    wait = _wait(response, now)
    if "quota" in reason:
        until = f" until {format_instant(now + int(wait * 1000))}" if wait is not None else ""
        return QuotaSpent(
            Because.THROTTLED, f"the points of this hour are spent{until} ({reason}, 429)", wait
        )
    told = f"{words} ({reason or 'no reason'}, 429)"
    if "per-issue" in reason and lanes.issue:
        return Passing(Because.THROTTLED, told, wait, lanes.issue)
    if "burst" in reason:
        return Passing(Because.THROTTLED, told, wait, lanes.endpoint)
    return Passing(Because.THROTTLED, told, wait)


def _wait(response: requests.Response, now: Instant) -> float | None:
    """Seconds to wait: the longer of `Retry-After` and, for quotas and answers without one, the reset."""
    asked = retry_after(response.headers, now)
    reset = _reset(response.headers.get("X-RateLimit-Reset", ""))
    if reset is None or (asked is not None and "quota" not in response.headers.get("RateLimit-Reason", "")):
        return asked
    return max(asked or 0.0, (reset - now) / 1000, 0.0)


def _reset(written: str) -> Instant | None:
    """The instant of `X-RateLimit-Reset`, written to the second or to the minute; never an epoch."""
    for form in _RESETS:
        try:
            return from_datetime(datetime.strptime(written.strip(), form).replace(tzinfo=UTC))
        except ValueError:
            continue
    return None
