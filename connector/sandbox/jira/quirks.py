"""The ways in which one Jira site differs from another, each a switch.

Faults come and go (`connector.sandbox.faults`); a quirk is how this site always behaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Deployment = Literal["cloud", "datacenter"]


@dataclass(slots=True)
class JiraQuirks:
    """What may be switched; the defaults are a well-kept Cloud site whose index keeps up.

    Fields:
        deployment: `cloud`, or `datacenter` (REST 2 with startAt paging, wiki text, user names, PATs).
        context_path: what stands before every path, as `/jira` on many Data Center sites.
        index_lag_ms: the longest time until a write shows in searches; each write draws its own.
        index_flicker: share of writes after which the issue vanishes from searches once more for a while.
        search_cap: issues a search page holds at most when more than ids are asked for.
        changelog_created: how `changelog/bulkfetch` dates histories.
        changelog_repeats_last: its pages begin with the last history of the page before (JRACLOUD-94906).
        changelog_cap: histories per page it gives at most, whatever is asked for.
        anonymous_history_share: share of histories without an author (automation, deleted users).
        history_field_ids: changelog items say their `fieldId` (old Data Center versions do not).
        burst: bucket size and refill per second of each endpoint (0: no burst limit).
        quota_points: points an OAuth app may use in an hour (0: no limit).
        issue_writes: (writes, within ms) that one issue takes.
        limit_headers: which dialect of rate limit headers is spoken.
        bare_429: a 429 has neither Retry-After nor a reason, as from the gateway.
        reset_seconds: X-RateLimit-Reset names the second (`…:00:00Z`), not only the minute (`…:00Z`).
        mail_disabled: outgoing mail is off, `notify` answers 403.
        experimental: operations of servicedeskapi that need `X-ExperimentalApi: opt-in`.
        delete_needs_content_type: a DELETE without a Content-Type header answers 415.
        token_life_s: how long an OAuth access token lives.
        zone: the time zone in the profiles of the shipped users.
    """

    deployment: Deployment = "cloud"
    context_path: str = ""
    index_lag_ms: int = 0
    index_flicker: float = 0.0
    search_cap: int = 100
    changelog_created: Literal["iso", "epoch_ms", "epoch_s"] = "epoch_ms"
    changelog_repeats_last: bool = False
    changelog_cap: int = 10_000
    anonymous_history_share: float = 0.0
    history_field_ids: bool = True
    burst: int = 0
    quota_points: int = 0
    issue_writes: tuple[tuple[int, int], ...] = ((20, 2_000), (100, 30_000))
    limit_headers: Literal["classic", "structured", "beta", "none"] = "classic"
    bare_429: bool = False
    reset_seconds: bool = True
    mail_disabled: bool = False
    experimental: frozenset[str] = field(default_factory=lambda: frozenset({"feedback", "property"}))
    delete_needs_content_type: bool = True
    token_life_s: int = 3600
    zone: str = "Australia/Sydney"

    @property
    def cloud(self) -> bool:
        return self.deployment == "cloud"
