"""A whole site in one process: the sandbox, a clock that both sides read, and the adapter under test."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from requests.adapters import BaseAdapter

from connector.config import AuthConfig, Limits, PullConfig, SourceConfig
from connector.mappings.catalogue import Catalogue
from connector.mappings.reader import load_catalogue
from connector.model.cycle import TicketId
from connector.model.instant import MINUTE, SECOND, Instant
from connector.model.record import Record
from connector.platforms.jira.adapter import Jira
from connector.platforms.port import History
from connector.sandbox import JiraQuirks, Sandbox
from connector.sandbox.jira.issue import Issue
from connector.world import World
from tests.platforms.site import NOW, Clock
from tests.sandbox.jira.contract import SPEC, Contract

URL = "https://acme.atlassian.net"


def source_config(*, url: str = URL, page_size: int = 1000, auth: AuthConfig | None = None) -> SourceConfig:
    return SourceConfig(
        name="desk",
        platform="jira",
        url=url,
        auth=auth or token("accord"),
        mapping="jira",
        base=Path(),
        pull=PullConfig(page_size=page_size, workers=4, overlap_ms=15 * MINUTE, lag_ms=60 * SECOND),
        limits=Limits(requests_per_second=1000.0, acts_per_run=200, settle_ms=300 * SECOND),
        effects={},
    )


def token(user: str) -> AuthConfig:
    return AuthConfig("token", {"user": f"{user}@example.com", "token": user})


def pat(user: str = "accord") -> AuthConfig:
    return AuthConfig("pat", {"token": f"{user}-pat"})


@dataclass
class Site:
    """The sandbox and what a test does to it; `adapter()` makes a new client of it."""

    sandbox: Sandbox
    clock: Clock
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def jira(self) -> Any:
        return self.sandbox.jira

    def transport(self) -> BaseAdapter:
        """The sandbox; on Cloud every request and answer is held against Atlassian's description."""
        plain = self.sandbox.transport(self.clock.sleep)
        is_described = self.jira.quirks.cloud and SPEC.exists()
        return Contract(plain, faults=self.sandbox.faults) if is_described else plain

    def world(self) -> World:
        return World(
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            random=random.Random(7),
            adapter=lambda _: self.transport(),
            environ={},
        )

    def adapter(
        self,
        *,
        user: str = "accord",
        mapping: Catalogue | None = None,
        page_size: int = 1000,
        auth: AuthConfig | None = None,
        url: str = URL,
        keep: Path | None = None,
    ) -> Jira:
        own = pat(user) if not self.jira.quirks.cloud else token(user)
        source = source_config(page_size=page_size, url=url, auth=auth or own)
        catalogue = mapping or load_catalogue("jira", base=Path())
        return Jira(replace(source, keep=keep), catalogue, self.world())

    def ready(self) -> Jira:
        """A client of a site on which setup has been run."""
        adapter = self.adapter()
        list(adapter.provision([one for one in adapter.provisions() if not one.present]))
        return adapter

    def pass_(self, seconds: float) -> None:
        self.clock.at += int(seconds * 1000)

    def field(self, name: str) -> str:
        """The id of the field with that name."""
        (found,) = (one.id for one in self.jira.site.setup.fields if one.name == name)
        return str(found)


def new_site(quirks: JiraQuirks | None = None) -> Site:
    clock = Clock()
    return Site(Sandbox(now=clock.now, jira_quirks=quirks), clock)


def swept(adapter: Jira, kind: str = "incident", **more: Any) -> list[Record]:
    """Everything a first sweep brings, each page of it."""
    adapter.prepare([kind])
    return [record for page in adapter.sweep(kind, None, NOW, **more) for record in page.records]


def history_of(adapter: Jira, issue: Issue, kind: str = "incident") -> History:
    adapter.prepare([kind])
    page = adapter.read(kind, [str(issue.id)])
    return adapter.history(kind, page.records)[str(issue.id)]


def ticket(issue: Issue, kind: str = "incident") -> TicketId:
    return TicketId("desk", kind, str(issue.id), issue.key)


__all__ = [
    "NOW", "URL", "Clock", "Instant", "JiraQuirks", "Site", "history_of", "new_site", "pat", "source_config",
    "swept", "ticket", "token",
]  # fmt: skip
