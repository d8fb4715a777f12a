"""A whole instance in one process: the sandbox, a clock that both sides read, and the adapter under test."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.config import AuthConfig, Limits, PullConfig, SourceConfig
from connector.errors import Position
from connector.mappings.catalogue import Catalogue
from connector.mappings.reader import load_catalogue
from connector.model.instant import HOUR, MINUTE, SECOND, Instant, parse_instant
from connector.platforms.servicenow.adapter import ServiceNow
from connector.sandbox import Sandbox
from connector.sandbox.servicenow import Quirks
from connector.secret import Secret
from connector.world import World

NOW = parse_instant("2026-03-02T12:00:00Z")


@dataclass
class Clock:
    """Virtual time: sleeping moves it."""

    at: Instant = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> Instant:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += int(seconds * 1000)


@dataclass
class Site:
    """The sandbox and what a test does to it; `adapter()` makes a new client of it."""

    sandbox: Sandbox
    clock: Clock

    def world(self) -> World:
        return World(
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            random=random.Random(7),
            adapter=lambda _: self.sandbox.transport(self.clock.sleep),
            environ={"SN_PASSWORD": "accord"},
        )

    def adapter(
        self,
        *,
        user: str = "accord",
        password: str | None = None,
        mapping: Catalogue | None = None,
        page_size: int = 1000,
        auth: AuthConfig | None = None,
        keep: Path | None = None,
    ) -> ServiceNow:
        source = replace(source_config(page_size=page_size), keep=keep)
        source = replace(
            source, auth=auth or AuthConfig("basic", {"user": user, "password": password or user})
        )
        return ServiceNow(source, mapping or load_catalogue("servicenow", base=Path()), self.world())

    def put(self, table: str, **fields: str) -> str:
        """A row as it is, stamps included; its id."""
        rows = self.sandbox.servicenow.tables[table]
        instance = self.sandbox.servicenow.instance
        fields.setdefault("sys_id", f"{len(rows.rows) + 1:032x}")
        stamp = instance.now_text()
        for name in ("sys_created_on", "sys_updated_on"):
            if name in rows.columns:
                fields.setdefault(name, stamp)
        instance.put(rows, fields)
        return fields["sys_id"]

    def write(self, table: str, sys_id: str, by: str = "somebody", **fields: str) -> None:
        """A change as somebody makes it on the platform, with its audit."""
        rows = self.sandbox.servicenow.tables[table]
        names: tuple[str, ...] = ("comments", "work_notes")
        journals = {name: fields.pop(name) for name in names if name in fields}
        self.sandbox.servicenow.instance.write(rows, rows.rows[sys_id], fields, by, journals=journals)

    def rows(self, table: str) -> list[dict[str, str]]:
        """All rows of a table as stored."""
        found = self.sandbox.servicenow.tables[table]
        return [found.values(row) for row in found.rows.values()]


def source_config(*, page_size: int = 1000, url: str = "https://acme.service-now.com") -> SourceConfig:
    return SourceConfig(
        name="acme",
        platform="servicenow",
        url=url,
        auth=AuthConfig(
            "basic", {"user": "accord", "password": Secret("env:SN_PASSWORD", Position("c", 1), Path())}
        ),
        mapping="servicenow",
        base=Path(),
        pull=PullConfig(page_size=page_size, workers=4, overlap_ms=6 * MINUTE, lag_ms=10 * SECOND),
        limits=Limits(requests_per_second=1000.0, acts_per_run=200, settle_ms=300 * SECOND),
        effects={},
    )


def new_site(quirks: Quirks | None = None) -> Site:
    clock = Clock()
    return Site(Sandbox(now=clock.now, quirks=quirks), clock)


__all__ = ["HOUR", "MINUTE", "NOW", "SECOND", "Clock", "Quirks", "Site", "new_site", "source_config"]
