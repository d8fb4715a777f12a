"""The three rate limits of the site: bursts per endpoint, points per hour of an app, writes on one issue.

A request that is over a limit is answered 429 and has not happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox.jira import errors
from connector.sandbox.jira.accounts import Login
from connector.sandbox.wire import Response

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

HOUR_MS = 3_600_000
BURST, QUOTA, ISSUE = "jira-burst-based", "jira-quota-tenant-based", "jira-per-issue-on-write"
# Endpoints that allow more or less than the others.
SHARES: Mapping[str, float] = {"GET servicedesk/{id}/customer": 0.05, "GET issue/{key}/changelog": 2.0}
Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Bucket:
    left: float
    at: int


class Limits:
    """What has been used, and what is still allowed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._buckets: dict[str, _Bucket] = {}
        self._hour, self._points = -1, 0
        self._writes: dict[str, deque[int]] = {}

    def admit(self, login: Login, endpoint: str, written: str | None) -> Headers:
        """The headers of a request that is allowed; Refused with 429 where it is not.

        `endpoint` is method and path pattern, `written` the issue that is written to, if any.
        """
        headers = self._of_burst(endpoint)
        if written is not None:
            self._of_issue(written)
        if login.oauth and self._site.quirks.quota_points:
            headers = self._of_quota(headers)
        return headers

    def charge(self, login: Login, points: int) -> None:
        """Count what a request used of the hour's points."""
        if login.oauth:
            self._points += points

    # -- each limit

    def _of_burst(self, endpoint: str) -> Headers:
        size = self._site.quirks.burst
        if not size:
            return ()
        rate, now = max(1.0, size * SHARES.get(endpoint, 1.0)), self._site.now()
        bucket = self._buckets.setdefault(endpoint, _Bucket(rate, now))
        bucket.left = min(rate, bucket.left + (now - bucket.at) / 1000 * rate)
        bucket.at = now
        if bucket.left < 1:
            raise self._refused(BURST, int(rate), now + 1000)
        bucket.left -= 1
        return self._headers(BURST, int(rate), int(bucket.left), 1)

    def _of_quota(self, before: Headers) -> Headers:
        now, most = self._site.now(), self._site.quirks.quota_points
        if now // HOUR_MS != self._hour:
            self._hour, self._points = now // HOUR_MS, 0
        reset = (self._hour + 1) * HOUR_MS
        if self._points >= most:
            raise self._refused(QUOTA, most, reset)
        return before or self._headers(QUOTA, most, most - self._points, (reset - now) // 1000)

    def _of_issue(self, issue: str) -> None:
        now = self._site.now()
        held = self._writes.setdefault(issue, deque())
        longest = max((span for _, span in self._site.quirks.issue_writes), default=0)
        while held and held[0] <= now - longest:
            held.popleft()
        for most, span in self._site.quirks.issue_writes:
            recent = [at for at in held if at > now - span]
            if len(recent) >= most:
                raise self._refused(ISSUE, most, recent[-most] + span)
        held.append(now)

    # -- how it is told

    def _headers(self, reason: str, most: int, left: int, seconds: int) -> Headers:
        style = self._site.quirks.limit_headers
        if style == "none":
            return ()
        if style == "classic":
            near = str(left < most * 0.2).lower()
            return (
                ("X-RateLimit-Limit", str(most)),
                ("X-RateLimit-Remaining", str(left)),
                ("X-RateLimit-NearLimit", near),
            )
        prefix = "Beta-" if style == "beta" else ""
        window = 3600 if reason == QUOTA else 1
        remaining = f";r={left}" if left < most / 2 else ""
        return (
            (f"{prefix}RateLimit-Policy", f'"{reason}";q={most};w={window}'),
            (f"{prefix}RateLimit", f'"{reason}"{remaining};t={seconds}'),
        )

    def _refused(self, reason: str, most: int, until: int) -> errors.Refused:
        seconds = max(1, -(-(until - self._site.now()) // 1000))
        answer = Response.json(429, {"code": 429, "message": "Rate limit exceeded"})
        reset = datetime.fromtimestamp(until / 1000, UTC)
        form = "%Y-%m-%dT%H:%M:%SZ" if self._site.quirks.reset_seconds else "%Y-%m-%dT%H:%MZ"
        if self._site.quirks.bare_429:
            gateway = ("X-Failure-Category", "FAILURE_CLIENT_RATE_LIMIT")
            return errors.Refused(answer.with_headers(gateway, ("X-RateLimit-Reset", reset.strftime(form))))
        told = [("Retry-After", str(seconds)), ("RateLimit-Reason", reason)]
        if self._site.quirks.limit_headers == "classic":
            told.append(("X-RateLimit-Reset", reset.strftime(form)))
        return errors.Refused(answer.with_headers(*told, *self._headers(reason, most, 0, seconds)))
